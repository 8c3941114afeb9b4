"""What no page may be: each HTML answer is parsed strictly and looked through (one h1, labels, forms with an action, no
inline code, links that lead somewhere …)."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urljoin, urlsplit
from weakref import WeakKeyDictionary

import html5lib
from bs4 import BeautifulSoup, Tag
from bs4.builder._html5lib import HTML5TreeBuilder
from flask import Flask
from html5lib.constants import E as SENTENCES
from werkzeug.exceptions import HTTPException
from werkzeug.routing import AnyConverter, RequestRedirect, Rule

from portal.headers import ATTACHED, EXCEPTIONS, POLICY

if TYPE_CHECKING:
    from tests.pages import Page

# pages whose heading is a greeting, a question or a sentence, while the title names the page
HEADING_IS_NO_TITLE = {
    "accounts.sign_in",
    "accounts.set_password",
    "accounts.forgotten",
    "accounts.ask_link",
    "accounts.use_link",
    "accounts.confirm_address",
    "open.rate",
    "open.unsubscribe",
    "client.rate_visit",
}
CODE = re.compile(r"\bjs:|javascript:", re.IGNORECASE)
# what is wrong with the addresses that were looked at: most pages hold the same ones
LOOKED_UP: "WeakKeyDictionary[Flask, dict[tuple[str, str, int], str | None]]" = WeakKeyDictionary()

TOKEN = re.compile(r"[\w-]{16,}\.[\w-]{6}\.[\w-]{20,}")  # of a form: each answer has another one
FIT: set[int] = set()  # what was found fit once, word for word, is not read again

Fault = tuple[tuple[int, int], str, dict[str, str]]  # line and column, code, what the sentence of the code names


def filled(rule: Rule, number: int = 1) -> dict[str, Any]:
    """A number for each part of an address; of one that is a word of some, the first."""
    return {name: min(part.items) if isinstance(part, AnyConverter) else number
            for name, part in rule._converters.items()}  # fmt: skip


class Builder(HTML5TreeBuilder):
    """Beautiful Soup's html5lib, which forgets what it stumbled over: this one keeps it, and the page is read once."""

    def __init__(self) -> None:
        super().__init__(store_line_numbers=False)
        self.faults: list[Fault] = []

    def feed(self, markup: Any) -> None:
        parser = html5lib.HTMLParser(tree=self.create_treebuilder)
        self.underlying_builder.parser = parser
        parser.parse(markup)
        self.faults, self.underlying_builder.parser = parser.errors, None


class Tags:
    """All tags of a page, in its order: many questions are asked of each page, and a search for each would be slow."""

    def __init__(self, soup: BeautifulSoup) -> None:
        self.all = [tag for tag in soup.descendants if isinstance(tag, Tag)]

    def named(self, *names: str) -> list[Tag]:
        return [tag for tag in self.all if tag.name in names]

    def holding(self, *attributes: str) -> list[Tag]:
        """Those that have one of these attributes."""
        return [tag for tag in self.all if not tag.attrs.keys().isdisjoint(attributes)]


SERVES = (".show_attachment", ".show_thumbnail", ".show_event_file", ".show_draft_file")  # what somebody attached


def within(tag: Tag, *names: str) -> list[Tag]:
    """The tags with one of these names inside another."""
    return [inner for inner in tag.descendants if isinstance(inner, Tag) and inner.name in names]


def inspect(page: "Page") -> None:
    """Refuse an answer that is not fit for a browser or a reader."""
    headers = page.response.headers
    served = (page.endpoint or "").endswith(SERVES) and page.status == 200
    served = served and page.response.request.method != "OPTIONS"  # which asks what can be done, and gets no file
    expected = ATTACHED if served else (page.status < 400 and EXCEPTIONS.get(page.endpoint or "")) or POLICY
    assert headers.get("Content-Security-Policy") == expected, f"{page} has no policy"
    assert headers.get("X-Content-Type-Options") == "nosniff", f"{page} may be sniffed"
    if served:
        return  # a picture or a paper: tests/files looks at those
    if page.endpoint not in ("static", "agency.show_logo"):
        assert "no-store" in headers.get("Cache-Control", ""), f"{page} may be kept by caches"
        assert {"HX-Request", "HX-Request-Type"} <= set(page.response.vary), f"{page} does not vary"
    if not page.is_html or 300 <= page.status < 400 or page.endpoint in EXCEPTIONS:
        return
    known = hash((page.endpoint, page.status, TOKEN.sub("", page.html)))
    if known in FIT:
        return
    faults = [*parse_strictly(page), *(page_faults(page) if not page.is_fragment else ()), *faults_anywhere(page)]
    assert not faults, f"{page}:\n" + "\n".join(faults)
    FIT.add(known)


def parse_strictly(page: "Page") -> Iterator[str]:
    """A page is read as a document; a fragment, as what htmx makes of it."""
    faults = cast("Builder", page.soup.builder).faults
    if page.is_fragment:
        parser = html5lib.HTMLParser()
        parser.parseFragment(page.html, container="tbody" if page.html.lstrip().startswith("<tr") else "div")
        faults = parser.errors
    for (line, column), code, names in faults[:1]:
        context = "\n".join(page.html.splitlines()[max(0, line - 3) : line + 1])
        yield f"does not parse at {line}:{column}: {SENTENCES[code] % names}\n{context}"


def page_faults(page: "Page") -> Iterator[str]:
    """What a whole page must have."""
    if page.tags.named("html")[0].get("lang") not in ("fr", "ru", "en"):
        yield "says no language"
    headings = page.tags.named("h1")
    if len(headings) != 1 or not page.h1:
        yield f"has {len(headings)} h1"
        return
    named = page.title.partition(" · ")[0]
    if not named or named == "None":
        yield f"has no title of its own: {page.title!r}"
    if page.status == 200 and page.endpoint not in HEADING_IS_NO_TITLE and page.h1 not in page.title:
        yield f"is headed {page.h1!r} but titled {page.title!r}"
    if not [tag for tag in page.tags.named("main") if tag.get("id") == "main"]:
        yield "has no main#main to skip to"


def faults_anywhere(page: "Page") -> Iterator[str]:
    """What neither a page nor a fragment may have."""
    yield from inline_faults(page.tags)
    yield from form_faults(page)
    yield from name_faults(page.tags)
    yield from reference_faults(page)
    yield from link_faults(page)
    ids = Counter(str(tag["id"]) for tag in page.tags.holding("id"))
    for double in sorted(name for name, times in ids.items() if times > 1):
        yield f"two elements have the id {double!r}"
    if left := re.search(r"%\(\w+\)[sd]|<flask_babel|LazyString", page.html):
        yield f"shows {left[0]!r}"
    for image in page.tags.named("img"):
        if not image.has_attr("alt"):
            yield f"has an image without alt: {image}"


def inline_faults(tags: Tags) -> Iterator[str]:
    for tag in tags.all:
        if tag.has_attr("style") or tag.name == "style" or (tag.name == "script" and not tag.has_attr("src")):
            yield f"has inline code: {str(tag)[:120]}"
    for tag in tags.all:
        for name, value in tag.attrs.items():
            if name.startswith(("on", "hx-on")) or CODE.search(str(value)):
                yield f"has code in {name}: {str(tag)[:120]}"


def form_faults(page: "Page") -> Iterator[str]:
    is_open = (page.endpoint or "").startswith("open.")
    for form in page.tags.named("form"):
        action = form.get("action")
        if not action:
            yield f"a form has no action: {str(form)[:120]}"
        if form.get("hx-post") and (form.get("hx-post") != action or form.get("method") != "post"):
            yield f"a form works only with htmx: {str(form)[:120]}"
        has_token = any(tag.get("name") == "csrf_token" and tag.has_attr("value") for tag in within(form, "input"))
        if form.get("method") == "post" and has_token == is_open:
            yield f"a form needs a token, or on a mailed page has one: {action}"
    for tag in page.tags.holding("hx-get", "hx-post"):
        plain = {"a": "href", "form": "action"}.get(tag.name)
        if tag.name == "button" and tag.get("formaction") == tag.get("hx-post") and tag.find_parent("form"):
            continue
        if (plain and not tag.get(plain)) or (tag.name == "button" and not tag.find_parent("form", action=True)):
            yield f"works only with htmx: {str(tag)[:120]}"


def name_faults(tags: Tags) -> Iterator[str]:
    """Whatever can be used has a name that can be read out."""
    spoken_for = {label.get("for") for label in tags.named("label") if label.get_text().strip()} - {None}
    for tag in tags.named("input", "select", "textarea"):
        if tag.get("type") in ("hidden", "submit", "button") or tag.get("aria-label") or tag.get("aria-labelledby"):
            continue
        around = tag.find_parent("label")
        if tag.get("id") not in spoken_for and not (around and around.get_text().strip()):
            yield f"a field has no label: {str(tag)[:120]}"
    for tag in tags.named("button", "a"):
        if tag.name == "a" and not tag.has_attr("href"):
            continue
        if not (tag.get_text().strip() or tag.get("aria-label") or tag.select("[aria-label], img[alt]:not([alt=''])")):
            yield f"nothing to read on {str(tag)[:120]}"


def reference_faults(page: "Page") -> Iterator[str]:
    """Ids that are spoken of exist (on a whole page; a fragment may speak of the page around it)."""
    if page.is_fragment:
        return
    ids = {str(tag["id"]) for tag in page.tags.holding("id")}
    for attribute in ("for", "aria-labelledby", "aria-describedby", "popovertarget", "data-counter", "hx-target"):
        for tag in page.tags.holding(attribute):
            for name in str(tag[attribute]).split():
                if attribute == "hx-target" and not name.startswith("#"):
                    continue
                if name.removeprefix("#") not in ids and name != "dialog-title":
                    yield f"{attribute}={name!r} names nothing: {str(tag)[:120]}"


def link_faults(page: "Page") -> Iterator[str]:
    """Every address on the page is one that the portal knows."""
    here = page.response.request.path
    addresses = ("href", "src", "action", "formaction", "hx-get", "hx-post")
    for tag in page.tags.holding(*addresses):
        for attribute in addresses:
            target = str(tag.get(attribute, ""))
            if not target or target.startswith(("#", "mailto:", "tel:", "data:")):
                continue
            written = attribute == "href" and "ugc" in str(tag.get("rel"))
            if written and target.startswith(("https://", "http://")):
                continue  # somebody wrote it in a message
            posts = attribute in ("hx-post", "formaction") or (attribute == "action" and tag.get("method") == "post")
            if attribute == "action" and posts and not any(map(_sends_the_form, within(tag, "button"))):
                continue  # each of its buttons has an address of its own
            method = "POST" if posts else "GET"
            if fault := dead(urljoin(here, target), method, page.browser.application):
                yield f"{attribute}={target!r} {fault}"


def _sends_the_form(button: Tag) -> bool:
    return not button.has_attr("formaction") and button.get("type") != "button"


def dead(url: str, method: str, app: Flask) -> str | None:
    """What is wrong with an address, if something is."""
    known, key = LOOKED_UP.setdefault(app, {}), (url, method, len(app.view_functions))  # a test may add addresses
    if key not in known:
        known[key] = _look_up(url, method, app)
    return known[key]


def _look_up(url: str, method: str, app: Flask) -> str | None:
    parts = urlsplit(url)
    if parts.scheme or parts.netloc:
        return "leads out of the portal"
    try:
        endpoint, values = app.url_map.bind("localhost").match(parts.path, method=method)
    except RequestRedirect:
        return "is not the address itself"
    except HTTPException as error:
        return f"answers {error.code} to {method}"
    if endpoint == "static" and not _static(app, values["filename"]):
        return "names no file"
    return None


def _static(app: Flask, name: str) -> bool:
    return bool(app.static_folder) and (Path(app.static_folder) / name).is_file()
