"""What each line of an imported file would do to the visits."""

import datetime as dt
from dataclasses import fields, replace
from functools import partial

from portal import clock
from portal.folding import fold_name
from portal.imports.importer import Deed, Outcome, Plan, Row, Task
from portal.imports.refusals import Wrong
from portal.imports.values import parse_date
from portal.people.queries import clients_with_a_relative_to_ask
from portal.settings.queries import option
from portal.visits import bulk
from portal.visits.ledger import KnownPerson, KnownVisit, Ledger
from portal.visits.lines import Note, Wish, find_visit, read_line
from portal.visits.models import State

DEFAULT_START, DEFAULT_MINUTES = dt.time(10, 0), 60


class VisitPlanner:
    """Holds each line against the visits that exist and those of the lines above."""

    def __init__(self, task: Task) -> None:
        self.choices = task.choices
        self.ledger = Ledger(task.user)
        self.now = clock.now()
        self.asked_through_relatives = clients_with_a_relative_to_ask()
        self.asked_since = self.now - dt.timedelta(days=option("ratings.too_old_days"))
        self.mails = 0
        clients: dict[int, KnownPerson] = {}
        days: list[dt.date] = []
        for row in task.rows:
            clients |= {person.id: person for person in self.ledger.clients.get(fold_name(row["client"]), ())}
            try:
                days.append(parse_date(row["date"]))
            except Wrong:  # said when the line is planned
                continue
        keys = sorted({row["external_id"] for row in task.rows if row["external_id"]})
        if days:
            self.ledger.look_up(list(clients.values()), min(days), max(days), keys)

    def plan(self, row: Row) -> Plan:
        """Say what a line would do; raise `Wrong` to refuse it."""
        wish = read_line(row, self.ledger)
        visit = find_visit(wish, self.ledger)
        planned = self._create(wish) if visit is None else self._change(wish, visit)
        planned.notes = [*wish.notes, *planned.notes]
        if row["client"] != wish.client.name:
            planned.shown["client"] = wish.client.name
        return planned

    def write(self) -> None:
        bulk.write(self.ledger, ask=self.choices.get("ask_ratings", False))

    def totals(self) -> dict[str, int | list[str]]:
        return {"mails": self.mails, "new_services": self.ledger.new_services}

    def _create(self, wish: Wish) -> Plan:
        begins = dt.datetime.combine(wish.day, wish.time or dt.time()).replace(tzinfo=self.ledger.zone)
        last = self.ledger.last_before(wish.client, begins)
        if wish.service is None and last is None:
            raise Wrong("no_service")
        service = self.ledger.key_of(wish.service) if wish.service else last.service if last else ""
        notes: list[Note] = []
        if service not in self.ledger.services:
            notes.append(("new_service", {"value": wish.service or ""}))
        local, minutes = _when(wish, last)
        workers = wish.workers if wish.names_worker else self._last_worker(wish, last)
        visit = KnownVisit(
            client=wish.client, service=service, local_start=local, starts_at=self._moment(local, notes),
            minutes=minutes, state=State.PLANNED, workers=workers, order=wish.order, external_id=wish.external_id,
        )  # fmt: skip
        notes += wish.trouble
        self._say_state(wish, visit)
        if visit.will_be == State.DRAFT and wish.state != State.DRAFT:
            notes.append(("draft", {}))
        outcome = Outcome.DRAFT if visit.will_be == State.DRAFT else Outcome.CREATE
        take = partial(self._take_new, wish, visit)
        return Plan(outcome, {"new": True, **_facts(visit), **wish.filled}, notes, self._shown(wish, visit), take)

    def _change(self, wish: Wish, visit: KnownVisit) -> Plan:
        """Say what differs between the line and the visit that it means; a blank cell changes nothing."""
        notes: list[Note] = list(wish.trouble)
        if wish.state and visit.wants not in (None, wish.state):
            wish = replace(wish, state=None)
            notes.append(("said_above", {"line": visit.said["state"]}))
        after = replace(visit, workers=[*visit.workers, *(one for one in wish.workers if one not in visit.workers)])
        if visit.will_be == State.CANCELLED:
            if wish.state == State.DONE:
                raise Wrong("cancelled_here")
            after.workers = visit.workers
            notes.append(("stays_cancelled", {}))
        else:
            self._change_plan(wish, visit, after, notes)
            after.external_id = visit.external_id or wish.external_id
            self._change_state(wish, visit, after)
        notes += self._changes(visit, after)
        shown = self._shown(wish, after)
        if _facts(after) == _facts(visit):
            outcome = Outcome.CHANGE if wish.filled else Outcome.UNCHANGED
            return Plan(outcome, {**wish.filled}, notes, shown, partial(self._take_as_is, wish, visit))
        deed: Deed = {"new": False, "was": visit.starts_at.isoformat(), **_facts(after), **wish.filled}
        return Plan(Outcome.CHANGE, deed, notes, shown, partial(self._take_change, wish, visit, after))

    def _change_plan(self, wish: Wish, visit: KnownVisit, after: KnownVisit, notes: list[Note]) -> None:
        """When, how long, what for, the mission order: of lines that differ about a visit, the first is followed."""
        wanted = {
            "start": dt.datetime.combine(wish.day, wish.time or visit.local_start.time()),
            "minutes": wish.minutes or visit.minutes,
            "service": self.ledger.key_of(wish.service) if wish.service else visit.service,
            "order": wish.order or visit.order,
        }
        there = {"start": visit.local_start, "minutes": visit.minutes, "service": visit.service, "order": visit.order}
        differing = [name for name in wanted if wanted[name] != there[name]]
        if visit.will_be == State.DONE and set(differing) - {"order"}:
            notes.append(("stays_done", {}))
            differing = [name for name in differing if name == "order"]
        for name in differing:
            if name in visit.said:
                notes.append(("said_above", {"line": visit.said[name]}))
                continue
            match name:
                case "start":
                    after.local_start, after.starts_at = wanted["start"], self._moment(wanted["start"], notes)
                case "minutes":
                    after.minutes = wanted["minutes"]
                case "service":
                    after.service = wanted["service"]
                    if after.service not in self.ledger.services:
                        notes.append(("new_service", {"value": wish.service or ""}))
                case "order":
                    after.order = wanted["order"]

    def _change_state(self, wish: Wish, visit: KnownVisit, after: KnownVisit) -> None:
        """What is done stays done, and what the file leaves open stays as it is."""
        if visit.will_be == State.DONE:
            if wish.state == State.CANCELLED:
                raise Wrong("done_here")
            return
        if visit.state != State.DRAFT:
            self._say_state(wish, after, keeps=True)
        elif wish.state != State.DRAFT and wish.workers and (wish.state or after.workers != visit.workers):
            self._say_state(replace(wish, state=wish.state or visit.wants), after)
        elif wish.state == State.CANCELLED:
            after.to_state = State.CANCELLED
        elif wish.state == State.DONE and visit.starts_at > self.now:
            raise Wrong("in_future")

    def _say_state(self, wish: Wish, visit: KnownVisit, *, keeps: bool = False) -> None:
        """Give a visit the state that the line says: a draft when no worker can go, unless it `keeps` its own."""
        if wish.state == State.DONE and visit.starts_at > self.now:
            raise Wrong("in_future")
        unsure = not visit.workers or bool(wish.trouble)  # nobody known to have gone: nobody to be rated
        if wish.state == State.CANCELLED:
            visit.state, visit.to_state = State.PLANNED, State.CANCELLED
        elif not keeps and (unsure or wish.state == State.DRAFT):
            visit.state = State.DRAFT
        elif wish.state == State.DONE and not unsure:
            visit.state, visit.to_state = State.PLANNED, State.DONE
        else:
            over = wish.state is None and self.choices.get("past_done", False) and visit.ends_at <= self.now
            visit.state, visit.to_state = State.PLANNED, State.DONE if over else None

    def _moment(self, local: dt.datetime, notes: list[Note]) -> dt.datetime:
        """Return the moment of a wall-clock time, minding the two nights in which the clocks change."""
        said = {"date": f"{local:%d/%m/%Y}", "time": f"{local:%H:%M}"}
        moment = local.replace(tzinfo=self.ledger.zone, fold=0).astimezone(dt.UTC)
        if moment.astimezone(self.ledger.zone).replace(tzinfo=None) != local:
            raise Wrong("nonexistent", **said)
        if local.replace(tzinfo=self.ledger.zone, fold=1).astimezone(dt.UTC) != moment:
            notes.append(("twice", said))
        return moment

    def _last_worker(self, wish: Wish, last: KnownVisit | None) -> list[int]:
        worker = self.ledger.worker_names.get(last.workers[0]) if last and last.workers else None
        if worker and worker.active:
            return [worker.id]
        wish.trouble.append(("inactive_worker", {"value": worker.name}) if worker else ("no_worker", {}))
        return []

    def _changes(self, visit: KnownVisit, after: KnownVisit) -> list[Note]:
        added = [worker for worker in after.workers if worker not in visit.workers]
        notes: list[Note] = [("worker_added", {"value": self.ledger.worker_names[worker].name}) for worker in added]
        if (after.local_start, after.minutes) != (visit.local_start, visit.minutes):
            before = f"{visit.local_start:%d/%m/%Y %H:%M}, {_hours(visit.minutes)}"
            notes.append(("time_changed", {"before": before}))
        if after.service != visit.service:
            notes.append(("service_changed", {"before": self.ledger.services[visit.service]}))
        if after.order != visit.order:
            notes.append(("order_changed", {}))
        if after.will_be != visit.will_be:
            notes.append((f"becomes_{after.will_be}", {}))
        return notes

    def _shown(self, wish: Wish, visit: KnownVisit) -> dict[str, str]:
        """What the blanks were filled with."""
        shown = {} if wish.time else {"start": f"{visit.local_start:%H:%M}"}
        shown |= {} if wish.minutes else {"duration": _hours(visit.minutes)}
        shown |= {} if wish.service else {"service": self.ledger.services[visit.service]}
        names = ", ".join(self.ledger.worker_names[worker].name for worker in visit.workers)
        return shown if wish.names_worker or not names else {**shown, "worker": names}

    def _take_new(self, wish: Wish, visit: KnownVisit) -> None:
        if wish.service:
            self.ledger.name_service(wish.service)
        self._take_as_is(wish, visit)
        self.ledger.add(visit)
        self._count_mail(visit)

    def _take_change(self, wish: Wish, visit: KnownVisit, after: KnownVisit) -> None:
        if wish.service:
            self.ledger.name_service(wish.service)
        if after.will_be != visit.will_be:
            self._count_mail(after)
        for name in fields(visit):
            setattr(visit, name.name, getattr(after, name.name))
        self._take_as_is(wish, visit)
        self.ledger.touch(visit)

    def _take_as_is(self, wish: Wish, visit: KnownVisit) -> None:
        said = {
            "start": wish.time,
            "minutes": wish.minutes,
            "service": wish.service,
            "order": wish.order,
            "state": wish.state,
        }
        for name, value in said.items():
            if value is not None:
                visit.said.setdefault(name, wish.number)
        visit.wants = visit.wants or wish.state
        if wish.filled:
            self.ledger.complete(wish.client, wish.filled)

    def _count_mail(self, visit: KnownVisit) -> None:
        ended_at = min(visit.ends_at, self.now)
        reached = visit.client.email or visit.client.id in self.asked_through_relatives
        if visit.to_state == State.DONE and reached and ended_at >= self.asked_since:
            self.mails += 1


def _when(wish: Wish, last: KnownVisit | None) -> tuple[dt.datetime, int]:
    """Fill in a blank hour and a blank duration.

    Both blank: those of the client's last visit. Else 10:00, and as long as last time; one hour at the first.
    """
    start = wish.time
    if start is None:
        start = last.local_start.time() if last and wish.minutes is None else DEFAULT_START
    return dt.datetime.combine(wish.day, start), wish.minutes or (last.minutes if last else DEFAULT_MINUTES)


def _facts(visit: KnownVisit) -> Deed:
    return {
        "client": visit.client.id, "service": visit.service, "start": visit.starts_at.isoformat(),
        "minutes": visit.minutes, "workers": list(visit.workers), "order": visit.order,
        "external_id": visit.external_id, "state": str(visit.will_be),
    }  # fmt: skip


def _hours(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02}"
