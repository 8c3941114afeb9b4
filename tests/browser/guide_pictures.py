"""The pictures of the user guides, in each language: who sits where, and what they do until the picture is taken.

Each language has a demo agency of its own, so that a deed in one does not show in the next, and a portal that nobody
has set up yet. Mails go to a server of the script's.
"""

import re
from collections.abc import Callable
from datetime import date, timedelta

from tests.browser.camera import DESK, PHONE, Camera
from tests.browser.tab import Tab
from tests.browser.test_import import LINES, TITLES, csv_of
from tests.conftest import Postman, text_of
from tests.factories import code_of_phone
from tests.servers import wait_until

CLIENT, WORKER, COORDINATOR = "client@example.org", "worker@example.org", "coordinator@example.org"
QUALITY, ADMINISTRATOR = "quality@example.org", "admin@example.org"
PASSWORD = "quatre chats mangent dehors"
COMMENTS = {
    "fr": "Très douce, et à l’heure. Merci !",
    "ru": "Очень внимательная, и вовремя. Спасибо!",
    "en": "Very gentle, and on time. Thank you!",
}
REASONS = {
    "fr": "La cliente est à l’hôpital jusqu’à vendredi.",
    "ru": "Клиентка в больнице до пятницы.",
    "en": "The client is in hospital until Friday.",
}


def mailed_link(postman: Postman, kind: str) -> str:
    """Wait for a mail with a link of a kind; return that link."""

    def found() -> str:
        texts = (text_of(mail) for mail in reversed(postman.received))
        return next((link[0] for text in texts if (link := re.search(rf"http://\S+/{kind}/[\w-]+", text))), "")

    wait_until(found, f"a mail with /{kind}/")
    return found()


# ---- the demo agency ----


def door(camera: Camera) -> None:
    with camera.at("", PHONE) as tab:
        tab.open("/sign-in")
        camera.shoot(tab.page.locator("main form").first, "client-door")


def client(camera: Camera) -> None:
    with camera.at(CLIENT, PHONE) as tab:
        tab.open("/client/account")
        tab.page.locator(f"main button[name=language][value={camera.language}]").tap()  # her mails follow
        tab.page.locator("main [aria-pressed=true]").wait_for()
        camera.shoot(tab.page.locator("section:has(form[action*='requests'])").first, "client-requests")
        camera.shoot(tab.page.locator("section:has(.places)"), "client-devices")
        tab.open("/client/visits")
        camera.shoot(tab.page, "client-visits")
        tab.page.locator(".hero a").tap()
        tab.page.locator("dialog[open] form").wait_for()
        tab.page.locator("label.rate-star").nth(3).tap()
        tab.page.locator("textarea").fill(COMMENTS[camera.language])
        camera.shoot(tab.page, "client-rating")


def link(camera: Camera) -> None:
    """Sign in without a password: the mail, and the page that it opens."""
    assert camera.postman
    with camera.at("", PHONE) as tab:
        tab.open("/sign-in/link")
        tab.page.locator("main input[name=email]").fill(CLIENT)
        tab.page.locator("main form button[type=submit]").first.tap()
        tab.open(mailed_link(camera.postman, "sign-in"))
        camera.shoot(tab.page.locator("main form").first, "client-link")


def worker(camera: Camera) -> None:
    with camera.at(WORKER, PHONE) as tab:
        camera.shoot(tab.page, "worker-today")
        tab.open("/worker/week")
        camera.shoot(tab.page, "worker-week")
        tab.open("/worker/account")
        camera.shoot(tab.page, "worker-account", whole=True)


def mail(camera: Camera) -> None:
    """A visit that nobody has closed is marked as done: its mail leaves at once, at whatever hour this runs."""
    assert camera.postman
    run = camera.installation.flask
    run("settings", "set", "ratings.request_window", "always")
    run("settings", "set", "ratings.avoid_holidays", "no")
    with camera.at(COORDINATOR, DESK) as tab:
        tab.open("/staff/visits?state=past&client=Lef")
        tab.page.locator("#visits tr button").first.click()
        tab.page.locator("#status:not(:empty)").wait_for()
        page = tab.page.locator("#visits tbody a").first.get_attribute("href")
        run("outbox", "sweep", "--inline")
        rating = mailed_link(camera.postman, "r")
        run("settings", "set", "ratings.request_window", "mon-sat 09:00-19:00")
        run("settings", "set", "ratings.avoid_holidays", "yes")
        tab.open(str(page))
        camera.shoot(tab.page, "staff-visit", whole=True)
        tab.open("/staff/outbox?kind=ratings.request&state=sent")
        message = str(tab.page.locator("#messages a[href*='/outbox/']").first.get_attribute("href"))
        tab.open(message)
        tab.page.frame_locator("iframe").locator("a").first.wait_for()
        camera.shoot(tab.page, "staff-message")
        tab.page.set_viewport_size({"width": PHONE, "height": 400})
        tab.open(f"{message}/preview")
        camera.shoot(tab.page, "client-mail", whole=True)
    with camera.at("", PHONE) as tab:
        tab.open(f"{rating}?stars=4")
        camera.shoot(tab.page, "client-answer", whole=True)


def desk(camera: Camera) -> None:
    with camera.at(COORDINATOR, DESK) as tab:
        tab.open("/staff/visits")
        camera.shoot(tab.page, "staff-visits")
        tab.open("/staff/home")
        camera.shoot(tab.page, "staff-home")
        tab.open("/staff/ratings")
        camera.shoot(tab.page, "staff-ratings")
        tab.open("/staff/visits?state=planned&client=Lef")
        tab.page.locator("#visits tbody a[href$=cancellation]").first.click()
        tab.page.locator("dialog[open] textarea").fill(REASONS[camera.language])
        camera.shoot(tab.page, "staff-cancel")


def imports(camera: Camera) -> None:
    with camera.at(COORDINATOR, DESK, height=800) as tab:
        tab.open("/staff/imports")
        next_week = f"{date.today() + timedelta(days=7):%d/%m/%Y}"  # noqa: DTZ011 - any day to come will do
        lines = [[name, day if day.startswith("31/02") else next_week, *rest] for name, day, *rest in LINES]
        file = {"name": "planning.csv", "mimeType": "text/csv", "buffer": csv_of([TITLES, *lines], "utf-8")}
        tab.page.locator("input[type=file]").set_input_files([file])  # ty: ignore[invalid-argument-type]
        tab.page.locator("main form[enctype] button[type=submit]").click()
        tab.page.locator("#import table").wait_for()
        camera.shoot(tab.page, "staff-import")


def messages(camera: Camera) -> None:
    """Messages in several states: one more has been taken back."""
    with camera.at(QUALITY, DESK) as tab:
        tab.open("/staff/outbox?kind=ratings.reminder&state=scheduled")
        waiting = tab.page.locator("#messages a[href*='/outbox/']").first.get_attribute("href")
        tab.open(f"{waiting}/cancellation")
        tab.page.locator(".sheet-foot button").click()
        tab.is_at(str(waiting))
        tab.open("/staff/outbox")
        camera.shoot(tab.page, "staff-messages")
        tab.open("/staff/outbox/hold")
        camera.shoot(tab.page, "staff-hold")
        tab.open("/staff/account/second-factor")
        camera.shoot(tab.page, "staff-code")


def access(camera: Camera) -> None:
    with camera.at(COORDINATOR, DESK, height=800) as tab:
        tab.open("/staff/visits?client=Lef")
        tab.page.locator("#visits tbody td:first-child a").first.click()
        tab.page.locator("a[href$='/access']").first.click()
        tab.page.locator(".access").wait_for()
        camera.shoot(tab.page, "staff-access")


def _number_of(tab: Tab, name: str, records: str) -> str:
    """The number of a record, found in its list by the beginning of a name."""
    tab.open(f"/staff/{records}?q={name}")
    return str(tab.page.locator(f"#records tbody a[href*='/{records}/']").first.get_attribute("href")).split("/")[-1]


def records(camera: Camera) -> None:
    """A client's record, her planning with the menu of a visit, and the stars that she gave on the telephone."""
    with camera.at(COORDINATOR, DESK, height=860) as tab:
        record = f"/staff/clients/{_number_of(tab, 'Lef', 'clients')}"
        tab.open(record)
        camera.shoot(tab.page, "staff-client")
        tab.open("/staff/visits?state=past&client=Lef")
        tab.page.locator("#visits tbody td:first-child a").first.click()
        tab.open(str(tab.page.locator("main a[href*='/planning?day=']").first.get_attribute("href")))
        tab.page.locator(".slot.past .slot-open").first.click(button="right")
        tab.page.locator(".slot-menu:popover-open").wait_for()
        camera.shoot(tab.page, "staff-planning")
        tab.open(f"{record}/workers")
        tab.page.locator("main a.btn[href*='/rating']").first.click()
        dialog = tab.page.locator("dialog[open]")
        dialog.locator("label.rate-star").nth(4).click()
        dialog.locator("textarea").fill(COMMENTS[camera.language])
        dialog.locator("#how label").first.click()
        camera.shoot(tab.page, "staff-behalf")


def objections(camera: Camera) -> None:
    """A visit every week, whose worker is already elsewhere on the first day: said before anything is saved."""
    with camera.at(COORDINATOR, DESK, height=860) as tab:
        worker = _number_of(tab, "Aïs", "workers")
        tab.open("/staff/visits?state=planned&worker=Aïs&client=Lef")
        tab.page.locator("#visits tbody td:first-child a").last.click()
        day = date.fromisoformat(str(tab.page.locator("a[href*='planning?day=']").first.get_attribute("href"))[-10:])
        client = _number_of(tab, "Mor", "clients")
        tab.open(f"/staff/visits/new?client_id={client}&worker_id={worker}&day={day}&hour=10")
        tab.page.locator("select[name=service]").select_option(index=2)
        tab.page.locator("input[name=until]").fill(str(day + timedelta(weeks=3)))
        tab.page.locator("main form button.btn[type=submit]").last.click()
        tab.page.locator("#objections").wait_for()
        camera.shoot(tab.page, "staff-objections")


def controls(camera: Camera) -> None:
    with camera.at(QUALITY, DESK, height=1000) as tab:
        tab.open("/staff/controls/quality?period=last_3_months")
        tab.page.locator(".control-table").wait_for()
        camera.shoot(tab.page, "staff-control")


def configuration(camera: Camera) -> None:
    with camera.at(ADMINISTRATOR, DESK, height=800) as tab:
        for group in ("modules", "requests"):
            tab.open(f"/staff/settings?group={group}")
            camera.shoot(tab.page, f"admin-{group}", whole=group == "modules")
        tab.open("/staff/accounts")
        camera.shoot(tab.page, "admin-accounts")
        tab.open("/staff/journal?period=last_7_days")
        tab.page.locator(".control-table").wait_for()
        camera.shoot(tab.page, "admin-journal")


# ---- a portal that nobody has set up ----


def first_run(camera: Camera) -> None:
    with camera.at("", DESK, height=800) as tab:
        tab.open("/setup")
        camera.shoot(tab.page.locator("main form").first, "admin-begin")
        _become_administrator(camera, tab)
        tab.open("/staff/setup")
        camera.shoot(tab.page, "admin-steps")
        tab.page.locator("input[name='agency.name']").fill("Maison & Soins")
        tab.page.locator("main form button.btn[type=submit]").last.click()
        tab.page.locator("#test-mail form button").click()
        tab.page.locator("#test-mail [data-tone=done]").wait_for(timeout=90_000)
        camera.shoot(tab.page, "admin-sender")


def _become_administrator(camera: Camera, tab: Tab) -> None:
    code = re.search(r"\w{4}-\w{4}-\w{4}", camera.installation.flask("setup-code"))
    assert code
    person = {"code": code[0], "first_name": "Ada", "last_name": "Martin", "email": ADMINISTRATOR,
              "password": PASSWORD, "confirm": PASSWORD}  # fmt: skip
    for name, value in person.items():
        tab.page.locator(f"input[name={name}]").fill(value)
    tab.page.locator("main form button[type=submit]").last.click()
    tab.is_at("/staff/account/second-factor")
    tab.page.locator("button[value=start]").click()
    secret = str(tab.page.locator("#key").text_content()).replace(" ", "")
    tab.page.locator("input[name=code]").fill(code_of_phone(secret))
    tab.page.locator(".sheet-foot button").click()
    tab.page.locator("input[name=kept]").check()
    tab.page.locator(".sheet-foot button").click()
    tab.is_at("/staff/account/second-factor")


OF_THE_DEMO: list[Callable[[Camera], None]] = [
    door, client, link, worker, records, objections, controls, desk, imports, mail, messages, access, configuration,
]  # fmt: skip
OF_A_NEW_PORTAL: list[Callable[[Camera], None]] = [first_run]
