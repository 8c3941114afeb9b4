"""The strict browser of the tests: it reads pages like a user and refuses what a user, or a browser, should not get.

`Browser` is Flask's test client; every answer is a `Page`. Each is inspected (`inspection.py`), each request is watched
at the database: a GET writes nothing; a deed that succeeded leaves nothing uncommitted.

    page = browser.get("/client/visits")
    page.link("Leave a rating").click().form("Save").submit(stars="4").follow()
"""

import threading
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from bs4 import BeautifulSoup, Tag
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import Connection, Engine, event
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from tests.inspection import Builder, Tags, inspect, within

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
WRITES = ("INSERT", "UPDATE", "DELETE")
# written after the answer has left, in transactions of their own
LAST_SEEN = "UPDATE account_session SET seen_at="
READING = "INSERT INTO read_entry"
DENIED = "INSERT INTO audit_entry"
CSRF_SEED = "a-secret-of-the-tests"


class Watch:
    """What happens at the database, seen from each thread: statements, and writes that were not committed."""

    def __init__(self, engine: Engine) -> None:
        self._local = threading.local()
        event.listen(engine, "before_cursor_execute", self._execute)
        event.listen(engine, "commit", self._commit)
        event.listen(engine, "rollback", self._rollback)

    @property
    def statements(self) -> list[str]:
        """The statements of this thread since `begin`, transaction control and pragmas left out."""
        return self._local.__dict__.setdefault("statements", [])

    @property
    def lost(self) -> list[str]:
        """The writes of this thread that were rolled back since `begin`."""
        return self._local.__dict__.setdefault("lost", [])

    @property
    def writes(self) -> list[str]:
        written = [statement for statement in self.statements if statement.lstrip().upper().startswith(WRITES)]
        return [statement for statement in written if not statement.startswith((LAST_SEEN, READING))]

    def begin(self) -> None:
        self._local.statements, self._local.lost = [], []

    def _execute(self, connection: Connection, cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE", "ROLLBACK")):
            return
        self.statements.append(statement)
        if statement.lstrip().upper().startswith(WRITES):
            connection.info.setdefault("written", []).append(statement)

    def _commit(self, connection: Connection) -> None:
        connection.info["written"] = []

    def _rollback(self, connection: Connection) -> None:
        self.lost.extend(connection.info.get("written", []))
        connection.info["written"] = []


class Browser(FlaskClient):
    """A browser that fails the test when an answer is not fit for a user."""

    application: Flask
    watching = True  # False for tests about something a strict browser would refuse on purpose

    def open(self, *args: Any, **options: Any) -> "Page":  # ty: ignore[incompatible-method-override]
        watch: Watch | None = self.application.extensions.get("tests.watch")
        if watch:
            watch.begin()
        page = Page(self, super().open(*args, **{"buffered": True, **options}))
        page.statements = list(watch.statements) if watch else []
        if self.watching and watch:
            refuse_leftovers(page, watch)
        if self.watching:
            inspect(page)
        return page

    def get(self, *args: Any, **options: Any) -> "Page":  # ty: ignore[incompatible-method-override]
        return self.open(*args, method="GET", **options)

    def post(self, *args: Any, **options: Any) -> "Page":  # ty: ignore[incompatible-method-override]
        return self.open(*args, method="POST", **options)

    def head(self, *args: Any, **options: Any) -> "Page":  # ty: ignore[incompatible-method-override]
        return self.open(*args, method="HEAD", **options)

    def act(self, url: str, data: dict | None = None, *, htmx: bool = False, **options: Any) -> "Page":
        """Post to an address with a valid token, whether or not a form of a page would."""
        headers = {**(HTMX if htmx else {}), "X-CSRFToken": self.csrf_token(), **options.pop("headers", {})}
        return self.post(url, data=data or {}, headers=headers, **options)

    def part(self, url: str, **options: Any) -> "Page":
        """Ask for a fragment, as htmx does."""
        headers = {**HTMX, **options.pop("headers", {})}
        return self.get(url, headers=headers, **options)

    def csrf_token(self) -> str:
        """Return a token that belongs to this browser's session."""
        with self.session_transaction() as values:
            seed = values.setdefault("csrf_token", CSRF_SEED)
        signer = URLSafeTimedSerializer(str(self.application.secret_key), salt="wtf-csrf-token")
        return str(signer.dumps(seed))

    def cookie(self) -> str | None:
        """The value of the session's cookie."""
        found = self.get_cookie(self.application.config["SESSION_COOKIE_NAME"])
        return found.value if found else None


class Page:
    """An answer. What it does not know it asks the response: `page.status_code`, `page.headers`, `page.text`."""

    def __init__(self, browser: Browser, response: TestResponse) -> None:
        self.browser = browser
        self.response = response
        self.statements: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.response, name)

    def __repr__(self) -> str:
        return f"<Page {self.response.status} {self.response.request.method} {self.response.request.path}>"

    @property
    def status(self) -> int:
        return self.response.status_code

    @cached_property
    def endpoint(self) -> str | None:
        app = self.browser.application
        try:
            method = self.response.request.method
            return app.url_map.bind("localhost").match(self.response.request.path, method=method)[0]
        except HTTPException:
            return None

    @cached_property
    def html(self) -> str:
        return self.response.text

    @property
    def is_html(self) -> bool:
        return self.response.mimetype == "text/html" and bool(self.html.strip())

    @property
    def is_fragment(self) -> bool:
        return self.is_html and not self.html.lstrip().lower().startswith("<!doctype")

    @cached_property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.html, builder=Builder())

    @cached_property
    def tags(self) -> Tags:
        return Tags(self.soup)

    @property
    def words(self) -> str:
        """All that a reader sees of the page, in one line."""
        return " ".join(self.soup.get_text(" ").split())

    @property
    def h1(self) -> str:
        return self.says("h1")

    @property
    def title(self) -> str:
        return self.says("title")

    @property
    def location(self) -> str:
        """Where a redirect leads, without scheme and host."""
        parts = urlsplit(self.response.headers["Location"])
        return parts.path + (f"?{parts.query}" if parts.query else "")

    @property
    def events(self) -> str | None:
        """The event that htmx is told of."""
        return self.response.headers.get("HX-Trigger")

    def follow(self) -> "Page":
        """Go where the redirect leads."""
        assert 300 <= self.status < 400, f"{self} is no redirect"
        return self.browser.get(self.location)

    def at(self, selector: str) -> Tag:
        """The one element that a selector names."""
        found = self.soup.find_all(selector) if selector.isalnum() else self.soup.select(selector)
        assert len(found) == 1, f"{len(found)} elements {selector!r} in {self}:\n{self.words[:600]}"
        return found[0]

    def says(self, selector: str) -> str:
        """What the one element that a selector names says."""
        return " ".join(self.at(selector).get_text(" ").split())

    def errors(self) -> list[str]:
        """The sentences that tell the user what is wrong."""
        marked = self.soup.select('.error, [role="alert"]:not([hidden])')
        return [" ".join(tag.get_text(" ").split()) for tag in marked]

    def link(self, text: str) -> "Link":
        """The first link whose words hold `text`."""
        links = [tag for tag in within(self.soup, "a") if tag.has_attr("href")]
        found = [tag for tag in links if text in " ".join(tag.get_text(" ").split()) or text == tag.get("aria-label")]
        words = [" ".join(tag.get_text(" ").split()) for tag in links]
        assert found, f"no link {text!r} in {self}; there are {words}"
        return Link(self, found[0])

    def press(self, selector: str, *, htmx: bool = False, **typed: object) -> "Page":
        """Press the one button that a selector names, which may have an address of its own."""
        button = self.at(selector)
        tag = button.find_parent("form")
        assert tag, f"{button} is in no form"
        form = Form(self, tag)
        form.action = str(button.get("formaction", form.action))
        form.partial = str(button.get("hx-post", form.partial))
        if button.get("name"):
            typed = {str(button["name"]): str(button.get("value", "")), **typed}
        return form.submit(htmx=htmx, **typed)

    def form(self, wanted: str = "") -> "Form":
        """The one form whose address, or whose button, holds `wanted`."""
        forms = [Form(self, tag) for tag in within(self.soup, "form")]
        found = [form for form in forms if wanted in form.action or any(wanted in words for words in form.buttons())]
        names = [(form.action, form.buttons()) for form in forms]
        assert len(found) == 1, f"{len(found)} forms {wanted!r} in {self}; there are {names}"
        return found[0]


class Link:
    def __init__(self, page: Page, tag: Tag) -> None:
        self.page, self.tag = page, tag
        self.href = urljoin(page.response.request.path, str(tag["href"]))

    def click(self, *, htmx: bool = False) -> Page:
        """Follow the link; with `htmx`, as htmx would."""
        if htmx:
            assert self.tag.get("hx-get"), f"{self.tag} is a plain link"
            return self.page.browser.part(str(self.tag["hx-get"]))
        return self.page.browser.get(self.href)


class Form:
    """A form as a user fills it: only fields that exist, only choices that are offered."""

    def __init__(self, page: Page, tag: Tag) -> None:
        self.page, self.tag = page, tag
        self.action = str(tag.get("action", ""))
        self.method = str(tag.get("method", "get")).lower()
        self.partial = str(tag.get("hx-post" if self.method == "post" else "hx-get", ""))

    def buttons(self) -> list[str]:
        tags = self.tag.select("button:not([type=button]), input[type=submit]")
        return [" ".join(tag.get_text(" ").split()) or str(tag.get("aria-label", "")) for tag in tags]

    def fields(self, name: str) -> list[Tag]:
        return [tag for tag in within(self.tag, "input", "select", "textarea", "button") if tag.get("name") == name]

    def values(self) -> dict[str, str]:
        """What the form would send as it stands."""
        found: dict[str, str] = {}
        for tag in within(self.tag, "input", "select", "textarea"):
            if not tag.has_attr("name"):
                continue
            name, kind = str(tag["name"]), str(tag.get("type", "text"))
            if tag.name == "select":
                options = within(tag, "option")
                for option in [each for each in options if each.has_attr("selected")] or options[:1]:
                    found[name] = str(option.get("value", option.get_text()))
            elif tag.name == "textarea":
                found[name] = tag.get_text().removeprefix("\r\n").removeprefix("\n")
            elif kind in ("radio", "checkbox"):
                found |= {name: str(tag.get("value", "on"))} if tag.has_attr("checked") else {}
            elif kind not in ("file", "submit", "image", "button"):
                found[name] = str(tag.get("value", ""))
        return found

    def submit(self, *, htmx: bool = False, **typed: object) -> Page:
        """Fill in and send. A file is given as (stream, name); a button with a name like a field."""
        values: dict[str, object] = dict(self.values())
        for name, value in typed.items():
            self._refuse_what_cannot_be_typed(name, value)
            values[name] = value
        headers = self._headers() if htmx else {}
        assert self.partial or not htmx, f"the form {self.action} does not know htmx"
        url = urljoin(self.page.response.request.path, self.partial if htmx else self.action)
        if self.method == "post":
            return self.page.browser.post(url, data=values, headers=headers)
        query = urlencode({name: value for name, value in values.items() if value != ""})
        return self.page.browser.get(f"{url}?{query}" if query else url, headers=headers)

    def _headers(self) -> dict[str, str]:
        return {**HTMX, "X-CSRFToken": self.page.browser.csrf_token()}

    def _refuse_what_cannot_be_typed(self, name: str, value: object) -> None:
        tags = self.fields(name)
        assert tags, f"the form {self.action} has no field {name!r}; it has {sorted(self.values())}"
        if tags[0].name == "select":
            offered = [str(option.get("value", option.get_text())) for option in within(tags[0], "option")]
        elif tags[0].name == "button" or tags[0].get("type") in ("radio", "checkbox"):
            offered = [str(tag.get("value", "on")) for tag in tags]
        else:
            assert not tags[0].has_attr("readonly"), f"{name} cannot be changed"
            return
        assert str(value) in offered, f"{name} offers {offered}, not {value!r}"


def refuse_leftovers(page: Page, watch: Watch) -> None:
    """A safe request writes nothing; a deed that succeeded was committed."""
    if page.response.request.method in ("GET", "HEAD", "OPTIONS"):
        writes = [said for said in watch.writes if page.status != 403 or not said.startswith(DENIED)]
        assert not writes, f"{page} writes: {writes[0]}"
    elif page.status < 400:
        assert not watch.lost, f"{page} left uncommitted: {watch.lost[0]}"


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))
