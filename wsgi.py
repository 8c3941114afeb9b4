"""The application for the web server; `flask …` finds it by itself."""

import click

from app import create_app
from portal.config import ConfigError

try:
    app = create_app()
except ConfigError as error:
    if click.get_current_context(silent=True) is None:
        raise  # the web server knows how to give up; portal/processes.py has said the sentence before
    raise SystemExit(f"Error: {error}") from None
