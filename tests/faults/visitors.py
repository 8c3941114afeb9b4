"""People at the web server while everything else breaks: they list, close visits, rate, and note what it took."""

import http.client
import threading
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from statistics import median
from urllib.parse import urlencode

from sqlalchemy import select

from portal import queue
from portal.extensions import db
from portal.links import make_token
from portal.outbox.models import Message
from portal.people.models import Sector
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Persona
from tests.faults.crew import Crew
from tests.servers import wait_until

BREATH = 0.05  # seconds between two requests
TOO_SLOW = 1.0  # seconds; a request may wait a quarter of one for Redis, and does so rarely


@dataclass
class Answer:
    what: str
    phase: str
    at: float
    status: int = 0
    seconds: float = 0.0
    asked_redis: int = 0  # how often the request spoke to Redis …
    waited: float = 0.0  # … and for how many seconds


@dataclass
class Visitors:
    """One thread that behaves like three people."""

    crew: Crew
    database: Database
    sofia: Persona
    cookie: str
    csrf: str
    answers: list[Answer] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)  # visits marked as done
    phase: str = "calm"

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, name="visitors")
        self._waiting: list[int] = []
        self._links: list[str] = []
        self._rated: set[str] = set()
        self._numbers = iter(range(10_000))

    def start(self) -> None:
        self.crew.start("web1")
        wait_until(lambda: self.is_there(), "the web server")
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def is_there(self) -> bool:
        try:
            return self.ask("GET", "/healthz") == 200
        except OSError:
            return False

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> int:
        """One request, as a browser that is signed in sends it; the status of the answer."""
        return self._ask(Answer("", self.phase, time.monotonic()), method, path, form).status

    def _ask(self, answer: Answer, method: str, path: str, form: dict[str, str] | None = None) -> Answer:
        headers = {"Cookie": f"suivi={self.cookie}", "X-CSRFToken": self.csrf, "Accept-Language": "en",
                   "Content-Type": "application/x-www-form-urlencoded"}  # fmt: skip
        with closing(http.client.HTTPConnection("127.0.0.1", self.crew.web_port, timeout=30)) as client:
            client.request(method, path, urlencode(form) if form else None, headers)
            said = client.getresponse()
            said.read()
        answer.status, answer.seconds = said.status, time.monotonic() - answer.at
        answer.asked_redis, answer.waited = int(said.headers["X-Redis-Asked"]), float(said.headers["X-Redis-Seconds"])
        return answer

    def _live(self) -> None:
        while not self._over.wait(BREATH):
            if not self._waiting:
                self._plan_visits()
            self._note("list", "GET", "/staff/visits")
            visit = self._waiting.pop()
            self._note("done", "POST", f"/staff/visits/{visit}/done", {"x": "1"})
            self.closed.append(visit)
            if link := self._fresh_link():
                self._note("rating", "POST", link, {"stars": "4", "comment": "Merci"})

    def _note(self, what: str, method: str, path: str, form: dict[str, str] | None = None) -> None:
        self.answers.append(self._ask(Answer(what, self.phase, time.monotonic()), method, path, form))

    def _plan_visits(self) -> None:
        """Visits of yesterday that nobody has closed, each of a client of its own."""
        self._waiting = plan_visits(self.database, self.sofia, [next(self._numbers) for _ in range(20)])

    def _fresh_link(self) -> str | None:
        """The link of a mail that has left and that nobody has answered."""
        if not self._links:
            sent = select(Message.public_id).where(Message.state == "sent", Message.kind == "ratings.request")
            found = set(self.database.all(sent.order_by(Message.id.desc()).limit(60))) - self._rated
            with self.database.app.app_context():
                self._links = [make_token("rate", public_id) for public_id in found]
            self._rated |= found
        return f"/r/{self._links.pop()}" if self._links else None

    def slowest(self) -> float:
        return max((answer.seconds for answer in self.answers), default=0.0)

    def judge(self, phases: Iterable[str]) -> None:
        """Everybody was answered; and while Redis is away, nobody waits for it but one request every few seconds.

        What is counted is the asking: how fast a busy machine is says nothing about whom its requests wait for.
        """
        assert {(a.what, a.status) for a in self.answers} == {("list", 200), ("done", 303), ("rating", 200)}
        calm = median(answer.seconds for answer in self.answers if answer.phase == "calm")
        for phase in phases:
            answers = [answer for answer in self.answers if answer.phase == phase]
            assert {answer.what for answer in answers} == {"list", "done", "rating"}, phase
            assert not any(answer.asked_redis for answer in answers if answer.what == "list")
            asked = [answer for answer in answers if answer.asked_redis]
            if phase in ("frozen", "killed", "full"):
                lasted = answers[-1].at - answers[0].at
                assert len(asked) <= 2 + lasted / queue.QUIET, phase
            assert median(answer.seconds for answer in answers) < max(TOO_SLOW, 3 * calm), phase
            assert all(answer.waited < TOO_SLOW for answer in asked), phase


def plan_visits(database: Database, sofia: Persona, numbers: Iterable[int]) -> list[int]:
    """Write visits of yesterday that wait to be closed; return their ids."""
    planned = []
    with database.writing():
        north = db.session.scalars(select(Sector).where(Sector.name == "Nord")).one()
        for number in numbers:
            service = factories.service(f"Passage {number}") if number % 20 == 0 or not planned else planned[-1].service
            client = factories.client("Hélène", f"Visitée {number}", north, f"v{number}@example.org")
            planned.append(factories.visit(client, service, [], factories.at(-1, 9)))
        return [visit.id for visit in planned]


def visitors_of(crew: Crew, database: Database, sofia: Persona, sign_in: SignIn) -> Visitors:
    browser = sign_in(sofia)
    token = browser.csrf_token()  # first: it is put into the cookie
    return Visitors(crew, database, sofia, str(browser.cookie()), token)
