"""Take the pictures that README and guides show: `make screenshots`. They come from demo agencies of their own."""

import tempfile
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from aiosmtpd.controller import Controller
from playwright.sync_api import sync_playwright

from tests.browser import feedback_pictures, guide_pictures, incident_pictures, quality_pictures
from tests.browser.camera import DESK, FOLDER, PHONE, Camera
from tests.browser.installation import Installation
from tests.browser.tab import LOCALES, SWITCHES
from tests.conftest import Postman
from tests.servers import free_port


def client(camera: Camera) -> None:
    with camera.at("client@example.org", PHONE) as tab:
        camera.shoot(tab.page, "client-visits")
        tab.page.locator(".hero a").tap()
        tab.page.locator("dialog[open] form").wait_for()
        tab.page.locator("label.rate-star").nth(3).tap()
        tab.page.locator("textarea").fill("Très douce, et à l’heure. Merci !")
        camera.shoot(tab.page, "rating-window")


def mail(camera: Camera) -> None:
    """Close the visit that is under way; the outbox shows the mail that will ask about it."""
    with camera.at("coordinator@example.org", DESK) as tab:
        tab.open("/staff/visits?state=in_progress")
        tab.page.locator("#visits tr button").first.click()
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


OF_THE_README: list[Callable[[Camera], None]] = [client, mail, ratings]


@contextmanager
def an_installation(*, filled: bool, smtp_url: str = "") -> Generator[Installation]:
    """A portal that runs as long as the block: the demo agency, or nobody's."""
    with tempfile.TemporaryDirectory(prefix="suivi-pictures-") as folder:
        installation = Installation(Path(folder) / "data")
        installation.environ |= {"PORTAL_SMTP_URL": smtp_url} if smtp_url else {}
        try:
            if filled:
                installation.fill()
            else:
                installation.flask("db", "upgrade")
            installation.start(PORTAL_BASE_URL=installation.address)
            yield installation
        finally:
            installation.end()


@contextmanager
def a_mail_server() -> Generator[tuple[Postman, str]]:
    """Takes every mail, for as long as the block."""
    taker, port = Postman(), free_port()
    server = Controller(taker, hostname="127.0.0.1", port=port)
    server.start()
    yield taker, f"smtp://127.0.0.1:{port}"
    server.stop()


def take(pictures: Iterable[Callable[[Camera], None]], camera: Camera) -> None:
    for picture in pictures:
        picture(camera)


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=SWITCHES)
        with an_installation(filled=True) as installation:
            take(OF_THE_README, Camera(browser, installation))
        for language in LOCALES:
            folder = FOLDER / language
            with a_mail_server() as (postman, url), an_installation(filled=True, smtp_url=url) as installation:
                told = (guide_pictures, incident_pictures, quality_pictures, feedback_pictures)
                of_the_demo = [picture for each in told for picture in each.OF_THE_DEMO]
                take(of_the_demo, Camera(browser, installation, language, folder, postman))
            with a_mail_server() as (postman, url), an_installation(filled=False, smtp_url=url) as installation:
                take(guide_pictures.OF_A_NEW_PORTAL, Camera(browser, installation, language, folder, postman))
        browser.close()


if __name__ == "__main__":
    main()
