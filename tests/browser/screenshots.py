"""Take the pictures that README and guides show: `make screenshots`. They come from a demo agency of their own."""

import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import new_context
from tests.browser.installation import Installation, sign_in
from tests.browser.tab import SWITCHES, Tab
from tests.browser.test_import import LINES, TITLES, csv_of

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
LARGEST = 150_000  # bytes: a README is read on phones too
PHONE, DESK = 390, 1280


class Camera:
    """Somebody of the demo agency at a screen, and a camera beside them."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.browser, self.address = browser, address

    @contextmanager
    def at(self, email: str, width: int) -> Generator[Tab]:
        """Sit down as a person of the demo, in French."""
        context = new_context(self.browser, language="fr", width=width)
        tab = Tab(context.new_page(), self.address)
        if width == DESK:
            tab.page.set_viewport_size({"width": DESK, "height": 640})
        if email:
            sign_in(tab, email)
        yield tab
        context.close()
        if tab.faults:
            raise SystemExit("\n".join(tab.faults))

    def shoot(self, page: Page, name: str, *, whole: bool = False) -> None:
        """Write docs/screenshots/NAME.png; `whole` takes the page as long as it is."""
        page.wait_for_function("document.fonts.ready.then(() => true)")
        path = FOLDER / f"{name}.png"
        page.screenshot(path=path, full_page=whole)
        size = path.stat().st_size
        if size > LARGEST:
            raise SystemExit(f"{path} has {size} bytes; {LARGEST} are allowed")
        sys.stdout.write(f"{path.relative_to(FOLDER.parents[1])}  {size // 1000} kB\n")


def door(camera: Camera) -> None:
    with camera.at("", PHONE) as tab:
        tab.open("/sign-in")
        camera.shoot(tab.page, "sign-in", whole=True)


def client(camera: Camera) -> None:
    with camera.at("client@example.org", PHONE) as tab:
        camera.shoot(tab.page, "client-visits")
        tab.page.locator(".hero a").tap()
        tab.page.locator("dialog[open] form").wait_for()
        tab.page.locator("label.rate-star").nth(3).tap()
        tab.page.locator("textarea").fill("Très douce, et à l’heure. Merci !")
        camera.shoot(tab.page, "rating-window")


def worker(camera: Camera) -> None:
    with camera.at("worker@example.org", PHONE) as tab:
        camera.shoot(tab.page, "worker-today")


def desk(camera: Camera) -> None:
    with camera.at("coordinator@example.org", DESK) as tab:
        camera.shoot(tab.page, "staff-visits")
        tab.open("/staff/imports")
        next_week = f"{date.today() + timedelta(days=7):%d/%m/%Y}"  # noqa: DTZ011 - any day to come will do
        lines = [[name, day if day.startswith("31/02") else next_week, *rest] for name, day, *rest in LINES]
        file = {"name": "planning.csv", "mimeType": "text/csv", "buffer": csv_of([TITLES, *lines], "utf-8")}
        tab.page.locator("input[type=file]").set_input_files([file])  # ty: ignore[invalid-argument-type]
        tab.page.locator("main form[enctype] button[type=submit]").click()
        tab.page.locator("#import table").wait_for()
        camera.shoot(tab.page, "import-preview")


def mail(camera: Camera) -> None:
    """Close the visit that is under way; the outbox shows the mail that will ask about it."""
    with camera.at("coordinator@example.org", DESK) as tab:
        tab.page.locator("tr", has_text="En cours").locator("button").first.click()
        tab.page.locator("#status", has_text="réalisée").wait_for()
        tab.open("/staff/outbox")
        preview = str(tab.page.locator("#messages a[href*='/outbox/']").first.get_attribute("href")) + "/preview"
        tab.page.set_viewport_size({"width": PHONE, "height": 400})
        tab.open(preview)
        camera.shoot(tab.page, "rating-mail", whole=True)


def ratings(camera: Camera) -> None:
    with camera.at("quality@example.org", DESK) as tab:
        tab.open("/staff/ratings")
        camera.shoot(tab.page, "staff-ratings")


PICTURES: list[Callable[[Camera], None]] = [door, client, worker, desk, mail, ratings]


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="suivi-pictures-") as folder, sync_playwright() as playwright:
        installation = Installation(Path(folder) / "data")
        try:
            installation.fill()
            installation.start()
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=SWITCHES)
            for take in PICTURES:
                take(Camera(browser, installation.address))
            browser.close()
        finally:
            installation.end()


if __name__ == "__main__":
    main()
