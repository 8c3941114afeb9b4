"""How it is said that the agency typed a rating, wherever one is shown."""

from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.i18n import exact
from portal.settings.queries import option

HOW_LABELS = {"telephone": _l("by telephone"), "visit": _l("during a visit"), "paper": _l("on paper")}


def in_words(typed_by: str | None, how: str | None, at: datetime | None) -> str | None:
    """By whom of the agency a rating was typed, how the client gave it and when; None when no one typed it."""
    if typed_by is None:
        return None
    if how is None or at is None:
        return _("entered by %(name)s", name=typed_by)
    return _("entered by %(name)s, given %(how)s on %(when)s", name=typed_by, how=HOW_LABELS[how], when=exact(at))


def in_words_for_client(how: str | None, at: datetime | None) -> str | None:
    """The same for the client, to whom the agency is one."""
    if how is None or at is None:
        return None
    agency = option("agency.name")
    return _("Entered by %(agency)s: given %(how)s on %(when)s.", agency=agency, how=HOW_LABELS[how], when=exact(at))
