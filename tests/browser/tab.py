"""A browser tab that remembers whatever went wrong in it, and the words on its screen."""

import re
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Locator, Page, Request, Response, expect

LOCALES = {"fr": "fr-FR", "ru": "ru-RU", "en": "en-GB"}
PRELOAD = {"assets": ["media"]}  # the style sheets, which axe reads anew for each page, serve only a rule that is off
SWITCHES = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--in-process-gpu", "--disable-software-rasterizer",
]  # fmt: skip


def refuse_barriers(page: Page, except_rules: tuple[str, ...] = ()) -> None:
    """Axe finds nothing to say about the page as it stands, and nothing of it is wider than the screen."""
    page.wait_for_load_state()  # a click on a link may just have brought an empty document
    size = page.viewport_size
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert size and wide <= size["width"], f"the page is {wide} px wide on a screen of {size}"
    rules = {rule: {"enabled": False} for rule in except_rules}
    found = Axe().run(page, options={"resultTypes": ["violations"], "rules": rules, "preload": PRELOAD})
    assert found.violations_count == 0, found.generate_report()


class Tab:
    """One tab. `faults` grows with every error in the console, request that fails, and address outside the portal."""

    def __init__(self, page: Page, site: str) -> None:
        self.page, self.site = page, site
        self.faults: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("request", self._watch)
        page.on("response", self._read)

    def _hear(self, message: ConsoleMessage) -> None:
        """An error or a warning is a fault; Chromium's note that a page answered 404 or 422 is the test's business."""
        if message.type not in ("error", "warning"):
            return
        where = str(message.location.get("url", ""))
        refused = re.search(r"the server responded with a status of 4\d\d", message.text)
        if not refused or "/static/" in where:
            self.faults.append(f"{self.page.url}: console {message.type}: {message.text} ({where})")

    def _watch(self, request: Request) -> None:
        if not request.url.startswith((self.site, "data:", "about:")):
            self.faults.append(f"{self.page.url}: asks for {request.url}")

    def _read(self, response: Response) -> None:
        if response.status >= 500:
            self.faults.append(f"{response.request.method} {response.url}: {response.status}")

    # ---- where one is ----

    def open(self, path: str) -> int:
        """Type an address; return the status of the answer."""
        answer = self.page.goto(path if path.startswith("http") else self.site + path)
        assert answer
        return answer.status

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path

    def is_at(self, path: str) -> None:
        """The address becomes this one, whatever its query."""
        self.page.wait_for_url(lambda url: urlsplit(url).path == path)

    # ---- what one sees, by role and name as a screen reader says them ----

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def heading(self, name: str) -> Locator:
        return self.page.get_by_role("heading", name=name)

    def shows(self, *texts: str) -> None:
        """Each of these texts comes to stand on the screen."""
        for text in texts:
            expect(self.page.get_by_text(text).first).to_be_visible()

    def focused(self) -> Locator:
        return self.page.locator("*:focus")

    def type(self, keys: str) -> None:
        """Press one key after the other: `Tab Tab Enter`."""
        for key in keys.split():
            self.page.keyboard.press(key)

    def holds_focus(self, place: Locator) -> None:
        """The focus comes to stand on this place or within it."""
        expect(self.focused()).to_have_count(1)
        expect(place.and_(self.focused()).or_(place.locator(":focus"))).to_have_count(1)

    def forgive(self, words: str) -> None:
        """Forget faults that the test has brought about; there must be one."""
        assert any(words in fault for fault in self.faults), self.faults
        self.faults[:] = [fault for fault in self.faults if words not in fault]

    def reloads(self) -> int:
        """How many documents this tab has loaded in place of the first; a mark on the present one counts them."""
        return 0 if self.page.evaluate("document.body.dataset.mark === 'here'") else 1

    def mark(self) -> None:
        """Mark the document, so that `reloads` can tell it from another."""
        self.page.evaluate("document.body.dataset.mark = 'here'")
