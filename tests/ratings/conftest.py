"""Visits of Claire's that are asked about, the mails about them and their links."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
from flask import Flask
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal.extensions import db
from portal.outbox.models import Message
from portal.people.models import Client, Service, Worker
from portal.ratings.models import RatingRequest, RatingSubject
from portal.settings.actions import set_option
from tests import factories
from tests.conftest import Database, Mailbox, open_browser, text_of
from tests.factories import PARIS, Agency
from tests.pages import Browser


@pytest.fixture
def stranger(app: Flask) -> Browser:
    """Who follows Claire's links, not signed in: they have chosen English, or would read French as her mails are."""
    return open_browser(app, chosen="en")


@dataclass(frozen=True)
class Asked:
    """A mail that asks about a visit, as its reader holds it."""

    visit: int
    mail: EmailMessage
    link: str  # the path, without the stars
    unsubscribe: str  # the path
    token: str


def read(visit: int, mail: EmailMessage) -> Asked:
    found = re.search(r"http://localhost(/r/([\w-]+))\?stars=4", text_of(mail))
    assert found, text_of(mail)
    unsubscribe = mail["List-Unsubscribe"].strip("<>").removeprefix("http://localhost")
    return Asked(visit, mail, found[1], unsubscribe, found[2])


def plan_asked_visit(agency: Agency, database: Database, hour: int = 8) -> int:
    """A visit of Claire's yesterday, of which a mail is due by now."""
    with database.writing():
        claire, wassim = db.session.get_one(Client, agency.claire.id), db.session.get_one(Worker, agency.wassim.id)
        service = db.session.get_one(Service, agency.cleaning)
        return factories.done_visit(claire, service, [wassim], hour=hour, ask=True).id


@pytest.fixture
def just_asked(agency: Agency, database: Database, mailbox: Mailbox) -> Asked:
    visit = plan_asked_visit(agency, database)
    return read(visit, mailbox.one())


@pytest.fixture
def asked(just_asked: Asked, time_machine: TimeMachineFixture) -> Asked:
    time_machine.shift(timedelta(hours=1))
    return just_asked


# ---- the agency's pace ----


@pytest.fixture
def set_up(database: Database) -> Callable[..., None]:
    """Set options: `set_up(request_cap_days=0)`."""

    def set_up(**values: object) -> None:
        with database.writing():
            for name, value in values.items():
                set_option(None, f"ratings.{name}", str(value).lower())

    return set_up


@pytest.fixture
def visit(agency: Agency, database: Database) -> Callable[..., int]:
    """A visit of Claire's that is done and about which she is to be asked; by default yesterday at eight, of Wassim."""

    def visit(*who: str, days: int = -1, hour: int = 8, client: str = "claire") -> int:
        with database.writing():
            workers = [db.session.get_one(Worker, getattr(agency, name).id) for name in who or ("wassim",)]
            of = db.session.get_one(Client, getattr(agency, client).id)
            cleaning = db.session.get_one(Service, agency.cleaning)
            return factories.done_visit(of, cleaning, workers, days=days, hour=hour, ask=True).id

    return visit


def fate(database: Database, visit_id: int, kind: str = "ratings.request") -> tuple[str, str | None]:
    """State and reason of the newest message of a kind about a visit."""
    return _newest(database, visit_id, kind)[:2]


def due(database: Database, visit_id: int, kind: str = "ratings.request") -> datetime:
    """When it is to leave."""
    return _newest(database, visit_id, kind)[2].astimezone(PARIS)


def _newest(database: Database, visit_id: int, kind: str) -> tuple:
    found = select(Message.state, Message.reason, Message.next_at).join(RatingRequest).join(RatingSubject)
    about = RatingSubject.visit_id == visit_id, Message.kind == kind
    return database.one(found.where(*about).order_by(Message.id.desc()).limit(1))


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)
