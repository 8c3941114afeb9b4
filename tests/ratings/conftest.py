"""A visit of Claire's that was asked about: the mail has really left, an hour ago, and its link is in our hands."""

import re
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage

import pytest
from time_machine import TimeMachineFixture

from portal.extensions import db
from portal.people.models import Client, Service, Worker
from tests import factories
from tests.conftest import Database, Mailbox, text_of
from tests.factories import Agency


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
