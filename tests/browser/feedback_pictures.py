"""The pictures of README and user guides that tell of what clients are asked and what becomes of it."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.camera import DESK, PHONE, Camera
from tests.browser.guide_pictures import ADMINISTRATOR, COORDINATOR, QUALITY, WORKER

PERIOD = "period=this_year"


def survey(camera: Camera) -> None:
    """With one criterion more than the demo asks for: the windows beside the form follow."""
    with camera.at(QUALITY, DESK, height=1100) as tab:
        tab.open("/staff/survey")
        tab.page.locator("select[name=criterion_1]").select_option(index=1)
        expect(tab.page.locator(".phone .criterion").first).to_be_visible()
        camera.shoot(tab.page, "admin-question")


def texts(camera: Camera) -> None:
    with camera.at(ADMINISTRATOR, DESK, height=800) as tab:
        tab.open("/staff/notifications")
        camera.shoot(tab.page, "admin-texts")


def analytics(camera: Camera) -> None:
    with camera.at(QUALITY, DESK, height=1120) as tab:
        tab.open(f"/staff/analytics/feedback?{PERIOD}")
        camera.shoot(tab.page, "staff-analytics")
        tab.open(f"/staff/analytics/feedback?{PERIOD}&by=worker")
        camera.shoot(tab.page.locator(".rated-by").first, "staff-by-worker")


def months(camera: Camera) -> None:
    with camera.at(QUALITY, DESK) as tab:
        tab.open("/staff/analytics/months")
        camera.shoot(tab.page, "staff-months")


def live(camera: Camera) -> None:
    with camera.at(COORDINATOR, DESK) as tab:
        tab.open("/staff/live")
        camera.shoot(tab.page, "staff-live")


def own_ratings(camera: Camera) -> None:
    with camera.at(WORKER, PHONE) as tab:
        tab.open("/worker/ratings")
        tab.page.locator("main form button[type=submit]").tap()  # the notice, once
        tab.page.locator(".average").wait_for()
        camera.shoot(tab.page, "worker-ratings")


OF_THE_DEMO: list[Callable[[Camera], None]] = [survey, texts, analytics, months, live, own_ratings]
