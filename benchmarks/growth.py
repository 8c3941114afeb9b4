"""No page grows with the table: the same pages of the reference agency and of one with a tenth of it.

Planning and control table are held against the same people with a tenth of the history, the search against a tenth of
the people. Asked inside this process by somebody who sees all sectors, so that no perimeter makes the table small; the
cost is CPU time of this process and of the database. Every page shows as much in either: it is chosen so.
"""

import logging
import os
import statistics
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from flask import Flask, session
from sqlalchemy import select

from benchmarks.meter import Meters, quiet_moment
from portal.accounts import sessions as doors
from portal.accounts.models import Account
from portal.demo_large import Size, build_large
from portal.extensions import db, writing
from portal.people.models import Client, Worker

SIZES = {
    "whole": Size(),  # the reference agency
    "less history": Size(visits=164_000, ratings=12_300, weeks=16),
    "fewer people": Size(clients=250, workers=60, visits=16_400, ratings=1_230, weeks=16),
}
QUICK_SIZES = {
    "whole": Size(clients=1_000, workers=240, visits=369_000, ratings=28_000, weeks=90),
    "less history": Size(clients=1_000, workers=240, visits=36_900, ratings=2_800, weeks=9),
    "fewer people": Size(clients=100, workers=24, visits=3_690, ratings=280, weeks=9),
}
PEOPLE = 40  # different ones are asked about
LETTERS = "mbdlg"
CONTROL = "/staff/controls/quality?period=last_month"


@dataclass(frozen=True)
class Case:
    """A kind of page: what it is called, and the addresses that are asked in turn."""

    name: str
    addresses: list[str]
    marker: str = "</html>"  # what the answer holds, if it is the page
    is_part: bool = False
    against: str = "less history"  # the agency that it is compared with


@dataclass(frozen=True)
class Place:
    """An agency that is measured.

    Attributes:
        app: on its database.
        database: the process whose work counts too; None when the database is within this one.
    """

    app: Flask
    database: int | None


def cases(app: Flask) -> list[Case]:
    """The pages of one agency."""
    with app.app_context():
        # past the story's own people, whose days are told and not drawn
        clients = db.session.execute(select(Client.id, Client.email).where(Client.id > 10).limit(PEOPLE)).all()
        workers = db.session.scalars(select(Worker.id).where(Worker.id > 10).limit(PEOPLE)).all()
    # one letter finds more than is shown in either agency, an address one person
    typed = [*LETTERS, *(row.email for row in clients if row.email)][: PEOPLE // 2]
    return [
        Case("planning of a client", [f"/staff/clients/{row.id}/planning" for row in clients]),
        Case("planning of a worker", [f"/staff/workers/{worker}/planning" for worker in workers]),
        Case("search", [f"/staff/search?q={letter}" for letter in LETTERS], 'id="results"', against="fewer people"),
        Case(
            "search as one types",
            [f"/staff/search?q={word}" for word in typed],
            "found-list",
            is_part=True,
            against="fewer people",
        ),
        Case("control table", [CONTROL], "<tbody"),
    ]


def fill(app: Flask, size: Size) -> None:
    with app.app_context(), writing():
        build_large(size, lambda _written: None)
        db.session.commit()


def measure(places: dict[str, Place], requests: int, rounds: int, patience: float) -> dict[str, dict[str, float]]:
    """Return by kind of page what it costs in both agencies, in CPU milliseconds, and how many times as much in the
    larger one. The two take turns; medians of the rounds."""
    logging.getLogger("portal.requests").setLevel(logging.WARNING)  # thousands of lines that nobody reads
    clients = {name: signed_in(place.app) for name, place in places.items()}
    asked = {name: cases(place.app) for name, place in places.items()}
    found = {}
    for number, case in enumerate(asked["whole"]):
        runs: dict[str, list[float]] = {"whole": [], case.against: []}
        for name in runs:
            _ask(clients[name], asked[name][number], 5)  # templates, statements
        quiet_moment(patience)
        for _ in range(rounds):
            for name, spent in runs.items():
                with Meters([os.getpid()], places[name].database).span() as span:
                    _ask(clients[name], asked[name][number], requests)
                spent.append(1000 * (span.cpu + span.database) / requests)
        whole, tenth = (statistics.median(runs[name]) for name in ("whole", case.against))
        found[case.name] = {"tenth": tenth, "whole": whole, "times": whole / tenth}
    return found


def _ask(client: Any, case: Case, count: int) -> None:
    part = {"HX-Request": "true", "HX-Request-Type": "partial"} if case.is_part else {}
    for address in islice(cycle(case.addresses), count):
        answer = client.get(address, headers={"Accept-Language": "fr", **part})
        assert answer.status_code == 200, (address, answer.status)
        assert case.marker in answer.text, address


def signed_in(app: Flask) -> Any:
    """A browser in which the quality lead of the story is signed in."""
    client = app.test_client()
    with app.test_request_context(environ_base={"HTTP_USER_AGENT": "benchmark", "REMOTE_ADDR": "127.0.0.1"}), writing():
        account = db.session.scalars(select(Account).where(Account.email == "quality@example.org")).one()
        doors.open_session(account)
        db.session.commit()
        values = dict(session)
    with client.session_transaction() as cookie:
        cookie.update(values)
    return client
