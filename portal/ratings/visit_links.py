"""The link to a visit's page, as staff hand it over: by telephone, in a text message of their own, on paper."""

from flask_babel import lazy_gettext as _l

from portal.accounts.models import User
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import Panel
from portal.links import external_url, make_token
from portal.ratings.link_models import VisitLink
from portal.ratings.opened import handed_link, make_handed_link, renew
from portal.ratings.queries import may_open_file
from portal.ratings.values import refuse_unless_file_is_open
from portal.roles import GRANTS, Permission
from portal.visits.models import State, Visit


def refuse_unless_linkable(user: User, visit: Visit) -> None:
    """Say why nobody can be given a link to a visit.

    Raises:
        Refused: the client is another sector's by now, the file is closed, or the visit is not certain yet.
    """
    refuse_unless_file_is_open(user, visit)
    if not visit.client.active:
        raise Refused(_l("The client’s file is closed, so there is no link."), "inactive")
    if visit.state == State.DRAFT:
        raise Refused(_l("This visit is a draft: there is a link once it is planned."), "draft")


def address_of(link: VisitLink) -> str:
    """The address of a visit's page, to be handed over."""
    return external_url("open.rate", token=make_token("visit", link.public_id))


def make_link(user: User, visit: Visit, seen: str) -> None:
    """Make the link to a visit's page that staff hand over, in place of one that there is: that opens nothing any more.
    What was mailed is the reader's alone: nobody here reads it, and it goes on opening.

    Args:
        seen: the public id of the link that the person saw; empty for none. Who is overtaken changes nothing.

    Raises:
        Refused: as `refuse_unless_linkable` says.
    """
    refuse_unless_linkable(user, visit)
    link = handed_link(visit.id)
    if link is None:
        make_handed_link(visit.id)
        record("visit.link_made", user, ("visit", visit.id))
    elif link.public_id == seen:
        renew(link)
        record("visit.link_renewed", user, ("visit", visit.id))


def link_panel(user: User, visit: Visit) -> Panel | None:
    """In the frame *Client* of a visit's page: the way to its link."""
    may = Permission.ASK_AGAIN in GRANTS[user.role] and visit.state != State.DRAFT and visit.client.active
    if not (may and may_open_file(user, visit)):
        return None
    return Panel("ratings/_link_entry.html", {"visit_id": visit.id})
