"""A link is in the mail and nowhere else: no log, no queue, no header, no export, no list of staff."""

import os
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Generator
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import text

from portal.extensions import db
from portal.processes import die_with_parent
from portal.supervisor import Supervisor
from tests.conftest import LINK_KEY, Database, SignIn
from tests.factories import Agency
from tests.pages import Browser
from tests.ratings.conftest import Asked
from tests.servers import free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]


def is_told(asked: Asked, said: str) -> bool:
    """Whether somebody who reads this could open the link, or name its row."""
    unsubscribe = asked.unsubscribe.rsplit("/", 1)[1]
    return any(secret in said for secret in (asked.token, unsubscribe, asked.token[:22], asked.token[22:]))


class Site:
    """The web server as `flask up` starts it, with its log."""

    def __init__(self, app: Flask, folder: Path, env: str) -> None:
        self.port, self.log = free_port(), folder / "web.log"
        command = Supervisor(app, "127.0.0.1", self.port)._gunicorn()
        environ = {key: value for key, value in os.environ.items() if not key.startswith("PORTAL_")} | {
            "PORTAL_ENV": env,
            "PORTAL_DATA_DIR": str(folder / "data"),
            "PORTAL_DATABASE_URL": app.config["PORTAL_DATABASE_URL"],
            "PORTAL_SECRET_KEY": app.config["SECRET_KEY"],
            "PORTAL_LINK_KEYS": LINK_KEY,
            "PORTAL_BASE_URL": "http://127.0.0.1",
            "PORTAL_REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environ, stdout=log, stderr=log, preexec_fn=die_with_parent
            )

    def ask(self, path: str, form: bytes | None = None) -> int:
        opened = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", form)
        try:
            with urllib.request.urlopen(opened, timeout=30) as answer:  # noqa: S310
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


@pytest.fixture(params=["production", "development"])
def site(request: pytest.FixtureRequest, app: Flask, tmp_path: Path) -> Generator[Site]:
    made = Site(app, tmp_path, request.param)
    wait_until(lambda: made.ask("/healthz") == 200, "the web server")
    yield made
    made.process.terminate()
    made.process.wait(30)


@pytest.mark.processes
def test_the_web_servers_log_tells_no_link_whatever_happens(
    asked: Asked, site: Site, database: Database, app: Flask
) -> None:
    assert site.ask(f"{asked.link}?stars=4") == 200
    assert site.ask(asked.link, b"stars=") == 422
    assert site.ask(asked.link[:-1]) == 404
    assert site.ask(f"{asked.link}?stars=%ED%A0%80") == 200
    assert site.ask(f"/r/{asked.token}%00") == 404
    assert site.ask(f"/r/{asked.token}{'A' * 9000}") in (400, 404, 414)  # refused by the web server itself
    assert site.ask(asked.unsubscribe) == 200
    assert site.ask(asked.link, b"stars=4") == 200
    with app.app_context():
        db.session.execute(
            text("DROP TABLE rating CASCADE" if "postgres" in str(db.engine.url) else "DROP TABLE rating")
        )
        db.session.commit()
    assert site.ask(asked.link) == 500
    assert site.ask(asked.link, b"stars=3&comment=Merci") == 500
    wait_until(lambda: "rating" in site.said(), "the faults in the log")
    assert not is_told(asked, site.said()), site.said()


def test_the_queue_is_told_no_link(asked: Asked, stranger: Browser, valkey: str) -> None:
    """The answer to a rating is a hint at most; whatever lies in Redis, no link does."""
    stranger.get(asked.link).form("Save").submit(stars="1", comment="Mauvais")
    with Redis.from_url(valkey) as client:
        held = []
        for key in client.scan_iter("*"):
            held.append(key.decode())
            kind = client.type(key)
            if kind == b"hash":
                held += [str(pair) for pair in client.hgetall(key).items()]
            elif kind == b"list":
                held += [str(one) for one in client.lrange(key, 0, -1)]
    assert not is_told(asked, " ".join(held))


def test_no_page_of_staff_or_client_shows_a_link(asked: Asked, agency: Agency, sign_in: SignIn) -> None:
    staff, client = sign_in(agency.ines), sign_in(agency.claire)
    pages = ["/staff/outbox", "/staff/ratings", f"/staff/visits/{asked.visit}", "/staff/visits"]
    said = [staff.get(page).html for page in pages] + [client.get("/client/visits").html]
    for message in set(re.findall(r"/staff/outbox/\d+(?:/preview)?", said[0])):
        said.append(staff.get(message).html)
    assert len(said) > len(pages) + 1
    assert not is_told(asked, " ".join(said))


def test_pages_behind_a_link_are_for_one_person_and_give_nothing_on(stranger: Browser, asked: Asked) -> None:
    for path in (asked.link, asked.unsubscribe, asked.link[:-1]):
        page = stranger.get(path)
        headers = page.headers
        assert headers["X-Robots-Tag"] == "noindex"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert not is_told(asked, page.title)
        assert not any(is_told(asked, value) for name, value in headers.items())
        elsewhere = [
            tag["href"] for tag in page.soup.select("a[href]") if not str(tag["href"]).startswith(("/", "?", "#"))
        ]
        assert elsewhere == [], "nobody else is told where one comes from"
        for secret in ("Lefèvre", "claire@example.org", "rue", "+33"):
            assert secret not in page.words
