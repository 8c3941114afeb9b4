"""The pictures of the user guides that tell of incidents and conversations, in each language."""

from collections.abc import Callable
from datetime import date, timedelta

from playwright.sync_api import expect

from tests.browser.camera import DESK, PHONE, Camera
from tests.browser.guide_pictures import ADMINISTRATOR, CLIENT, COORDINATOR, QUALITY
from tests.browser.tab import Tab

SAID = {
    "fr": {
        "report": "L’intervenant devait être là depuis vingt minutes.",
        "internal": "Son fils est prévenu. Repasser la voir demain matin.",
        "answer": "Merci. Nous avons appelé son fils, il arrive.",
        "thanks": "Merci, je vais bien.",
    },
    "ru": {
        "report": "Исполнителя нет уже двадцать минут.",
        "internal": "Сын предупреждён. Навестить её завтра утром.",
        "answer": "Спасибо. Мы позвонили её сыну, он едет.",
        "thanks": "Спасибо, со мной всё хорошо.",
    },
    "en": {
        "report": "The worker should have been here for twenty minutes.",
        "internal": "Her son knows. Call on her again tomorrow morning.",
        "answer": "Thank you. We have called her son, he is on his way.",
        "thanks": "Thank you, I am fine.",
    },
}
DOWN_TO_THE_MENU = """box => {
    const menu = document.querySelector("nav.bar");
    scrollBy(0, box.getBoundingClientRect().bottom + 8 - menu.getBoundingClientRect().top);
}"""


def follow(camera: Camera) -> None:
    """The agency answers what the worker has just reported: who takes care of it, a word within, a word to all."""
    said = SAID[camera.language]
    with camera.at(COORDINATOR, DESK, height=1000) as tab:
        tab.open("/staff/threads")
        tab.page.locator("#threads a[href*='/threads/']").first.click()
        tab.page.locator("#incident a[href$='follow-up']").click()
        window = tab.page.locator("dialog[open]")
        window.locator("select[name=owner_id]").select_option(index=1)
        window.locator("input[name=due_on]").fill(str(date.today() + timedelta(days=2)))  # noqa: DTZ011 - any day
        window.locator(".sheet-foot button").first.click()
        expect(window).to_be_hidden()
        _say(tab, said["internal"], "agency")
        _say(tab, said["answer"], "all")
        tab.open(thread := tab.path)
        camera.shoot(tab.page, "staff-thread")
    with camera.at(CLIENT, PHONE) as tab:
        tab.open(thread.replace("staff", "client"))
        tab.page.locator("#write textarea").fill(said["thanks"])
        tab.page.locator("#write .field").first.evaluate(DOWN_TO_THE_MENU)
        camera.shoot(tab.page, "client-thread")


def _say(tab: Tab, text: str, audience: str) -> None:
    choice = tab.page.locator(f"input[value={audience}]")
    tab.page.locator(".write-audience label").filter(has=choice).click()
    tab.page.locator("#write textarea").fill(text)
    tab.page.locator("#write .write-send button").click()
    expect(tab.page.locator("#messages .said", has_text=text)).to_be_visible()
    expect(tab.page.locator("#write textarea")).to_have_value("")


def declare(camera: Camera) -> None:
    with camera.at(CLIENT, PHONE) as tab:
        tab.page.locator("main a[href$='/incident']").first.tap()
        window = tab.page.locator("dialog[open]")
        window.locator("input[name=reason]").nth(2).check()
        camera.shoot(tab.page, "client-declare")
        window.locator("textarea").fill(SAID[camera.language]["report"])
        window.locator(".sheet-foot button[type=submit]").tap()
        tab.page.locator("#messages .said").wait_for()


def control(camera: Camera) -> None:
    with camera.at(QUALITY, DESK, height=960) as tab:
        tab.open("/staff/incidents?period=last_7_days")
        tab.page.locator(".control-table").wait_for()
        camera.shoot(tab.page, "staff-incidents")


def reasons(camera: Camera) -> None:
    with camera.at(ADMINISTRATOR, DESK, height=860) as tab:
        tab.open("/staff/reasons")
        tab.open(str(tab.page.locator("main tbody a[href$=reasons]").last.get_attribute("href")))
        camera.shoot(tab.page, "admin-reasons")


OF_THE_DEMO: list[Callable[[Camera], None]] = [follow, declare, control, reasons]
