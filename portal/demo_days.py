"""What the people of the demo agency lived through in the last days, each deed done on its own day."""

from datetime import datetime, time, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select

from portal import clock
from portal.extensions import db, wires
from portal.outbox.models import Attempt, Message, Recipient
from portal.people.models import Client, Service, Worker
from portal.people.queries import files_of_account
from portal.ratings.actions import answer_request, leave_rating
from portal.ratings.models import Rating, RatingRequest, RatingSubject
from portal.visits.actions import cancel_visit, end_visits, plan_visit
from portal.visits.models import Visit

PARIS = ZoneInfo("Europe/Paris")


def live_through(clients: dict[str, Client], workers: dict[str, Worker], services: list[Service]) -> None:
    """Plan, do and rate the visits of the story. Nothing of it waits to be mailed: what was to leave has left."""
    _claires_visits(clients["claire"], workers, services)
    _other_visits(clients, workers, services)
    _ratings(clients)
    _have_left(select(Message).where(Message.state == "scheduled"))


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


def _rate_on_portal(client: Client, place: int, stars: int, comment: str, hours: int) -> Rating:
    """Have a client rate one of the visits, counted from the newest, some hours after its end."""
    user = next(u for u in files_of_account(client.account_id or 0) if u.client_id == client.id)
    of_client = select(RatingSubject).where(RatingSubject.client_id == client.id)
    subject = db.session.scalars(of_client.order_by(RatingSubject.ended_at.desc())).all()[place]
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
    _have_left(select(Message).where(Message.id == request.message_id))
    with clock.at(asked_at + timedelta(hours=1)):
        answer_request(request, stars, comment, trapped=False)


def _have_left(messages: Select[Message]) -> None:
    """Say of messages that a mail server took them when they were due."""
    for message in db.session.scalars(messages).all():
        reader = cast("Recipient", wires.message_kinds[message.kind].reader(message))
        message.address, message.recipient, message.language = reader.address, reader.name, reader.language
        message.state, message.sent_at, message.attempts = "sent", message.due_at, 1
        message.last_answer = "250 2.0.0 Ok: queued"
        db.session.add(Attempt(
            message_id=message.id, number=1, token=str(message.id), started_at=message.due_at, ended_at=message.due_at,
            phase="data", outcome="accepted", answer=message.last_answer))  # fmt: skip
    db.session.flush()
