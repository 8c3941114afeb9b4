"""The application for the web server; `flask …` finds it by itself."""

import gc

gc.disable()  # what a start makes stays to the end: no garbage is looked for while it is made …

import click  # noqa: E402

from app import create_app  # noqa: E402
from portal.config import ConfigError  # noqa: E402

try:
    app = create_app()
except ConfigError as error:
    if click.get_current_context(silent=True) is None:
        raise  # the web server knows how to give up; portal/processes.py has said the sentence before
    raise SystemExit(f"Error: {error}") from None
finally:
    gc.freeze()  # … nor ever after: a short command would look through all once more at its end, for half its time
    gc.enable()
