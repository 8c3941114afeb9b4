"""What the measurements stand on: an agency of middling size, visitors who are signed in, mails that are due."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Flask, g, session
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import generate_csrf
from sqlalchemy import func, insert, literal, select, text

from portal import clock
from portal.accounts import sessions as doors
from portal.accounts.models import Account, AccountSession
from portal.accounts.queries import hash_of
from portal.demo_history import SHIFT, write_down_who_is_rated
from portal.demo_large import Size, build_large
from portal.demo_rows import fill_tallies, insert_all, set_counters
from portal.extensions import db, writing
from portal.links import new_public_id
from portal.outbox.actions import cancel
from portal.outbox.models import OPEN, Message
from portal.people.models import Client, Sector, Service, Worker
from portal.people.queries import files_of_account
from portal.ratings.models import Rating, RatingRequest, RatingSubject
from portal.settings.actions import set_option
from portal.threads.models import Participant, Thread, ThreadMessage
from portal.visits.models import State, Visit, VisitWorker

SIZE = Size(clients=400, workers=100, staff=40, visits=100_000, ratings=7_500)


@dataclass(frozen=True)
class Guest:
    """A client who is signed in, in both applications."""

    client_id: int
    portal: str  # the cookie
    limit: str
    token: str  # for forms


def fill(app: Flask) -> list[Guest]:
    """Write the agency and sign its clients in."""
    with app.app_context(), writing():
        build_large(SIZE, lambda _written: None)
        db.session.commit()
    return sign_in(app)


def sign_in(app: Flask) -> list[Guest]:
    """Open a session for each client with a login: the first as the portal does it, the others after its pattern."""
    browser = {"HTTP_USER_AGENT": "benchmark", "REMOTE_ADDR": "127.0.0.1"}
    with app.app_context(), writing(), app.test_request_context(environ_base=browser):
        logins = select(Client.id, Account).join(Account, Account.id == Client.account_id).order_by(Client.id)
        people = db.session.execute(logins).all()
        doors.open_session(people[0].Account)
        row = {column.name: getattr(g.signed_in, column.name) for column in AccountSession.__table__.columns}
        rows, guests = [], []
        sign, name = _signer(app), app.config["SESSION_COOKIE_NAME"]
        for client_id, account in people:
            secret, open_file = new_public_id(), f"client:{client_id}"
            own = {"id": row["id"] + len(rows) + 1, "account_id": account.id, "token_hash": hash_of(secret)}
            rows.append(row | own | {"open_file": open_file})
            session.update(_user_id=account.fs_uniquifier, token=secret)
            g.files, g.signed_in = files_of_account(account.id), AccountSession(open_file=open_file)
            doors.bind_forms()
            g.pop("csrf_token", None)  # one of the person before
            limit = f"session={sign.dumps({'client': client_id})}"
            guests.append(Guest(client_id, f"{name}={sign.dumps(dict(session))}", limit, generate_csrf()))
        db.session.execute(insert(AccountSession), rows)
        db.session.commit()
    return guests


def _signer(app: Flask) -> Any:
    return SecureCookieSessionInterface().get_signing_serializer(app)


def list_requests(guests: list[Guest], count: int, *, limit: bool) -> list[list[str]]:
    """Everybody asks for the list in turn."""
    chosen = [guests[number % len(guests)] for number in range(count)]
    return [["GET", "/client/visits", guest.limit if limit else guest.portal, ""] for guest in chosen]


def rating_requests(app: Flask, guests: list[Guest], count: int, *, limit: bool) -> list[list[str]]:
    """Everybody rates a visit of theirs that waits for it; each visit once."""
    by_client = {guest.client_id: guest for guest in guests}
    with app.app_context():
        found = db.session.execute(
            select(Visit.id, Visit.client_id)
            .join(RatingSubject, RatingSubject.visit_id == Visit.id)
            .outerjoin(Rating, Rating.subject_id == RatingSubject.id)
            .where(Rating.id.is_(None), Visit.client_id.in_(by_client), Visit.state == State.DONE)
            .where(RatingSubject.ended_at > clock.now() - timedelta(days=55))
            .order_by(Visit.id % 97, Visit.id)
            .limit(count)
        ).all()
    assert len(found) == count, f"only {len(found)} visits wait for a rating"
    made = []
    for visit, client in found:
        guest, said = by_client[client], {"stars": visit % 3 + 3, "comment": "Très bien, merci."}
        body = urlencode(said if limit else said | {"csrf_token": guest.token, "version": "0"})
        made.append(["POST", f"/client/visits/{visit}/rating", guest.limit if limit else guest.portal, body])
    return made


def count_ratings(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(Rating)) or 0


def promise_mails(app: Flask, count: int) -> None:
    """As many new clients, each with a visit of the day before yesterday whose mail is due now."""
    with app.app_context(), writing():
        for key, value in (("ratings.request_window", "always"), ("ratings.avoid_holidays", "no")):
            set_option(None, key, value)
        others = select(Message.id).where(Message.state.in_(OPEN))  # the story's
        cancel(list(db.session.scalars(others)), "already_rated")
        firsts = {kind: (db.session.scalar(select(func.max(kind.id))) or 0) + 1 for kind in (Client, Visit, Message)}
        sector, service, worker = (db.session.scalar(select(func.min(kind.id))) for kind in (Sector, Service, Worker))
        ended = clock.now() - timedelta(days=2)
        starts = ended - timedelta(hours=1)
        visits = firsts[Visit]
        numbers = range(count)
        insert_all(Client, [
            {"id": firsts[Client] + n, "first_name": "Rose", "last_name": f"Durand {n}",
             "match_key": f"durand rose {n}", "email": f"rose{n}@example.org", "active": True,
             "language": ("fr", "ru", "en")[n % 3], "sector_id": sector}
            for n in numbers])  # fmt: skip
        insert_all(Visit, [
            {"id": visits + n, "client_id": firsts[Client] + n, "service_id": service, "sector_id": sector,
             "starts_at": starts, "ends_at": ended, "local_start": starts.replace(tzinfo=None), "zone": "UTC",
             "state": "done", "ended_at": ended, "closed_at": ended, "version": 1} for n in numbers])  # fmt: skip
        insert_all(VisitWorker, [{"visit_id": visits + n, "worker_id": worker, "position": 0, "starts_at": starts}
                                 for n in numbers])  # fmt: skip
        write_down_who_is_rated(visits)
        insert_all(Message, [
            {"id": firsts[Message] + n, "public_id": new_public_id(), "kind": "ratings.request", "state": "scheduled",
             "dedupe_key": f"rating:{visits + n + SHIFT}:1", "subject_type": "rating_subject",
             "subject_id": visits + n + SHIFT, "created_at": ended, "due_at": clock.now(), "next_at": clock.now(),
             "not_after": clock.now() + timedelta(days=7)} for n in numbers])  # fmt: skip
        insert_all(RatingRequest, [
            {"id": firsts[Message] + n + SHIFT, "subject_id": visits + n + SHIFT, "message_id": firsts[Message] + n}
            for n in numbers])  # fmt: skip
        fill_tallies()
        set_counters()
        db.session.execute(text("ANALYZE"))
        db.session.commit()


def open_threads(app: Flask, guests: list[Guest], count: int, length: int) -> list[list[str]]:
    """As many conversations with some messages in them, each with a client who has it open: its address, and what the
    client's browser holds."""
    people = [guests[number % len(guests)] for number in range(count)]
    with app.app_context(), writing():
        sectors = dict(db.session.execute(select(Client.id, Client.sector_id)).tuples().all())
        first, firsts = ((db.session.scalar(select(func.max(kind.id))) or 0) + 1 for kind in (Thread, ThreadMessage))
        moment = clock.now()
        insert_all(Thread, [
            {"id": first + n, "topic": "other", "sector_id": sectors[one.client_id], "opened_type": "client",
             "opened_id": one.client_id, "opened_by": "Rose Durand", "opened_at": moment, "last_at": moment,
             "shown_at": moment, "last_id": firsts + (n + 1) * length - 1, "shown_id": firsts + (n + 1) * length - 1}
            for n, one in enumerate(people)])  # fmt: skip
        insert_all(Participant, [
            {"thread_id": first + n, "client_id": one.client_id} for n, one in enumerate(people)])  # fmt: skip
        insert_all(ThreadMessage, [
            {"id": firsts + n * length + m, "thread_id": first + n, "author_type": "client", "author_id": one.client_id,
             "author_name": "Rose Durand", "text": "Merci, à demain.", "token": new_public_id(), "at": moment}
            for n, one in enumerate(people) for m in range(length)])  # fmt: skip
        set_counters()
        db.session.execute(text("ANALYZE"))
        db.session.commit()
    return [[f"/client/threads/{first + n}", one.portal, one.token] for n, one in enumerate(people)]


def count_sent(app: Flask, since: int) -> int:
    """How many messages behind that number are down in the database as sent."""
    with app.app_context():
        sent = select(func.count()).select_from(Message).where(Message.id > since, Message.state == "sent")
        return db.session.scalar(sent) or 0


def last_message(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.coalesce(func.max(Message.id), literal(0)))) or 0
