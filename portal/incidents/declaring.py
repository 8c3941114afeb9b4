"""What the window *Déclarer un incident* says before anybody writes: until when, who will read it, whom to call."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select

from portal import clock
from portal.accounts.models import Account, User
from portal.extensions import db
from portal.i18n import full_day, time_of_day
from portal.incidents.models import IncidentReason
from portal.incidents.queries import reasons_for, window_of
from portal.people.models import Client, Relative, Staff
from portal.portals import portal_of
from portal.roles import GRANTS, Permission
from portal.settings.queries import option
from portal.threads.queries import is_staff
from portal.visits.models import State, Visit
from portal.visits.queries import visit_of


@dataclass(frozen=True)
class Closed:
    """Why nothing can be reported here now, and whom to call instead.

    Attributes:
        sentence: why.
        name: of who has the client's file in hand, if anybody.
        phone: None where the agency has given none.
        own: whether it is the number of the named person's desk; else it is the agency's.
    """

    sentence: str
    name: str | None
    phone: str | None
    own: bool = False


def visit_to_report(user: User, visit_id: int) -> Visit | None:
    """Return a visit about which this person may write to the others: one that they may see, and for relatives only if
    the file lets them into its conversations."""
    return visit_of(user, visit_id) if user.sees_threads else None


def closed_to(user: User, visit: Visit, reasons: Sequence[IncidentReason]) -> Closed | None:
    """Return why a person cannot report anything on a visit now; None when they can."""
    if visit.state == State.DRAFT:
        return _closed(visit, _("This visit is a draft: nothing can have happened on it."))
    first, last = window_of(visit)
    now = clock.now()
    if not is_staff(user) and not first <= now <= last:
        when = {"day": full_day(first), "hour": time_of_day(first)} if now < first else {
            "day": full_day(last), "hour": time_of_day(last)}  # fmt: skip
        too_early = _("An incident on this visit can be reported here from %(day)s at %(hour)s.", **when)
        too_late = _("An incident on this visit could be reported here until %(day)s, %(hour)s.", **when)
        return _closed(visit, too_early if now < first else too_late)
    return None if reasons else _closed(visit, _("For this service nothing can be reported here yet."))


def _closed(visit: Visit, sentence: str) -> Closed:
    """Whoever has the file in hand is called at the desk's number; a mobile number may be a private one."""
    manager = db.session.get(Staff, visit.client.file_manager_id) if visit.client.file_manager_id else None
    if manager and manager.active and manager.phone:
        return Closed(sentence, manager.name, manager.phone, own=True)
    name = manager.name if manager and manager.active else None
    return Closed(sentence, name, option("agency.phone") or None)


def contact_url(user: User) -> str | None:
    """Where clients and workers write to the agency about anything."""
    if is_staff(user) or not option("threads.contact"):
        return None
    return url_for(f"{portal_of(user.role).name}.list_threads")


def reasons_url(user: User, visit: Visit) -> str | None:
    """Where those who may do it say what can be reported on such visits."""
    if Permission.MANAGE_REASONS not in GRANTS[user.role]:
        return None
    return url_for("staff.show_reasons", service_id=visit.service_id)


def open_until(visit: Visit) -> str:
    """Until when clients and workers can report something on a visit, as a sentence."""
    last = window_of(visit)[1]
    return _("You can report until %(day)s, %(hour)s.", day=full_day(last), hour=time_of_day(last))


def readers(user: User, visit: Visit) -> list[str]:
    """Who will read what is reported, by name; staff are told who has no access."""
    granted = Relative.client_id == visit.client_id, Relative.sees_threads, Relative.active
    relatives = db.session.scalars(select(Relative).where(*granted).order_by(Relative.id)).all()
    file = visit.client.active
    named = [
        *((_("%(name)s (client)", name=one.name), one) for one in [visit.client] if file),
        *((_("%(name)s (relative)", name=one.name), one) for one in relatives if file),
        *((_("%(name)s (worker)", name=one.name), one) for one in visit.workers if one.active),
    ]
    logins = {one.account_id for _line, one in named}
    if is_staff(user):
        logins = set(db.session.scalars(select(Account.id).where(Account.id.in_(logins), Account.active)))
    shut = _("no access to the portal")
    lines = [line if one.account_id in logins else f"{line} · {shut}" for line, one in named]
    return [*lines, _("the agency %(name)s", name=option("agency.name"))]


def offered_on(visit: Visit) -> list[IncidentReason]:
    """The reasons that can be reported on a visit."""
    return reasons_for(visit.service_id)


def name_of(how: str, typed: str, visit: Visit) -> str | None:
    """The name of the person for whom staff report something: as typed, else the only one it can be."""
    known: Client = visit.client
    names = {"client": [known.name], "worker": [one.name for one in visit.workers]}.get(how, [])
    return typed or (names[0] if len(names) == 1 else None)
