"""How it is said what part the agency had in a rating, wherever one is shown: it typed it, or gave the link."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.i18n import exact
from portal.settings.queries import option

HOW_LABELS = {"telephone": _l("by telephone"), "visit": _l("during a visit"), "paper": _l("on paper")}
HANDED_OVER = "link"  # not typed: the client answered through a link that staff have read too
HOW_GIVEN = HOW_LABELS | {HANDED_OVER: _l("through a link handed over by the agency")}


def who_reads(of_visit: bool) -> str:
    """Who reads what a client is about to say, in words.

    Args:
        of_visit: a visit is rated; how an incident was handled, no worker reads.
    """
    agency = option("agency.name")
    if of_visit and option("ratings.workers_see"):
        return _(
            "%(agency)s reads your answer. The workers who came can read the stars, and your words only if it passes "
            "them on.", agency=agency
        )  # fmt: skip
    return _("%(agency)s reads your answer.", agency=agency)


def in_words(said: Any) -> str | None:
    """By whom of the agency a rating was typed, how the client gave it and when; None when it had no part.

    Args:
        said: the rating, a former value of it, or a row with their columns.
    """
    if said.typed_by is None:
        return str(HOW_GIVEN[HANDED_OVER]) if said.given_how == HANDED_OVER else None
    if said.given_how is None or said.given_at is None:
        return _("entered by %(name)s", name=said.typed_by)
    how, when = HOW_LABELS[said.given_how], exact(said.given_at)
    return _("entered by %(name)s, given %(how)s on %(when)s", name=said.typed_by, how=how, when=when)


def in_words_for_client(rating: Any) -> str | None:
    """The same for the client, to whom the agency is one."""
    if rating.given_how is None or rating.given_at is None:
        return None
    agency, how, when = option("agency.name"), HOW_LABELS[rating.given_how], exact(rating.given_at)
    return _("Entered by %(agency)s: given %(how)s on %(when)s.", agency=agency, how=how, when=when)
