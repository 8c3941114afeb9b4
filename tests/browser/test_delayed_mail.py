"""The heart, untouched: real processes, a real minute, a mail server outside, and the link in the mail.

Nothing here sends, sweeps or moves a clock. A visit is brought in and marked as done on the pages; then the mail comes
by itself.
"""

import http.client
import time
from collections.abc import Generator
from contextlib import closing
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, expect

from tests.browser.conftest import new_context
from tests.browser.installation import Installation, sign_in
from tests.browser.tab import Tab
from tests.browser.test_import import bring_in, confirm, figures
from tests.browser.visits import Window
from tests.conftest import Postman, text_of
from tests.servers import Cluster, free_port, wait_until

pytestmark = pytest.mark.processes

CLIENT = "Анна Иванова"  # reads Russian; the coordinator reads English
DELAY, LATEST = 60, 150  # seconds between the click and the mail: the minute of the option, and a ticker's minute
SUSPECT = 6  # seconds within which an answer counts as a machine's
SCANNER = 4  # times that a mail scanner opens a link


class Clocked(Postman):
    """Notes when each mail came."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.times.append(time.monotonic())
        return await super().handle_DATA(server, session, envelope)


@pytest.fixture
def outside() -> Generator[tuple[Clocked, str]]:
    """A mail server that knows nothing of the portal."""
    taker, port = Clocked(), free_port()
    server = Controller(taker, hostname="127.0.0.1", port=port)
    server.start()
    yield taker, f"smtp://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def installation(tmp_path: Path, cluster: Cluster | None) -> Generator[Installation]:
    made = Installation(tmp_path / "data", cluster.new_database() if cluster else "")
    yield made
    made.end()


def test_a_visit_marked_as_done_is_rated_from_the_mail_that_comes_by_itself(
    installation: Installation, outside: tuple[Clocked, str], browser: Browser
) -> None:
    postman, smtp_url = outside
    installation.fill()
    installation.flask("settings", "set", "ratings.request_delay_minutes", "1")
    installation.flask("settings", "set", "ratings.request_window", "always")
    installation.flask("settings", "set", "ratings.avoid_holidays", "no")  # today may be one
    installation.start(PORTAL_SMTP_URL=smtp_url)

    desk = Tab(new_context(browser, width=1280).new_page(), installation.address)
    sign_in(desk, "coordinator@example.org")
    bring_in_a_visit_that_is_under_way(desk)
    begun = mark_it_as_done(desk)
    wait_until(lambda: postman.received, "the mail that asks for a rating", LATEST + 5)
    assert DELAY - 1 <= postman.times[0] - begun <= LATEST

    mail = postman.received[0]
    links = check_the_mail(mail)
    scanner_opens(links.values(), mail)
    wait_until(lambda: time.monotonic() - postman.times[0] > SUSPECT, "a person's pace", SUSPECT + 1)

    phone = Tab(new_context(browser, language="ru").new_page(), installation.address)
    rate_from_the_link(phone, links[4])
    assert second_answer_is_refused(links[1]) == 409
    phone.open(links[1])
    expect(phone.page.locator(".given")).to_contain_text("4")
    expect(phone.page.locator("input[name=stars]")).to_have_count(0)

    desk.open("/staff/ratings")
    newest = desk.page.locator(".voice").first
    expect(newest).to_contain_text(CLIENT)
    expect(newest).to_contain_text("Пришёл вовремя.")
    expect(newest).to_contain_text("By mail")

    unsubscribe_in_one_click(mail)
    assert len(postman.received) == 1, [received["Subject"] for received in postman.received]
    assert not desk.faults + phone.faults
    installation.press_ctrl_c()
    assert installation.exit_code() == 0
    assert "Traceback" not in installation.said()


def bring_in_a_visit_that_is_under_way(desk: Tab) -> None:
    """As the coordinator, import a visit that began half an hour ago; workers of the queue read and write the file."""
    start = datetime.now(ZoneInfo("Europe/Paris")) - timedelta(minutes=30)
    line = f"{CLIENT};{start:%d/%m/%Y};{start:%H:%M};Ménage;Wassim Haddad;90"
    content = f"Client;Date;Heure de début;Prestation;Intervenant;Durée\n{line}\n"
    bring_in(desk, "planning.csv", content.encode())
    assert figures(desk) == {"All lines": 1, "To create": 1}
    confirm(desk)


def mark_it_as_done(desk: Tab) -> float:
    """Close the visit on the page; return when."""
    desk.open("/staff/visits")
    row = desk.page.locator("tr", has_text="In progress").filter(has_text=CLIENT)
    expect(row).to_have_count(1)
    begun = time.monotonic()
    row.get_by_role("button", name="Mark as done").click()
    expect(desk.page.locator("#status")).to_contain_text("The visit is marked as done.")
    return begun


def check_the_mail(mail: EmailMessage) -> dict[int, str]:
    """It is in the language of the person who receives it, and has all links; return those of the stars."""
    assert mail["To"].addresses[0].addr_spec == "anna.ivanova@example.org"
    assert mail["Content-Language"] == "ru"
    html, text = text_of(mail, "html"), text_of(mail)
    page = BeautifulSoup(html, "html5lib")
    addresses = [str(tag["href"]) for tag in page.select("a[href]")]
    links = {int(address[-1]): address for address in addresses if "?stars=" in address}
    assert sorted(links) == [0, 1, 2, 3, 4, 5]
    assert all(link in text for link in links.values()), "the plain text has the same links"
    assert "Хорошо" in html
    assert "Хорошо" in text
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Unsubscribe"].strip("<>") in addresses
    assert not page.select("img, svg"), "it reads without pictures"
    return links


def scanner_opens(links, mail: EmailMessage) -> None:
    """Open every link like a scanner, with HEAD and GET, several times."""
    for _ in range(SCANNER):
        for link in (*links, mail["List-Unsubscribe"].strip("<>")):
            assert request("HEAD", link) == 200
            assert request("GET", link) == 200


def rate_from_the_link(phone: Tab, link: str) -> None:
    """Two taps, the link in the mail and *Save*; and a comment."""
    assert phone.open(link) == 200
    window = Window(phone, "ru")
    expect(window.star(4)).to_be_checked()
    window.comment.fill("Пришёл вовремя.")
    window.save.tap()
    expect(phone.page.locator("h1")).to_contain_text("Спасибо")
    expect(phone.page.locator(".given")).to_contain_text("Пришёл вовремя.")
    assert phone.page.context.cookies() == [], "nobody was signed in, and nothing was left on the phone"


def second_answer_is_refused(link: str) -> int:
    return request("POST", link, "stars=1&comment=no&website=")


def unsubscribe_in_one_click(mail: EmailMessage) -> None:
    """What a mail program does at its own button (RFC 8058): a POST without cookie or question; then again."""
    link = mail["List-Unsubscribe"].strip("<>")
    for _ in range(2):
        assert request("POST", link, "List-Unsubscribe=One-Click") == 200


def request(method: str, address: str, body: str | None = None) -> int:
    """Ask as a machine does, without cookies; return the status."""
    parts = urlsplit(address)
    with closing(http.client.HTTPConnection(parts.netloc, timeout=20)) as connection:
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, body, headers)
        return connection.getresponse().status
