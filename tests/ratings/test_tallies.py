"""The tallies say what the ratings and requests say, whatever is done and in whatever order."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random
from types import MethodType
from typing import Any

import pytest
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal import clock
from portal.accounts.models import User
from portal.errors import Refused
from portal.extensions import db
from portal.outbox import jobs, leases
from portal.outbox.actions import cancel_message, send_again
from portal.outbox.held import tell_moved
from portal.outbox.models import Attempt, Message
from portal.people.models import Client, Service, Worker
from portal.ratings.actions import change_rating, leave_rating
from portal.ratings.again import ask_again
from portal.ratings.exclusion import exclude_rating, include_rating
from portal.ratings.models import RatedWorker, Rating, RatingRequest, RatingSubject
from portal.ratings.on_behalf import Said, type_rating
from portal.ratings.requests import drop_requests
from portal.ratings.tally_models import RatingTally, RequestTally
from portal.ratings.tally_rows import SUMS, keys
from portal.ratings.tally_sums import TALLIES, differences
from portal.settings.actions import set_option
from portal.visits.actions import cancel_visit, end_visits, reopen_visit
from portal.visits.models import State, Visit, VisitWorker
from tests import factories
from tests.conftest import Database, Mailbox, SignIn
from tests.factories import Agency
from tests.racing import at_once, posting

EVER = date(2000, 1, 1), date(2100, 12, 31)
WAITING = ("scheduled", "due", "retry", "sending")
Cells = dict[tuple, tuple]


def kept(table: Any) -> Cells:
    """What a tally holds, by key."""
    rows = db.session.execute(select(*(getattr(table, name) for name in (*keys(table), *SUMS[table]))))
    width = len(keys(table))
    return {tuple(row[:width]): tuple(row[width:]) for row in rows if any(row[width:])}


def counted() -> tuple[Cells, Cells]:
    """Both tallies, made one row after the other of what there is."""
    ratings, requests = {}, {}
    for subject, visit, rating in db.session.execute(
        select(RatingSubject, Visit, Rating)
        .join(Visit, Visit.id == RatingSubject.visit_id)
        .outerjoin(Rating, Rating.subject_id == RatingSubject.id)
        .execution_options(populate_existing=True)
    ):
        of_subject = RatedWorker.subject_id == subject.id
        workers = [0, *db.session.scalars(select(RatedWorker.worker_id).where(of_subject))]
        place = subject.service_id, subject.sector_id
        for span, worker, day, asked in (
            (span, worker, *days)
            for worker in workers
            for span, days in (
                ("day", (subject.day, subject.asked_day)),
                ("month", (subject.day.replace(day=1), subject.asked_day.replace(day=1))),
            )
        ):
            if rating and not rating.excluded_at:
                key, stars = (span, worker, day, *place, rating.channel), [0] * 6
                stars[rating.stars] = 1
                ratings[key] = plus(ratings.get(key), (*stars, int(bool(rating.comment))))
            if visit.state == State.DONE:
                key = (span, worker, day, asked, *place, *stage(subject.id))
                answered = bool(rating) and rating.channel != "staff"
                requests[key] = plus(requests.get(key), (1, int(answered), int(answered and bool(rating.comment))))
    return ratings, requests


def plus(one: tuple | None, other: tuple) -> tuple:
    return tuple(a + b for a, b in zip(one or (0,) * len(other), other, strict=True))


def stage(subject_id: int) -> tuple[str, str]:
    found = db.session.execute(
        select(RatingRequest, Message).join(Message).where(RatingRequest.subject_id == subject_id)
        .order_by(RatingRequest.round.desc()).execution_options(populate_existing=True)
    ).all()  # fmt: skip
    shown = [(request, message) for request, message in found if request.left_out is None]
    if any(message.state in ("sent", "uncertain") or _left(message) for _request, message in shown):
        return "sent", ""
    own = [(request, message) for request, message in found if request.reminds_id is None and not request.revoked_at]
    if not own:
        return "unasked", ""
    if any(message.state in WAITING and request.left_out is None for request, message in own):
        return "waiting", ""
    request, message = own[0]
    if request.left_out:  # of a weekly mail
        return "suppressed", request.left_out
    refused = message.state == "failed" and message.reason == "refused"
    return ("refused" if refused else "suppressed"), message.reason or ""


def _left(message: Message) -> bool:
    of_message = Attempt.message_id == message.id, Attempt.outcome == "accepted"
    return message.resends > 0 and db.session.scalar(select(Attempt.id).where(*of_message).limit(1)) is not None


def agree(database: Database, after: object = "") -> None:
    """Fail where a tally says something else than the rows."""
    with database.app.app_context():
        ratings, requests = counted()
        assert kept(RatingTally) == ratings, after
        assert kept(RequestTally) == requests, after
        for table in TALLIES:
            assert db.session.execute(differences(table, *EVER)).all() == [], after


# ---- what is done, at random ----


class Story:
    """People who do things, some of them refused."""

    def __init__(self, agency: Agency, database: Database, seed: int) -> None:
        self.agency, self.database, self.chance = agency, database, Random(seed)
        self.deeds: list[MethodType] = [
            self.visit, self.visit, self.rate, self.rate, self.type, self.change, self.exclude, self.include,
            self.reopen, self.end, self.cancel, self.reassign, self.leave, self.send, self.send, self.send,
            self.send_again, self.take_back, self.ask_again, self.dispute, self.sweep, self.mode,
        ]  # fmt: skip

    def run(self, steps: int, shift: Callable[[timedelta], None]) -> Iterator[str]:
        for _step in range(steps):
            deed = self.chance.choice(self.deeds)
            with self.database.app.app_context(), leases.writing():
                try:
                    deed()
                    db.session.commit()
                except Refused:
                    db.session.rollback()
                else:
                    yield deed.__name__
            shift(timedelta(hours=self.chance.choice((1, 5, 30))))

    def one(self, kind: Any, *where: Any) -> Any:
        """Any row of a kind."""
        found = db.session.scalars(select(kind).where(*where).order_by(kind.id)).all()
        if not found:
            raise Refused("nothing to do", "nothing")
        return self.chance.choice(found)

    def done(self) -> Visit:
        return self.one(Visit, Visit.state == State.DONE)

    def rating(self) -> Rating:
        return self.one(Rating)

    @property
    def client(self) -> User:
        return self.agency.claire.user

    @property
    def staff(self) -> User:
        return self.agency.ines.user

    def visit(self) -> None:
        who = [self.one(Worker) for _ in range(self.chance.choice((0, 1, 1, 2)))]
        factories.done_visit(
            db.session.get_one(Client, self.agency.claire.id), self.one(Service), list(dict.fromkeys(who)),
            days=self.chance.choice((-1, -2, -20)), hour=self.chance.randrange(5, 20), ask=self.chance.random() < 0.7,
        )  # fmt: skip

    def rate(self) -> None:
        leave_rating(self.client, self.subject(), self.chance.randrange(6), self.words())

    def type(self) -> None:
        type_rating(self.staff, self.subject(), Said(self.chance.randrange(6), self.words(), "telephone", clock.now()))

    def subject(self) -> RatingSubject:
        own = Visit.state == State.DONE, Visit.client_id == self.agency.claire.id
        return factories.subject(self.one(Visit, *own).id)

    def words(self) -> str:
        return self.chance.choice(("", "Bien."))

    def change(self) -> None:
        rating = self.rating()
        change_rating(self.client, rating, self.chance.randrange(6), self.words(), rating.version)

    def exclude(self) -> None:
        rating = self.rating()
        exclude_rating(self.staff, rating, "Autre personne", rating.version)

    def include(self) -> None:
        include_rating(self.staff, self.rating())

    def reopen(self) -> None:
        reopen_visit(None, self.done())

    def end(self) -> None:
        end_visits(None, [self.one(Visit, Visit.state == State.PLANNED)], ask=self.chance.random() < 0.7)

    def cancel(self) -> None:
        cancel_visit(None, self.one(Visit), "Absente")

    def reassign(self) -> None:
        made = self.one(Visit)
        made.sent = [VisitWorker(worker_id=self.one(Worker).id, starts_at=made.starts_at)]

    def leave(self) -> None:
        self.one(Worker).active = False

    def send(self) -> None:
        jobs.sweep()
        ids, token = leases.claim(1)
        if ids and (turn := leases.begin(ids[0], token)):
            leases.finish(turn, self.chance.choice(("accepted", "accepted", "refused", "lost", "later", "died")), "…")

    def sweep(self) -> None:
        jobs.sweep()

    def send_again(self) -> None:
        send_again(self.staff, self.one(Message))

    def take_back(self) -> None:
        cancel_message(self.staff, self.one(Message))

    def ask_again(self) -> None:
        subject = self.subject()
        rounds = select(RatingRequest.round).where(RatingRequest.subject_id == subject.id)
        rating = db.session.scalar(select(Rating).where(Rating.subject_id == subject.id))
        ask_again(self.staff, subject, rating, max(db.session.scalars(rounds), default=0))

    def mode(self) -> None:
        set_option(None, "ratings.ask_mode", self.chance.choice(("every", "digest", "digest")))

    def dispute(self) -> None:
        drop_requests([self.done()], 0)


@pytest.mark.parametrize("seed", range(2))
def test_both_tallies_follow_whatever_is_done(
    agency: Agency, database: Database, time_machine: TimeMachineFixture, seed: int
) -> None:
    with database.writing():
        set_option(None, "ratings.request_cap_days", "0")
        set_option(None, "ratings.lock_public", "no")
    agree(database, "the story")
    told: list[str] = []
    for deed in Story(agency, database, seed).run(150, time_machine.shift):
        told.append(deed)
        if len(told) % 6 == 0:
            agree(database, told[-6:])
    agree(database)
    assert len(set(told)) > 12, told
    with database.app.app_context():
        assert len({key[-2:] for key in kept(RequestTally)}) > 2


# ---- at the same moment ----


def test_what_is_rated_at_once_is_counted_once_each(
    agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox, visit: Callable[..., int]
) -> None:
    """All in one cell of each tally: a sum that somebody read and wrote back would lose some."""
    visits = [visit(hour=hour) for hour in range(6, 14)]
    url = "/client/visits/{}/rating"
    deeds = [posting(sign_in(agency.claire), url.format(one), {"stars": "4"}) for one in visits]
    again = [posting(sign_in(agency.paul), url.format(one), {"stars": "5", "comment": "Bien."}) for one in visits]

    def send() -> int:
        mailbox.collect()
        return 200

    statuses = at_once([*deeds, *again, send, send])
    assert (statuses.count(303), statuses.count(409)) == (len(visits), len(visits))
    agree(database)


def test_a_rating_changed_and_excluded_at_once_is_counted_as_it_then_is(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        rating = factories.rate(agency.claire, agency.claires_done, 1).id
    url = f"/client/visits/{agency.claires_done}/rating"
    deeds = [posting(sign_in(agency.claire), url, {"stars": str(n), "version": "1"}) for n in range(2, 6)]
    reason = {"reason": "Autre personne", "version": "1"}
    deeds += [posting(sign_in(agency.ines), f"/staff/ratings/{rating}/exclusion", reason) for _ in range(4)]
    assert set(at_once(deeds)) <= {303, 409}
    agree(database)


# ---- who is counted ----


def test_what_was_said_of_a_worker_stays_theirs(agency: Agency, database: Database) -> None:
    """Whoever leaves, and whoever is written on the visit afterwards."""
    with database.writing():
        factories.rate(agency.claire, agency.claires_done, 2, "En retard")
    with database.app.app_context():
        before = kept(RatingTally)
    assert {key[1] for key in before} == {0, agency.wassim.id}
    with database.writing():
        db.session.get_one(Worker, agency.wassim.id).active = False
        made = db.session.get_one(Visit, agency.claires_done)
        made.sent = [VisitWorker(worker_id=agency.jean.id, starts_at=made.starts_at)]
    with database.app.app_context():
        assert kept(RatingTally) == before
    agree(database)


def test_of_a_visit_of_two_each_has_the_rating_and_all_together_one(
    agency: Agency, database: Database, visit: Callable[..., int]
) -> None:
    made = visit("wassim", "jean")
    with database.writing():
        factories.rate(agency.claire, made, 0)
    with database.app.app_context():
        by_worker = {key[1]: sums for key, sums in kept(RatingTally).items() if key[0] == "month"}
    assert by_worker == dict.fromkeys((0, agency.wassim.id, agency.jean.id), (1, 0, 0, 0, 0, 0, 0))


def test_a_visit_that_is_reopened_leaves_the_tally_and_comes_back_done(
    agency: Agency, database: Database, visit: Callable[..., int]
) -> None:
    made = visit()

    def stages() -> Counter[str]:
        with database.app.app_context():
            own = {key: sums for key, sums in kept(RequestTally).items() if key[:2] == ("day", 0)}
        return Counter({key[-2]: sums[0] for key, sums in own.items()})

    before = stages()
    assert before["waiting"] == 1
    with database.writing():
        reopen_visit(None, db.session.get_one(Visit, made))
    assert stages() == before - Counter(waiting=1)
    with database.writing():
        end_visits(None, [db.session.get_one(Visit, made)])
    assert stages() == before
    agree(database)


@pytest.mark.parametrize(
    ("reason", "told"), [("refused", "refused"), ("poison", "suppressed"), ("unfilled", "suppressed")]
)
def test_what_the_portal_could_not_write_was_refused_by_nobody(
    database: Database, visit: Callable[..., int], reason: str, told: str
) -> None:
    made = visit()
    with database.writing():
        subject = factories.subject(made)
        message = db.session.scalars(
            select(Message).join(RatingRequest).where(RatingRequest.subject_id == subject.id)
        ).one()
        message.state, message.reason = "failed", reason
        db.session.flush()
        tell_moved({message.id: message.kind})
    with database.app.app_context():
        assert (factories.subject(made).stage, factories.subject(made).stage_reason) == (told, reason)
    agree(database)


def test_who_is_asked_by_hand_is_asked_on_that_day(agency: Agency, database: Database) -> None:
    with database.writing():
        ask_again(agency.ines.user, factories.subject(agency.claires_done), None, 0)
    with database.app.app_context():
        told = factories.subject(agency.claires_done)
    assert (told.stage, told.day, told.asked_day) == ("waiting", date(2026, 11, 16), date(2026, 11, 17))
    agree(database)


def test_a_rating_costs_few_statements(agency: Agency, sign_in: SignIn, database: Database) -> None:
    """One for each tally while no mail waits. (PostgreSQL has one more than SQLite: the visit is held.)"""
    claire = sign_in(agency.claire)
    posted = claire.post(f"/client/visits/{agency.claires_done}/rating", data={"stars": "4"},
                         headers={"X-CSRFToken": claire.csrf_token()})  # fmt: skip
    assert posted.status == 303
    assert len([one for one in posted.statements if "_tally" in one]) == 2
    assert len(posted.statements) <= 10, "\n".join(posted.statements)
