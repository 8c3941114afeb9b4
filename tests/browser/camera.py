"""Somebody at a screen, and a camera beside them: how the pictures of README and guides are taken."""

import io
import sys
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Locator, Page

from tests.browser.conftest import new_context
from tests.browser.installation import Installation, sign_in
from tests.browser.tab import Tab
from tests.conftest import Postman

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
LARGEST = 150_000  # bytes: a README is read on phones too
COLOURS = 128
PHONE, DESK = 390, 1280


class Camera:
    """Takes pictures of one installation, in one language.

    Attributes:
        installation: the agency that is shown, running.
        postman: who takes the mails of that agency, if it has a mail server.
        folder: where the pictures go.
    """

    def __init__(
        self,
        browser: Browser,
        installation: Installation,
        language: str = "fr",
        folder: Path = FOLDER,
        postman: Postman | None = None,
    ) -> None:
        self.browser, self.installation, self.language = browser, installation, language
        self.folder, self.postman = folder, postman

    @contextmanager
    def at(self, email: str, width: int, *, height: int = 640) -> Generator[Tab]:
        """Sit down as a person of the demo, or as nobody; `height` is that of a desk's screen."""
        context = new_context(self.browser, language=self.language, width=width)
        tab = Tab(context.new_page(), self.installation.address)
        if width == DESK:
            tab.page.set_viewport_size({"width": DESK, "height": height})
        if email:
            sign_in(tab, email)
        yield tab
        context.close()
        if tab.faults:
            raise SystemExit("\n".join(tab.faults))

    def shoot(self, what: Page | Locator, name: str, *, whole: bool = False) -> None:
        """Write NAME.png: what stands on the screen, one part of it, or with `whole` the page as long as it is."""
        page = what if isinstance(what, Page) else what.page
        page.wait_for_function("document.fonts.ready.then(() => true)")
        path = self.folder / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        with _unrolled(page) if whole or page is not what else nullcontext():
            seen = Image.open(io.BytesIO(what.screenshot()))
        seen.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
        size = path.stat().st_size
        if size > LARGEST:
            raise SystemExit(f"{path} has {size} bytes; {LARGEST} are allowed")
        sys.stdout.write(f"{path.relative_to(FOLDER.parents[1])}  {size // 1000} kB\n")


@contextmanager
def _unrolled(page: Page) -> Generator[None]:
    """Make the screen as high as the page: what sticks to the foot of a screen then hides nothing."""
    size = page.viewport_size
    assert size
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": max(size["height"], height)})
    yield
    page.set_viewport_size(size)
