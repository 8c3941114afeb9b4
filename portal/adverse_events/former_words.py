"""The fields of an event that can be worded anew, named as their forms name them, and what they said before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from inspect import getmembers
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import Form
from wtforms.fields.core import UnboundField

from portal.accounts.models import User
from portal.adverse_events.action_forms import EffectForm, MoveForm, PlanForm
from portal.adverse_events.analysis_forms import AnalysisForm
from portal.adverse_events.facts import shows_source
from portal.adverse_events.feedback import HOW_LABELS
from portal.adverse_events.follow_forms import ToldForm
from portal.adverse_events.follow_models import FormerWording
from portal.adverse_events.follow_words import FAMILY_LABELS, METHOD_LABELS
from portal.adverse_events.known_form import KnownForm
from portal.adverse_events.models import AdverseEvent
from portal.adverse_events.route_forms import RouteForm
from portal.adverse_events.short_forms import WordForm
from portal.adverse_events.words import CONSEQUENCE_LABELS, MEASURE_LABELS, NATURE_LABELS, PLACE_LABELS
from portal.extensions import db
from portal.i18n import exact, full_day, language
from portal.organisation.models import ListEntry
from portal.people.models import Staff, Worker
from portal.roles import GRANTS, Permission

SHOWN = 100  # changes, the newest
PART_LABELS = {
    "facts": _l("What is known of the event"),
    "analysis": _l("Analysis of the causes"),
    "action": _l("Action"),
    "authority": _l("Authority"),
    "reporter": _l("Tell who reported it"),
    "client": _l("Tell the client and the relatives"),
    "council": _l("Tell the councils"),
    "word": _l("Word of the worker concerned"),
}


def _named(form: type[Form]) -> dict[str, object]:
    fields = getmembers(form, lambda one: isinstance(one, UnboundField))
    return {name: field.kwargs.get("label") or next(iter(field.args), name) for name, field in fields}


_TOLD = _named(ToldForm)
LABELS: Mapping[str, object] = {
    **_named(RouteForm), **_named(PlanForm), **_named(AnalysisForm), **_named(KnownForm), **_named(WordForm),
    "effect_note": _named(EffectForm)["effect_note"], "dropped_why": _named(MoveForm)["why"],
    "told_at": _TOLD["day"], "told_how": _TOLD["how"], "told_text": _TOLD["text"],
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One field: what it said, and what it said then."""

    label: object
    was: str
    became: str


@dataclass(frozen=True)
class Former:
    """One change, with the fields that it touched."""

    id: int
    at: datetime
    by: str
    part: object
    lines: Sequence[Line]


def reads_former(user: User, event: AdverseEvent) -> bool:
    """Whether a person reads what an event said before: who judges events; of one that was not reported by name the
    quality lead alone, since who it was may have stood there and have been taken out."""
    return Permission.JUDGE_EVENTS in GRANTS[user.role] and shows_source(user, event)


def former_of(event: AdverseEvent) -> list[Former]:
    """What an event said before, newest first."""
    newest = select(FormerWording).where(FormerWording.event_id == event.id).order_by(FormerWording.id.desc())
    found = db.session.scalars(newest.limit(SHOWN)).all()
    words = _words(found)
    return [
        Former(one.id, one.at, one.by, PART_LABELS[one.part], [
            Line(LABELS[name], *(words.get(name, str)(value) if value else "—" for value in values))
            for name, values in one.changed.items()
        ])
        for one in found
    ]  # fmt: skip


def _moment(kept: str) -> str:
    return exact(datetime.fromisoformat(kept))


def _all_of(labels: Mapping[Any, object]) -> Callable[[Any], str]:
    return lambda kept: ", ".join(str(labels.get(one, one)) for one in (kept if isinstance(kept, list) else [kept]))


def _factors(kept: dict[str, str]) -> str:
    return "\n".join(f"{FAMILY_LABELS[family]}: {text}" for family, text in sorted(kept.items()))


def _steps(kept: list[list[str]]) -> str:
    return "\n".join(f"{_moment(at)}: {fact}" + (f" ({source})" if source else "") for at, fact, source in kept)


def _words(found: Sequence[FormerWording]) -> dict[str, Callable[[Any], str]]:
    """How what is kept of a field reads; names of people and of entries are looked up at once for all."""
    staff = _names(Staff, _numbers(found, "supervisor_id", "pilot_id"))
    chosen = select(ListEntry).where(ListEntry.id.in_(_numbers(found, "categories")))
    categories = {one.id: one.label(language()) for one in db.session.scalars(chosen)}
    moments = ("occurred_at", "occurred_until", "discovered_at", "told_at", "told_on", "written_on")
    return {
        **dict.fromkeys(moments, _moment),
        "held_on": lambda kept: full_day(date.fromisoformat(kept)),
        "worker_id": _all_of(_names(Worker, _numbers(found, "worker_id"))),
        "supervisor_id": _all_of(staff), "pilot_id": _all_of(staff), "categories": _all_of(categories),
        "place": _all_of(PLACE_LABELS), "nature": _all_of(NATURE_LABELS), "method": _all_of(METHOD_LABELS),
        "consequences": _all_of(CONSEQUENCE_LABELS), "measures": _all_of(MEASURE_LABELS),
        "told_how": _all_of(HOW_LABELS), "whys": "\n".join, "factors": _factors, "steps": _steps,
    }  # fmt: skip


def _numbers(found: Sequence[FormerWording], *names: str) -> set[int]:
    kept = [value for one in found for name in names for value in one.changed.get(name, ()) if value]
    return {number for value in kept for number in (value if isinstance(value, list) else [value])}


def _names(kind: type[Staff | Worker], numbers: set[int]) -> dict[int, str]:
    return {one.id: one.name for one in db.session.scalars(select(kind).where(kind.id.in_(numbers)))}
