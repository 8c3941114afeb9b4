"""The ways in which an authority may have to be told of an event: which there are, and their clocks (`domain.md` §1.1).

"Without delay" is a day on the clock here. Who is told by word of mouth is told in writing within two days (CASF
R331-8); the health insurance of a work accident within two days on which Sundays and public holidays do not count
(Code de la sécurité sociale L441-2); the data protection authority within three (GDPR art. 33). The second part of a
care-related event follows three months after the first (CSP R1413-67 ff.).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from portal import clock
from portal.adverse_events.follow_models import AuthorityRoute, Route, RouteStatus
from portal.deadlines import hours_after, months_after

WITHOUT_DELAY, IN_WRITING, ACCIDENT, ACCIDENT_TOLD, DATA, INSURER = 24, 48, 48, 24, 72, 48  # hours
PART_TWO = 3  # months after part one
RUNNING = (RouteStatus.TO_ASSESS, RouteStatus.TO_DO, RouteStatus.TOLD)
OPEN = (RouteStatus.TO_ASSESS, RouteStatus.TO_DO)
DONE = (RouteStatus.WRITTEN, RouteStatus.CLOSED)
ORAL = (Route.ESSMS, Route.EIGS_1, Route.ABUSE, Route.CHILD, Route.JUSTICE)  # word of mouth counts at first

ROUTE_LABELS: Mapping[Route, object] = {
    Route.ESSMS: _l("The authority that authorised the service (department, ARS, prefect)"),
    Route.EIGS_1: _l("The regional health agency (ARS): care-related event, part one"),
    Route.EIGS_2: _l("The regional health agency (ARS): care-related event, part two"),
    Route.ABUSE: _l("Ill-treatment of a vulnerable adult: the cell at the ARS, 3977"),
    Route.CHILD: _l("A child in danger: the department’s cell (CRIP) or the public prosecutor"),
    Route.JUSTICE: _l("Offence: the public prosecutor or the police"),
    Route.WORK_ACCIDENT: _l("Work accident: the health insurance (CPAM or MSA)"),
    Route.DATA: _l("Breach of personal data: the data protection authority (CNIL)"),
    Route.INSURER: _l("Damage or theft: the insurer"),
}
ROUTE_TERMS: Mapping[Route, object] = {
    Route.ESSMS: _l("Without delay; told by word of mouth, confirmed in writing within 48 hours (CASF L331-8-1)."),
    Route.EIGS_1: _l("Without delay, through the national portal (CSP L1413-14)."),
    Route.EIGS_2: _l("Within three months of part one: causes, barriers, lessons, plan of actions (CSP R1413-67 ff.)."),
    Route.ABUSE: _l("Without delay (CASF L119-2)."),
    Route.CHILD: _l("Without delay (CASF L226-2-1)."),
    Route.JUSTICE: _l("At once if somebody is in danger. Who reports in good faith is protected (Code pénal 226-14)."),
    Route.WORK_ACCIDENT: _l("Within 48 hours, Sundays and public holidays not counted (CSS L441-2). The employee has "
                            "24 hours to tell the employer."),
    Route.DATA: _l("Within 72 hours; those concerned as well if the risk is high (GDPR art. 33 and 34)."),
    Route.INSURER: _l("As the contract says; usually within 48 hours."),
}  # fmt: skip
STATUS_LABELS = {
    RouteStatus.TO_ASSESS: lazy_pgettext("route", "To assess"),
    RouteStatus.NOT_REQUIRED: lazy_pgettext("route", "Not required"),
    RouteStatus.TO_DO: lazy_pgettext("route", "To do"),
    RouteStatus.TOLD: lazy_pgettext("route", "Told by word of mouth"),
    RouteStatus.WRITTEN: lazy_pgettext("route", "Confirmed in writing"),
    RouteStatus.CLOSED: lazy_pgettext("route", "Closed"),
}
STATUS_TONES = {
    RouteStatus.TO_ASSESS: "attention", RouteStatus.TO_DO: "attention", RouteStatus.TOLD: "info",
    RouteStatus.WRITTEN: "done", RouteStatus.CLOSED: "done", RouteStatus.NOT_REQUIRED: "neutral",
}  # fmt: skip


def due_of(route: str, status: str, since: datetime, told_at: datetime | None) -> datetime | None:
    """When what is next on a route has to be done; None while nothing has.

    Args:
        since: from when its clock runs: that the event was judged so, that the agency knew of the accident or the
            breach; of a second part, that the first one was told.
    """
    if status not in RUNNING:
        return None
    if status == RouteStatus.TOLD and told_at is not None:
        return hours_after(told_at, IN_WRITING)
    match route:
        case Route.WORK_ACCIDENT:
            return hours_after(since, ACCIDENT, skip_days_off=True)
        case Route.DATA:
            return hours_after(since, DATA)
        case Route.INSURER:
            return hours_after(since, INSURER, skip_days_off=True)
        case Route.EIGS_2:
            return months_after(since, PART_TWO)
        case _:
            return hours_after(since, WITHOUT_DELAY)


@dataclass(frozen=True)
class Clock:
    """A clock that runs: until when, how long that is, and how near the end it is."""

    due_at: datetime
    begun_at: datetime

    @property
    def is_over(self) -> bool:
        return self.due_at <= clock.now()

    @property
    def tone(self) -> str:
        """Amber in the last quarter; red in the last eighth, before it runs out, and after."""
        left, whole = self.due_at - clock.now(), self.due_at - self.begun_at
        if left <= whole / 8:
            return "danger"
        return "attention" if left <= whole / 4 else "info"


def clock_of(one: AuthorityRoute) -> Clock | None:
    """The clock of a route, while it runs."""
    if one.due_at is None:
        return None
    begun = one.told_at if one.status == RouteStatus.TOLD and one.told_at else one.since
    return Clock(one.due_at, begun)
