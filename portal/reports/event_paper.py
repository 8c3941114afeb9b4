"""An adverse event on paper: as whoever follows it up reads it, or without names for an authority.

Without names it holds what the comments on the arrêté of 28 December 2016 ask for (`domain.md` §1.2, end): when it
happened and was discovered, what happened, how many people, consequences, what was done at once, who was told and
whether the client agreed, what is done so that it does not happen again, and what authorities were told.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from flask_babel import gettext as _
from flask_babel import pgettext
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.accounts.models import User
from portal.adverse_events import words as said
from portal.adverse_events.criticality import ZONE_LABELS, criticality
from portal.adverse_events.facts import shows_source
from portal.adverse_events.follow_models import Action, ActionState, Analysis, AuthorityRoute, Route, RouteStatus
from portal.adverse_events.follow_words import ACTION_KINDS_SHORT, ACTION_STATE_LABELS, EFFECTIVE_LABELS
from portal.adverse_events.models import AdverseEvent, Mode, Reporter, State
from portal.adverse_events.queries import assigned_workers
from portal.adverse_events.routes_of_law import ROUTE_LABELS, STATUS_LABELS
from portal.extensions import db
from portal.i18n import exact, language, written_day
from portal.organisation.models import ListEntry
from portal.papers import Block, Paper, Section, facts, note, table, words
from portal.people.models import Staff
from portal.reports.event_paper_analysis import analysis_sections
from portal.reports.initials import Initials, initials


class Telling:
    """How the paper of an event says things: with names, or without.

    Attributes:
        named: whether people are named.
        source: whether what could tell who reported the event is said.
    """

    def __init__(self, user: User, event: AdverseEvent, named: bool) -> None:
        self.named, self.event = named, event
        self.source = shows_source(user, event) if named else event.mode == Mode.NAMED
        self._initials = None if named else Initials(_names_around(event))

    def typed(self, words: str | None) -> str:
        """Words that somebody typed."""
        return self._initials.in_text(words or "") if self._initials else words or ""

    def person(self, name: str | None) -> str:
        """Somebody whom the event concerns: the name or its initials."""
        return (name if self.named else initials(name)) if name else ""

    def only_named(self, value: object) -> object:
        """What the paper without names does not say at all."""
        return value if self.named else None


def event_paper(user: User, event: AdverseEvent, *, named: bool) -> Paper:
    """The paper of an event that this person may see, in the language of the page."""
    telling = Telling(user, event, named)
    kind = _("For internal use: with names") if named else _("Without names")
    sections = [
        Section("", _opening(telling)),
        Section(_("What happened"), _what_happened(telling)),
        Section(_("How severe it is"), [_severity(event)]),
        Section(_("What was done at once"), _at_once(telling)),
        *_informed(telling),
        *_authorities(telling),
        *analysis_sections(telling, _analysis(event)),
        *_actions(telling),
        Section(_("Where it stands"), _end(telling)),
    ]
    return Paper(
        title=_("Adverse event %(reference)s", reference=event.reference), subtitle=kind, sections=sections,
        name=event.reference if named else f"{event.reference}-anonyme",
    )  # fmt: skip


def _names_around(event: AdverseEvent) -> Iterable[str]:
    """Those whom the texts of an event may name. Who reported in confidence is not looked up: that a name is hidden
    would say that it is one; colleagues and relatives are all hidden alike."""
    client = event.client
    if client:
        yield from (client.name, *(one.name for one in client.relatives))
        yield from (one.name for one in assigned_workers(client.id))
    if event.worker:
        yield event.worker.name
    yield from (one.name for one in event.people)
    yield from (one.name for one in db.session.scalars(select(Staff)))
    if event.mode == Mode.NAMED and (reporter := db.session.get(Reporter, event.id)):
        yield reporter.name


def _opening(telling: Telling) -> list[Block]:
    event = telling.event
    reporter = db.session.get(Reporter, event.id) if telling.named and event.mode == Mode.NAMED else None
    by = reporter.name if reporter else said.MODE_LABELS[Mode(event.mode)]
    known = telling.named and telling.source and event.mode != Mode.ANONYMOUS
    rows = facts(
        (_("State"), said.STATE_LABELS[State(event.state)]),
        (pgettext("event", "Reported"), exact(event.declared_at)),
        (pgettext("event", "Reported by"), telling.only_named(by)),
        (_("Reported as"), said.CAPACITY_LABELS[event.capacity] if known else None),
        (_("Receipt acknowledged"), _moment(event.acknowledged_at)),
        (_("Kind"), said.KIND_LABELS[event.kind] if event.kind else None),
        (_("Category of the law"), _legal(event.legal)),
    )
    if telling.named:
        return [rows]
    return [note(_("Names that the portal knows are written as initials. Please read this paper through before it "
                   "leaves the agency: a text may name somebody in other words.")), rows]  # fmt: skip


def _legal(entry: ListEntry | None) -> str | None:
    return " ".join(filter(None, (entry.code, entry.label(language())))) if entry else None


def _what_happened(telling: Telling) -> list[Block]:
    event = telling.event
    until = f" – {exact(event.occurred_until)}" if event.occurred_until else ""
    happened = f"{exact(event.occurred_at)}{until}" if event.occurred_at else _("Unknown")
    people = ", ".join(f"{telling.person(one.name)} ({said.ROLE_LABELS[one.role]})" for one in event.people)
    visit = exact(event.visit.starts_at) if telling.named and telling.source and event.visit else None
    place = " · ".join(filter(None, (str(said.PLACE_LABELS[event.place]), telling.typed(event.place_note))))
    categories = ", ".join(_category(one) for one in event.categories)
    return [
        facts(
            (pgettext("event", "Happened"), happened),
            (pgettext("event", "Discovered"), exact(event.discovered_at)),
            (_("Place"), place),
            (pgettext("event", "Nature"), said.NATURE_LABELS[event.nature]),
            (_("Categories"), " · ".join(filter(None, (categories, telling.typed(event.other_category))))),
            (_("Sector"), event.sector.name),
            (_("Service"), event.service.name if telling.source and event.service else None),
            (_("Visit"), visit),
            (_("Client"), telling.person(event.client.name) if event.client else None),
            (_("Worker"), telling.person(event.worker.name) if event.worker else said.no_worker(event.short)),
            (_("Supervisor"), telling.only_named(event.supervisor and event.supervisor.name)),
            (_("Others concerned"), people),
            (_("People harmed"), event.victims),
            (_("People exposed"), event.exposed),
            (_("Consequences"), " · ".join(str(said.CONSEQUENCE_LABELS[one]) for one in event.consequences)),
        ),
        words(telling.typed(event.facts)),
        *_more(_("Witnesses"), telling.only_named(event.witnesses)),
        *_more(_("Earlier ones"), telling.typed(event.before_note)),
    ]


def _category(entry: ListEntry) -> str:
    own = entry.label(language())
    return f"{entry.parent.label(language())} – {own}" if entry.parent else own


def _more(label: str, text: object) -> list[Block]:
    return [facts((label, text))] if text else []


def _severity(event: AdverseEvent) -> Block:
    found = criticality(event.severity, event.potential, event.frequency)
    waiting = pgettext("frequency", "Not judged yet")
    return facts(
        (_("Actual severity"), _level(event.severity)),
        (_("Potential severity"), _level(event.potential)),
        (_("Frequency"), said.frequency_words(event.frequency) if event.frequency else waiting),
        (_("Criticality"), f"{found.value} · {ZONE_LABELS[found.zone]}" if found else None),
    )


def _level(number: int) -> str:
    return f"{said.severity_words(number)}. {said.SEVERITIES[number].meaning}"


def _at_once(telling: Telling) -> list[Block]:
    event = telling.event
    measures = " · ".join(str(said.MEASURE_LABELS[one]) for one in event.measures)
    continuity = said.CONTINUITY_LABELS[event.continuity] if event.continuity else None
    shown = facts((_("Measures"), measures or _("None noted")), (_("The support goes on"), continuity))
    return [shown, *([words(telling.typed(event.measures_note))] if event.measures_note else [])]


def _informed(telling: Telling) -> list[Section]:
    rows = [
        (said.INFORMED_LABELS[one.who], exact(one.at), *([one.by] if telling.named else []), telling.typed(one.how),
         said.AGREED_LABELS[one.agreed] if one.agreed else "")
        for one in telling.event.informed
    ]  # fmt: skip
    if not rows:
        return []
    head = [_("Who"), _("When"), *([_("By whom")] if telling.named else []), _("How"), _("Agreement of the client")]
    return [Section(_("Persons informed"), [table(head, rows)])]


def _authorities(telling: Telling) -> list[Section]:
    chosen = select(AuthorityRoute).where(AuthorityRoute.event_id == telling.event.id)
    if not telling.named:
        chosen = chosen.where(AuthorityRoute.status != RouteStatus.NOT_REQUIRED)
    found = db.session.scalars(chosen.order_by(AuthorityRoute.id)).all()
    rows = [
        (ROUTE_LABELS[Route(one.route)], STATUS_LABELS[RouteStatus(one.status)], _moment(one.told_at) or "–",
         _moment(one.written_at) or "–", " · ".join(filter(None, (telling.typed(one.recipient), one.reference))))
        for one in found
    ]  # fmt: skip
    if not rows:
        return []
    head = [_("Authority"), _("State"), _("Told by word of mouth"), _("In writing"), _("To whom, reference")]
    return [Section(_("Authorities"), [table(head, rows, widths=[3, 2, 2, 2, 2])])]


def _analysis(event: AdverseEvent) -> Analysis | None:
    return db.session.scalar(select(Analysis).where(Analysis.event_id == event.id))


def _actions(telling: Telling) -> list[Section]:
    chosen = select(Action).where(Action.event_id == telling.event.id).options(joinedload(Action.owner))
    found = db.session.scalars(chosen.order_by(Action.due_on, Action.id)).all()
    rows = [
        (telling.typed(one.text), ACTION_KINDS_SHORT[one.kind], *([one.owner.name] if telling.named else []),
         day(one.due_on), _state(one))
        for one in found
    ]  # fmt: skip
    if not rows:
        return []
    owner = [_("Owner")] if telling.named else []
    widths = [4, 2, 2, 2, 2] if telling.named else [4, 2, 2, 2]
    head = [_("Action"), _("Kind"), *owner, _("Due date"), _("State")]
    return [Section(_("What is done so that it does not happen again"), [table(head, rows, widths)])]


def _state(one: Action) -> str:
    state = str(ACTION_STATE_LABELS[ActionState(one.state)])
    done = [day(one.done_on)] if one.done_on else []
    effect = [str(EFFECTIVE_LABELS[one.effective])] if one.effective else []
    return " · ".join([state, *done, *effect])


def _end(telling: Telling) -> Sequence[Block]:
    event = telling.event
    closed = " · ".join(filter(None, (_moment(event.closed_at), (telling.named and event.closed_by) or "")))
    return [
        facts(
            (_("Dealt with"), _moment(event.note.done_at) if event.note else None),
            (_("The reporter was told"), _moment(event.told_at)),
            (_("The client or relatives were told"), _moment(event.client_told_at)),
            (_("The councils were told"), _moment(event.council_told_at)),
            (pgettext("event", "Closed on"), closed or _("Not closed yet")),
            (_("Why it is closed"), telling.typed(event.closed_why)),
            (_("Residual severity"), said.severity_words(event.residual) if event.residual else None),
        ),
        *_more(_("Word of the worker concerned"), telling.only_named(event.worker_word)),
    ]


def _moment(moment: datetime | None) -> str | None:
    return exact(moment) if moment else None


def day(when: date) -> str:
    return written_day(when, "d MMM y")
