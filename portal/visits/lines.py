"""What a line of an imported file says, cell by cell, and which visit it means."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from portal.folding import fold_name
from portal.imports.importer import Row
from portal.imports.refusals import Params, Wrong
from portal.imports.values import (
    LANGUAGES,
    parse_choice,
    parse_date,
    parse_duration,
    parse_email,
    parse_line,
    parse_text,
    parse_time,
)
from portal.visits.ledger import KnownPerson, KnownVisit, Ledger
from portal.visits.models import State

STATES = {
    **dict.fromkeys(("a realiser", "planifiee", "prevue", "planned", "to do", "scheduled", "к выполнению",
                     "запланирован", "запланировано"), State.PLANNED),
    **dict.fromkeys(("realisee", "realise", "effectuee", "terminee", "done", "completed", "выполнен", "выполнено"),
                    State.DONE),
    **dict.fromkeys(("annulee", "annule", "cancelled", "canceled", "отменен", "отменено"), State.CANCELLED),
    **dict.fromkeys(("brouillon", "draft", "черновик"), State.DRAFT),
}  # fmt: skip
_BETWEEN_WORKERS = re.compile(r"\s*[/+\n]\s*")

Note = tuple[str, Params]


@dataclass(slots=True)
class Wish:
    """What a line says; None where it is blank.

    Attributes:
        names_worker: the cell of the worker is not blank.
        workers: those of the named workers who can be sent.
        trouble: why the others cannot.
        filled: what the file knows of the client and the client's record does not.
        notes: what is to be said about the client.
    """

    number: int
    client: KnownPerson
    day: dt.date
    time: dt.time | None
    minutes: int | None
    service: str | None
    order: str | None
    external_id: str | None
    state: State | None
    names_worker: bool
    workers: list[int] = field(default_factory=list)
    trouble: list[Note] = field(default_factory=list)
    filled: dict[str, str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)


def read_line(row: Row, ledger: Ledger) -> Wish:
    """Read a line; raise `Wrong` when a cell cannot be understood or the client cannot be told."""
    email = parse_email(row["email"]) if row["email"] else None
    client = find_client(row["client"], email, ledger.clients)
    wish = Wish(
        number=row.number,
        client=client,
        day=parse_date(_needed(row, "date")),
        time=parse_time(row["start"]) if row["start"] else None,
        minutes=parse_duration(row["duration"]) if row["duration"] else None,
        service=parse_line(row["service"], "service", 120) or None,
        order=parse_text(row["order"], "order", 5000) or None,
        external_id=parse_line(row["external_id"], "external_id", 100) or None,
        state=parse_choice(row["state"], STATES, "state") if row["state"] else None,
        names_worker=bool(row["worker"]),
    )
    if row["end"]:
        _read_end(wish, parse_time(row["end"]))
    if row["worker"]:
        _read_workers(wish, parse_text(row["worker"], "worker", 400), ledger)
    _complete_client(wish, email, parse_choice(row["language"], LANGUAGES, "language") if row["language"] else None)
    return wish


def in_time(row: Row) -> tuple[dt.date, str, bool, dt.time, int]:
    """Sort lines by day, client and hour; those with blanks last: they may mean a visit that another line names."""
    try:
        day = parse_date(row["date"])
        hour = parse_time(row["start"]) if row["start"] else dt.time.max
    except Wrong:  # refused when it is read
        day, hour = dt.date.max, dt.time.max
    return day, fold_name(row["client"]), not row["service"], hour, row.number


def find_client(typed: str, email: str | None, clients: Mapping[str, list[KnownPerson]]) -> KnownPerson:
    """Return the one client whom a name, and an e-mail where several bear it, stands for; raise `Wrong`."""
    if not typed:
        raise Wrong("blank", column="client")
    name = parse_text(typed, "client", 200)
    named = clients.get(fold_name(name), [])
    found = [person for person in named if person.active] or named
    if len(found) > 1 and email:
        found = [person for person in found if (person.email or "").lower() == email] or found
    if not found:
        raise Wrong("unknown_client", value=name)
    if len(found) > 1:
        raise Wrong("homonym", value=name, number=len(found))
    if not found[0].active:
        raise Wrong("inactive_client", value=name)
    return found[0]


def find_visit(wish: Wish, ledger: Ledger) -> KnownVisit | None:
    """Return the visit that a line means: by its external id, else one of that day that the line does not contradict.

    A blank hour or service fits what is there. So a file that is brought in again finds what it made the first time,
    whatever the blanks were filled with then.
    """
    if wish.external_id in ledger.by_external_id:
        visit = ledger.by_external_id[wish.external_id]
        if visit is None or visit.client.id != wish.client.id:
            raise Wrong("other_client", value=wish.external_id)
        return visit
    service = ledger.key_of(wish.service) if wish.service else None
    fitting = [
        visit
        for visit in ledger.by_day.get((wish.client.id, wish.day), ())
        if visit.local_start.date() == wish.day  # one may have been moved by a line above
        and wish.time in (None, visit.local_start.time())
        and service in (None, visit.service)
    ]
    # the oldest: whatever its state is by now, it is the one that this line met when the file was brought in before
    return fitting[0] if fitting else None


def _needed(row: Row, column: str) -> str:
    if not row[column]:
        raise Wrong("blank", column=column)
    return row[column]


def _read_end(wish: Wish, end: dt.time) -> None:
    """Make a duration of the hour at which a visit ends, after midnight where it is before the start."""
    if wish.time is None:
        raise Wrong("end_without_start")
    minutes = (end.hour * 60 + end.minute - wish.time.hour * 60 - wish.time.minute) % (24 * 60) or 24 * 60
    if wish.minutes not in (None, minutes):
        raise Wrong("end_and_duration")
    wish.minutes = minutes


def _read_workers(wish: Wish, cell: str, ledger: Ledger) -> None:
    for name in filter(None, _BETWEEN_WORKERS.split(cell)):
        named = ledger.workers.get(fold_name(name), [])
        active = [person for person in named if person.active]
        if len(active) == 1:
            wish.workers += [active[0].id] if active[0].id not in wish.workers else []
        elif active:
            wish.trouble.append(("homonym_worker", {"value": name, "number": len(active)}))
        else:
            wish.trouble.append(("inactive_worker" if named else "unknown_worker", {"value": name}))


def _complete_client(wish: Wish, email: str | None, language: str | None) -> None:
    known = wish.client.email
    if email and known and known.lower() != email:
        wish.notes.append(("other_email", {}))
    if email and not known:
        wish.filled["email"] = email
    if language and not wish.client.language:
        wish.filled["language"] = language
    wish.notes += [("client_completed", {"column": name, "value": value}) for name, value in wish.filled.items()]
