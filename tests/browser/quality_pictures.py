"""The pictures of the user guides that tell of notes, complaints and adverse events, in each language."""

from collections.abc import Callable
from datetime import date

from playwright.sync_api import expect

from tests.browser.camera import DESK, PHONE, Camera
from tests.browser.guide_pictures import ADMINISTRATOR, CLIENT, COORDINATOR, QUALITY, WORKER
from tests.browser.tab import Tab

SAID = {
    "fr": {
        "complaint": "Le lit n’est pas fait depuis trois jours.",
        "facts": "Madame a glissé en se levant. Elle a un bleu au bras.",
    },
    "ru": {
        "complaint": "Постель не заправлена уже три дня.",
        "facts": "Клиентка поскользнулась, вставая. На руке синяк.",
    },
    "en": {
        "complaint": "The bed has not been made for three days.",
        "facts": "She slipped as she got up. There is a bruise on her arm.",
    },
}
UP = "(element, above) => scrollTo(0, element.getBoundingClientRect().top + scrollY - above)"
ABOVE = 24


def complaint(camera: Camera) -> None:
    with camera.at(CLIENT, PHONE) as tab:
        tab.open("/client/complaints/new")
        for name in ("about", "subject_id"):
            tab.page.locator(f"#{name}").select_option(index=1)
        tab.page.locator("#text").fill(SAID[camera.language]["complaint"])
        _to_the_top(tab, "main form")
        camera.shoot(tab.page, "client-complaint")


def short_report(camera: Camera) -> None:
    """The second of the two screens: how grave it is, and who may know."""
    camera.installation.flask("settings", "set", "adverse_events.portal", "yes")
    with camera.at(WORKER, PHONE) as tab:
        tab.open("/worker/adverse-events/new")
        tab.page.locator("#day").fill(str(date.today()))  # noqa: DTZ011 - any day will do
        tab.page.locator("#hour").fill("00:01")
        for name in ("subject", "category"):
            tab.page.locator(f"#{name}").select_option(index=1)
        tab.page.locator("#facts").fill(SAID[camera.language]["facts"])
        tab.page.locator("main form button[type=submit]").tap()
        tab.page.locator("[name=gravity][value=light]").check()
        _to_the_top(tab, "fieldset:has([name=gravity])")
        camera.shoot(tab.page, "worker-report")


def reminders(camera: Camera) -> None:
    with camera.at(COORDINATOR, DESK, height=860) as tab:
        tab.open("/staff/reminders")
        camera.shoot(tab.page, "staff-reminders")


def step(camera: Camera) -> None:
    """The step of a report that says how severe it was, with a level that is proposed."""
    with camera.at(COORDINATOR, DESK, height=960) as tab:
        tab.open("/staff/adverse-events/drafts")
        tab.page.locator("form[action$=begin] button").first.click()
        tab.page.wait_for_url("**/who")
        tab.open(tab.path.replace("/who", "/effects"))
        tab.page.locator("input[name=consequences][value=minor_injury]").check()
        expect(tab.page.locator("#proposal")).not_to_be_empty()
        tab.page.locator("input[name=severity]").nth(1).check()
        camera.shoot(tab.page, "staff-step")


def event(camera: Camera) -> None:
    """A serious one under way: how critical it is, and the authority whose clock runs."""
    with camera.at(QUALITY, DESK, height=1000) as tab:
        tab.open("/staff/adverse-events?period=last_12_months&state=progress")
        tab.page.locator(".control-table tbody a").first.click()
        tab.page.locator("#triage").wait_for()
        _to_the_top(tab, "#triage")
        camera.shoot(tab.page, "staff-event")


def complaint_page(camera: Camera) -> None:
    with camera.at(COORDINATOR, DESK, height=860) as tab:
        tab.open("/staff/complaints?period=last_12_months&client=Lef")
        tab.page.locator(".control-table tbody a[href*='/staff/complaints/']").first.click()
        tab.page.locator("#deed-answer").wait_for()
        camera.shoot(tab.page, "staff-complaint")


def figures(camera: Camera) -> None:
    with camera.at(QUALITY, DESK, height=1400) as tab:
        tab.open("/staff/adverse-events?period=last_12_months")
        tab.page.locator(".control-table").wait_for()
        camera.shoot(tab.page, "staff-events")


def lists(camera: Camera) -> None:
    with camera.at(ADMINISTRATOR, DESK, height=860) as tab:
        tab.open("/staff/lists/event")
        camera.shoot(tab.page, "admin-list")


def _to_the_top(tab: Tab, place: str) -> None:
    """Roll until something stands at the top of the screen."""
    tab.page.locator(place).first.evaluate(UP, ABOVE)


OF_THE_DEMO: list[Callable[[Camera], None]] = [
    complaint, short_report, reminders, step, event, complaint_page, figures, lists,
]  # fmt: skip
