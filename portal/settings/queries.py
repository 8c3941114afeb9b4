"""Reading options: once per request or job."""

from typing import Any

from flask import g
from sqlalchemy import select

from portal.extensions import db
from portal.settings.models import OPTIONS, OptionValue


def option(key: str) -> Any:
    """Return the value of an option: what the agency chose, or its default.

    Raises:
        KeyError: there is no such option.
    """
    if "options" not in g:
        rows = db.session.execute(select(OptionValue.key, OptionValue.value))
        g.options = {row.key: row.value for row in rows}
    return g.options.get(key, OPTIONS[key].default)
