"""Every cell of tests/access.yml is really asked for; beside it, rules that know nothing of that file."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from werkzeug.routing import AnyConverter, IntegerConverter, Rule

from portal.portals import portal_of
from portal.roles import GRANTS, Role
from tests.access_things import Things
from tests.conftest import Database, SignIn, open_browser
from tests.factories import Agency
from tests.inspection import filled
from tests.pages import Browser, Page

TABLE = yaml.safe_load((Path(__file__).parent / "access.yml").read_text(encoding="utf-8"))
ACTORS: list[str] = TABLE["actors"]
CELLS: dict[tuple[str, str], dict[str, int]] = {
    (endpoint, method): dict(zip(ACTORS, row, strict=True))
    for endpoint, methods in TABLE["endpoints"].items()
    for method, row in methods.items()
}
PEOPLE = {
    "client_owner": "claire", "client_other": "denis", "relative": "paul",
    "worker_assigned": "wassim", "worker_other": "jean",
    "staff_same_sector": "sofia", "staff_other_sector": "igor", "quality": "ines", "admin": "ada",
}  # fmt: skip
# what only those who may see Claire's things read
CANARIES = ("Lefèvre", "claire@example.org", "Absence prévue", "le secret de Claire")


def rules(app: Flask) -> list[Rule]:
    return list(app.url_map.iter_rules())


def methods(rule: Rule) -> set[str]:
    return (rule.methods or set()) - {"HEAD", "OPTIONS"}


def test_the_table_names_every_endpoint_and_no_other(app: Flask) -> None:
    there = {(rule.endpoint, method) for rule in rules(app) for method in methods(rule)}
    assert set(CELLS) == there


@pytest.fixture
def things(agency: Agency, database: Database) -> Things:
    return Things(agency, database)


def url(app: Flask, endpoint: str, values: dict[str, Any]) -> str:
    return app.url_map.bind("localhost").build(endpoint, values)


def browser_of(actor: str, app: Flask, agency: Agency, sign_in: SignIn) -> Browser:
    return open_browser(app) if actor == "anonymous" else sign_in(getattr(agency, PEOPLE[actor]))


def ask(browser: Browser, method: str, address: str, body: dict[str, Any]) -> Page:
    if method == "GET":
        return browser.get(address)
    return browser.act(address, dict(body), method=method) if method != "POST" else browser.act(address, dict(body))


def is_denied(status: int) -> bool:
    return status in (302, 403, 404)


def cells() -> Iterator[Any]:
    """One test for all who look or are denied; one for each who does the deed, since it can be done once."""
    for (endpoint, method), row in CELLS.items():
        lookers = [actor for actor in ACTORS if method == "GET" or is_denied(row[actor])]
        doers = [actor for actor in ACTORS if actor not in lookers]
        if lookers:
            yield pytest.param(
                endpoint, method, lookers, id=f"{method}-{endpoint}-{'all' if method == 'GET' else 'denied'}"
            )
        for actor in doers:
            yield pytest.param(endpoint, method, [actor], id=f"{method}-{endpoint}-{actor}")


@pytest.mark.parametrize(("endpoint", "method", "actors"), cells())
def test_everybody_gets_what_the_table_says(
    app: Flask,
    agency: Agency,
    sign_in: SignIn,
    things: Things,
    database: Database,
    endpoint: str,
    method: str,
    actors: list[str],
) -> None:
    address = url(app, endpoint, things.values(endpoint))
    browsers = {actor: browser_of(actor, app, agency, sign_in) for actor in actors}
    before = database.fingerprint()
    for actor, browser in browsers.items():
        expected = CELLS[endpoint, method][actor]
        page = ask(browser, method, address, things.body(endpoint))
        assert page.status == expected, f"{method} {address} by {actor}: {page.status}, not {expected}"
        if actor == "anonymous" and expected == 302 and endpoint != "accounts.home":
            assert page.location.startswith("/sign-in"), f"a stranger is sent to {page.location}"
        if expected in (403, 404):
            assert not [word for word in CANARIES if word in page.html], f"{address} tells {actor} about Claire"
    if all(is_denied(CELLS[endpoint, method][actor]) for actor in actors):
        assert database.fingerprint() == before, "who is denied has changed nothing"


# ---- rules that know nothing of the table ----

ELSEWHERE = {
    "claire": ("/staff/", "/worker/"), "paul": ("/staff/", "/worker/"), "wassim": ("/staff/", "/client/"),
    "sofia": ("/client/", "/worker/"), "ines": ("/client/", "/worker/"), "ada": ("/client/", "/worker/"),
}  # fmt: skip


def addresses(app: Flask, prefix: str, number: int = 1) -> Iterator[tuple[str, str]]:
    """Every method and address below a prefix, numbers filled in."""
    for rule in rules(app):
        if rule.rule.startswith(prefix):
            numbered = {name: part for name, part in rule._converters.items() if name != "token"}
            assert all(isinstance(part, IntegerConverter | AnyConverter) for part in numbered.values()), rule
            for method in sorted(methods(rule)):
                yield method, url(app, rule.endpoint, filled(rule, number))


@pytest.mark.parametrize("name", ELSEWHERE)
def test_another_roles_portal_is_not_there(app: Flask, agency: Agency, sign_in: SignIn, name: str) -> None:
    browser = sign_in(getattr(agency, name))
    asked = [(method, where) for prefix in ELSEWHERE[name] for method, where in addresses(app, prefix)]
    assert len(asked) > 5
    for method, where in asked:
        page = ask(browser, method, where, {"stars": "5", "reason": "x"})
        assert page.status == 404, f"{name} gets {page.status} for {method} {where}"
        assert not [word for word in CANARIES if word in page.html.replace(getattr(agency, name).name, "")]


def test_a_stranger_is_sent_to_sign_in_from_every_page_of_a_portal(app: Flask, agency: Agency) -> None:
    stranger = open_browser(app)
    for prefix in ("/client/", "/worker/", "/staff/"):
        for method, where in addresses(app, prefix):
            page = ask(stranger, method, where, {})
            assert (page.status, page.location.partition("?")[0]) == (302, "/sign-in"), where
            if method == "GET":
                page = stranger.part(where)
                assert (page.status, page.html) == (401, "")
            assert not [word for word in CANARIES if word in page.html]


@pytest.mark.parametrize(("name", "role"), [("claire", Role.CLIENT), ("wassim", Role.WORKER), ("ada", Role.ADMIN)])
def test_a_thing_that_there_is_not_is_not_found(
    app: Flask, agency: Agency, sign_in: SignIn, name: str, role: Role
) -> None:
    portal = portal_of(role)
    browser = sign_in(getattr(agency, name))
    for number in (0, 987654, 2**31 - 1, 2**31, 2**63):
        for rule in rules(app):
            if rule.rule.startswith(f"{portal.url_prefix}/") and re.search("<int:|<token>", rule.rule):
                address = re.sub(r"<any\((\w+)[^>]*>", r"\1", rule.rule)
                for argument in rule.arguments:
                    address = address.replace(f"<int:{argument}>", str(number)).replace("<token>", str(number))
                held = portal.permissions[rule.endpoint] in GRANTS[role]
                for method in sorted(methods(rule)):
                    page = ask(browser, method, address, {"stars": "5", "reason": "x"})
                    assert page.status == (404 if held or number >= 2**31 else 403), (
                        f"{method} {address}: {page.status}"
                    )


UNGUARDED = {"open.rate", "open.unsubscribe"}  # the link itself is what lets one act; RFC 8058 sends no cookie


def test_no_deed_is_done_without_the_token_of_a_form(
    app: Flask, agency: Agency, sign_in: SignIn, database: Database
) -> None:
    doers = {"client": sign_in(agency.claire), "worker": sign_in(agency.wassim), "staff": sign_in(agency.ada)}
    for browser in doers.values():
        browser.csrf_token()
    before = database.fingerprint()
    for rule in rules(app):
        for method in methods(rule) - {"GET"}:
            if rule.endpoint in UNGUARDED:
                continue
            where = url(app, rule.endpoint, filled(rule))
            browser = doers.get(rule.endpoint.partition(".")[0], doers["client"])
            body = {"stars": "5", "reason": "x", "language": "ru", "file": agency.claire.key}
            for wrong in ({}, {"csrf_token": ""}, {"csrf_token": sign_in(agency.denis).csrf_token() + "x"}):
                page = browser.open(where, method=method, data=body | wrong)
                assert page.status == 400, f"{method} {where}: {page.status}"
            page = browser.open(f"{where}?csrf_token={browser.csrf_token()}", method=method, data=body)
            assert page.status == 400, "a token in an address is in logs and is no token"
    after = database.fingerprint()
    sessions = ("account_session", "audit_entry")
    assert {name: rows for name, rows in after.items() if name not in sessions} == {
        name: rows for name, rows in before.items() if name not in sessions
    }


@pytest.mark.parametrize("said", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_no_deed_is_done_for_another_site_even_with_a_token(
    app: Flask, agency: Agency, sign_in: SignIn, database: Database, said: dict[str, str]
) -> None:
    doers = {"client": sign_in(agency.claire), "worker": sign_in(agency.wassim), "staff": sign_in(agency.ada)}
    before = database.fingerprint()
    for rule in rules(app):
        for method in methods(rule) - {"GET"}:
            where = url(app, rule.endpoint, filled(rule))
            browser = doers.get(rule.endpoint.partition(".")[0], doers["client"])
            sent = {"data": {"stars": "5", "language": "ru"}, "headers": {"X-CSRFToken": browser.csrf_token(), **said}}
            page = browser.open(where, method=method, **sent)
            assert (page.status == 403) is (rule.endpoint not in UNGUARDED), f"{method} {where}: {page.status}"
    after = database.fingerprint()
    assert {**after, "throttle": []} == before, "but that two wrong links were counted"
    ours = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
    assert doers["client"].act("/language", {"language": "ru"}, headers=ours).status == 303


def test_a_token_of_another_session_is_no_token(app: Flask, agency: Agency, sign_in: SignIn) -> None:
    claire, denis = sign_in(agency.claire), sign_in(agency.denis)
    with denis.session_transaction() as values:
        values["csrf_token"] = "another seed"
    page = claire.post("/sign-out", headers={"X-CSRFToken": denis.csrf_token()})
    claire.csrf_token()
    assert page.status == 400
    assert claire.post("/sign-out", headers={"X-CSRFToken": denis.csrf_token()}).status == 400


def test_safe_requests_of_everybody_write_nothing(
    app: Flask, agency: Agency, sign_in: SignIn, database: Database
) -> None:
    people = [sign_in(getattr(agency, name)) for name in ELSEWHERE]

    def written() -> dict:
        """All but the read log: that something is read is what stands in it."""
        return {table: rows for table, rows in database.fingerprint().items() if table != "read_entry"}

    before = written()
    for browser in people:
        for rule in rules(app):
            if rule.endpoint == "static" or "token" in rule.arguments:
                continue
            where = url(app, rule.endpoint, filled(rule))
            if "GET" in methods(rule):
                browser.get(where)
                browser.head(where)
            browser.open(where, method="OPTIONS")
    assert written() == before
