"""What the people of the demo agency lived through in the last days, each deed done on its own day."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select

from portal import clock
from portal.accounts.models import User
from portal.extensions import db, wires
from portal.outbox.held import tell_moved
from portal.outbox.models import Attempt, Message, Recipient
from portal.people.models import Client, Service, Staff, Worker
from portal.people.queries import files_of_account
from portal.ratings.actions import answer_link, leave_rating
from portal.ratings.exclusion import exclude_rating
from portal.ratings.models import Rating, RatingRequest, RatingSubject
from portal.ratings.on_behalf import Said, type_rating
from portal.ratings.opened import by_request
from portal.ratings.replies import reply
from portal.visits.actions import cancel_visit, end_visits, plan_visit
from portal.visits.models import Visit

PARIS = ZoneInfo("Europe/Paris")


def live_through(
    clients: dict[str, Client], workers: dict[str, Worker], services: list[Service], staff: dict[str, Staff]
) -> None:
    """Plan, do and rate the visits of the story. Nothing of it waits to be mailed: what was to leave has left."""
    _claires_visits(clients["claire"], workers, services)
    _other_visits(clients, workers, services)
    _ratings(clients)
    _of_the_agency(clients, staff)
    have_left(select(Message).where(Message.state == "scheduled"))


def _day(days: int, hour: int, minute: int = 0) -> datetime:
    """Wall clock of the agency, some days from today."""
    today = clock.now().astimezone(PARIS).date()
    return datetime.combine(today + timedelta(days=days), time(hour, minute))


def _plan(client: Client, service: Service, team: list[Worker], start: datetime, minutes: int) -> Visit:
    """Plan a visit a week before it."""
    with clock.at(min(start.replace(tzinfo=PARIS), clock.now()) - timedelta(days=7)):
        return plan_visit(None, client, service, team, start, minutes)


def _have(
    client: Client, service: Service, team: list[Worker], start: datetime, minutes: int, *, ask: bool = False
) -> Visit:
    """Have a visit take place, and be marked as done a few minutes after its end."""
    visit = _plan(client, service, team, start, minutes)
    with clock.at(visit.ends_at + timedelta(minutes=5)):
        end_visits(None, [visit], ask=ask)
    return visit


def _claires_visits(claire: Client, workers: dict[str, Worker], services: list[Service]) -> None:
    """A rated visit, some that wait for a rating, one in progress, some to come, one cancelled, one not closed."""
    rising, meal, cleaning, errands, _night = services
    aissatou, wassim = workers["aissatou"], workers["wassim"]
    _have(claire, rising, [aissatou], _day(-1, 9), 120)
    _have(claire, cleaning, [wassim], _day(-3, 14), 120)
    _have(claire, rising, [aissatou], _day(-4, 9), 120)
    _have(claire, meal, [wassim], _day(-6, 12), 60)
    _have(claire, errands, [wassim, aissatou], _day(-9, 10), 90)
    _have(claire, cleaning, [aissatou], _day(-12, 14), 120)
    now = clock.now().astimezone(PARIS).replace(tzinfo=None, second=0, microsecond=0)
    _plan(claire, meal, [wassim], now - timedelta(minutes=30), 90)
    _plan(claire, rising, [wassim], _day(-2, 9), 60)
    for days in (1, 2, 5):
        _plan(claire, rising, [aissatou], _day(days, 9), 120)
    cancelled = _plan(claire, cleaning, [wassim], _day(-5, 14), 120)
    with clock.at(cancelled.starts_at - timedelta(days=1)):
        cancel_visit(None, cancelled, "Absence prévue de la cliente")


def _other_visits(clients: dict[str, Client], workers: dict[str, Worker], services: list[Service]) -> None:
    rising, meal, cleaning, errands, night = services
    # asked so long ago that whoever tries the portal out sees the next request leave
    _have(clients["anna"], meal, [workers["wassim"]], _day(-36, 12), 60, ask=True)
    _have(clients["eloise"], cleaning, [workers["olga"]], _day(-34, 10), 120, ask=True)
    _have(clients["denis"], cleaning, [workers["wassim"]], _day(-1, 16), 90)
    _have(clients["anna"], rising, [workers["aissatou"]], _day(-2, 8), 60)
    _have(clients["anna"], errands, [workers["wassim"]], _day(-5, 10), 90)
    _have(clients["eloise"], cleaning, [workers["jean"]], _day(-2, 10), 120)
    _have(clients["eloise"], meal, [workers["olga"]], _day(-3, 12), 60)
    _have(clients["george"], night, [workers["jean"]], _day(-3, 21), 600)
    _plan(clients["denis"], meal, [workers["wassim"]], _day(0, 18), 60)
    _plan(clients["anna"], rising, [workers["aissatou"]], _day(1, 8), 60)
    plan_visit(None, clients["george"], meal, [], _day(2, 12), 60, draft=True)


def _ratings(clients: dict[str, Client]) -> None:
    """What was said so far: a warm word, a fair one, and two that need a person."""
    _rate_on_portal(clients["claire"], 2, 5, "Très douce avec maman, et à l’heure.", hours=3)
    _rate_on_portal(clients["eloise"], 1, 5, "", hours=8)
    _rate_on_portal(clients["denis"], 0, 1, "Arrivé avec une heure de retard, sans prévenir.", hours=2)
    _rate_on_portal(clients["eloise"], 0, 2, "Parti vingt minutes plus tôt, la cuisine n’était pas faite.", hours=25)
    _rate_by_mail(clients["anna"], 4, "Пришёл позже, но предупредил.")
    _rate_by_mail(clients["eloise"], 5, "Parfait, comme toujours.")


def _of_the_agency(clients: dict[str, Client], staff: dict[str, Staff]) -> None:
    """What the staff did with ratings: one typed for a client without e-mail, one answered, one not counted."""
    sofia, igor, ines = (at_work(staff[key]) for key in ("sofia", "igor", "ines"))
    night = _subjects(clients["george"])[0]
    told_at = min(night.ended_at + timedelta(hours=6), clock.now())
    with clock.at(told_at):
        type_rating(igor, night, Said(4, "Nuit calme, mais le réveil fut un peu matinal.", "telephone", told_at))
    late = _rating_of(_subjects(clients["anna"])[-1])
    with clock.at(late.left_at + timedelta(hours=20)):
        reply(sofia, late, "Спасибо за отзыв! Мы поговорили с Вассимом: о задержке предупредим заранее.")
    wrong = _rating_of(_subjects(clients["eloise"])[1])
    with clock.at(min(wrong.left_at + timedelta(hours=5), clock.now())):
        exclude_rating(
            ines, wrong, "La cliente pensait à une autre intervention, dit-elle au téléphone.", wrong.version
        )


def at_work(person: Client | Worker | Staff) -> User:
    return files_of_account(person.account_id or 0)[0]


def _subjects(client: Client) -> Sequence[RatingSubject]:
    """What can be rated of a client's visits, the newest first."""
    of_client = select(RatingSubject).where(RatingSubject.client_id == client.id)
    return db.session.scalars(of_client.order_by(RatingSubject.ended_at.desc())).all()


def _rating_of(subject: RatingSubject) -> Rating:
    return db.session.scalars(select(Rating).where(Rating.subject_id == subject.id)).one()


def _rate_on_portal(client: Client, place: int, stars: int, comment: str, hours: int) -> Rating:
    """Have a client rate one of the visits, counted from the newest, some hours after its end."""
    user = next(u for u in files_of_account(client.account_id or 0) if u.client_id == client.id)
    subject = _subjects(client)[place]
    with clock.at(min(subject.ended_at + timedelta(hours=hours), clock.now())):
        return db.session.get_one(Rating, leave_rating(user, subject, stars, comment))


def _rate_by_mail(client: Client, stars: int, comment: str) -> None:
    """Have the mail that asks leave on the day after the visit, and be answered an hour later."""
    of_client = RatingSubject.client_id == client.id
    request = db.session.scalars(select(RatingRequest).join(RatingSubject).where(of_client)).one()
    on_the_day_after = request.subject.ended_at + timedelta(hours=25)  # a Sunday too: the story waits for no Monday
    asked_at = min(request.message.due_at, on_the_day_after, clock.now() - timedelta(hours=2))
    request.message.due_at = asked_at
    request.asked_at, request.expires_at = asked_at, asked_at + timedelta(days=14)
    have_left(select(Message).where(Message.id == request.message_id))
    with clock.at(asked_at + timedelta(hours=1)):
        answer_link(by_request(request), stars, comment, trapped=False)


def have_left(messages: Select[Message]) -> None:
    """Say of messages that a mail server took them when they were due."""
    left = db.session.scalars(messages).all()
    for message in left:
        reader = cast("Recipient", wires.message_kinds[message.kind].reader(message))
        message.address, message.recipient, message.language = reader.address, reader.name, reader.language
        message.state, message.sent_at, message.attempts = "sent", message.due_at, 1
        message.last_answer = "250 2.0.0 Ok: queued"
        db.session.add(Attempt(
            message_id=message.id, number=1, token=str(message.id), started_at=message.due_at, ended_at=message.due_at,
            phase="data", outcome="accepted", answer=message.last_answer))  # fmt: skip
    tell_moved({message.id: message.kind for message in left})
    db.session.flush()
