"""Chromium at a running portal: a server of the test's own, people who sit at it, an eye on all that goes wrong."""

import importlib
import threading
from collections.abc import Callable, Generator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, expect
from werkzeug.serving import make_server

from tests.browser.tab import LOCALES, SWITCHES, Tab
from tests.conftest import SignIn, open_browser
from tests.factories import Persona

PATIENCE = 20_000  # milliseconds; a quiet machine needs a tenth, a busy one is not wrong
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of this folder drives Chromium."""
    for item in items:
        if item.path.is_relative_to(__file__.removesuffix("conftest.py")):
            item.add_marker("browser")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium, which is not downloaded."""
    return {**browser_type_launch_args, "executable_path": "/usr/bin/chromium", "args": SWITCHES}


@pytest.fixture
def site(app: Flask) -> Generator[str]:
    """Serve the application from this process, as mailed links will name it; give its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    vars(server)["daemon_threads"] = False  # closing the server waits for the answers under way: they use the database
    app.config["PORTAL_BASE_URL"] = address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="site")
    thread.start()
    yield address
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def workers(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Somebody who does what is handed to the queue, at once, in a thread of its own: the test's clock holds there."""
    busy: list[threading.Thread] = []

    def work(name: str, args: tuple) -> None:
        module, _, function = name.rpartition(".")
        with app.app_context():
            getattr(importlib.import_module(module), function)(*args)

    def send(name: str, args: tuple, timeout: int, job_id: str | None = None) -> bool:
        busy.append(threading.Thread(target=work, args=(name, args)))
        busy[-1].start()
        return True

    monkeypatch.setattr("portal.queue._send", send)
    yield
    for thread in busy:
        thread.join()


OpenTab = Callable[..., Tab]


@pytest.fixture(scope="session")
def kept(browser: Browser) -> Generator[Callable[..., BrowserContext]]:
    """Browsers that stay for the next test, one of each kind: making one takes longer than looking at a page."""
    made: dict[tuple, BrowserContext] = {}

    def kept(**kind: Any) -> BrowserContext:
        key = tuple(sorted(kind.items()))
        if key not in made:
            made[key] = new_context(browser, **kind)
        return made[key]

    yield kept
    for context in made.values():
        context.close()


def clear(context: BrowserContext) -> None:
    """Make it as good as new: each test's site has a port of its own, and only cookies do not mind ports."""
    for page in context.pages:
        page.close()
    context.clear_cookies()


@pytest.fixture
def open_tab(app: Flask, site: str, sign_in: SignIn, browser: Browser) -> Generator[OpenTab]:
    """Open a browser of its own for somebody: `open_tab(agency.claire, width=1280, script=False)`; or one that stays:
    `open_tab(agency.claire, stays=kept(width=1280))`. Who follows a mailed link, and is nobody, has `chosen` a language
    or reads that of the mail."""
    opened: list[Tab] = []
    staying: list[BrowserContext] = []

    def open_tab(
        person: Persona | None = None, *, stays: BrowserContext | None = None, chosen: str | None = None, **more: Any
    ) -> Tab:
        context = stays or new_context(browser, **more)
        staying.extend([stays] if stays else [])
        if person or chosen:
            holder = sign_in(person) if person else open_browser(app, chosen=chosen)
            context.add_cookies([{"name": "suivi", "value": str(holder.cookie()), "url": site}])
        opened.append(Tab(context.new_page(), site))
        return opened[-1]

    yield open_tab
    for tab in opened:
        (clear if tab.page.context in staying else BrowserContext.close)(tab.page.context)
    faults = [fault for tab in opened for fault in tab.faults]
    assert not faults, "\n".join(faults)


def new_context(
    browser: Browser, *, language: str = "en", width: int = 390, theme: str = "light", script: bool = True
) -> BrowserContext:
    """A browser as somebody holds it: a phone, or a desk from 700 px."""
    phone = width < 700
    context = browser.new_context(
        locale=LOCALES[language],
        viewport={"width": width, "height": 844 if phone else 900},
        has_touch=phone,
        is_mobile=phone,
        color_scheme="dark" if theme == "dark" else "light",
        java_script_enabled=script,
        reduced_motion="reduce",
        timezone_id="Europe/Paris",
    )
    context.set_default_timeout(PATIENCE)
    context.set_default_navigation_timeout(2 * PATIENCE)
    return context
