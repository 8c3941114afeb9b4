"""What staff write for themselves is found by nobody else: no page, fragment, poll, tag, order, figure or address."""

import io
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from portal.extensions import db
from portal.files.models import Attachment
from portal.threads.changes import correct_message, withdraw_message
from portal.threads.models import Thread, ThreadMessage
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency, Persona
from tests.inspection import filled
from tests.pages import Browser, Page

CANARY = "zanzibar"
OUTSIDE = {"claire": "client", "paul": "client", "wassim": "worker"}


@dataclass
class Scene:
    """Claire and Wassim talk with the agency in two threads; what is internal comes later, into the older one."""

    older: int
    newer: int
    incident: int
    public_id: str = ""
    message_id: int = 0


@pytest.fixture
def scene(agency: Agency, database: Database) -> Scene:
    with database.writing():
        older = factories.thread(agency.claire, [agency.claire], [agency.wassim], "Bonjour", subject="La première").id
        newer = factories.thread(agency.claire, [agency.claire], [agency.wassim], "Bonsoir", subject="La seconde").id
        made = factories.incident(agency.claire, agency.claires_past, "La porte était fermée")
        return Scene(older, newer, made.thread_id)


def write_inside(agency: Agency, database: Database, scene: Scene) -> None:
    """Internal messages with a file, one corrected, one withdrawn; a thread that is not published."""
    with database.writing():
        thread, sofia = db.session.get_one(Thread, scene.older), agency.sofia
        photo = FileStorage(io.BytesIO(factories.picture()), f"{CANARY}.png")
        made = factories.message(sofia, thread, f"Le {CANARY}", internal=True, uploads=[photo])
        scene.message_id, scene.public_id = made.id, made.files[0].attachment.public_id
        corrected = factories.message(sofia, thread, f"Corrigé {CANARY}", internal=True)
        correct_message(sofia.user, thread, corrected, f"Encore {CANARY}")
        withdrawn = factories.message(sofia, thread, f"Retiré {CANARY}", internal=True)
        withdraw_message(sofia.user, thread, withdrawn, f"Un {CANARY}")
        factories.message(sofia, db.session.get_one(Thread, scene.incident), f"Un incident {CANARY}", internal=True)
        factories.thread(sofia, [agency.claire], [agency.wassim], CANARY, subject=CANARY, published=False)


def addresses(app: Flask, portal: str, scene: Scene, agency: Agency) -> list[str]:
    """Every address of a portal that answers GET, about these threads, their messages and files."""
    known: dict[str, Any] = {
        "thread_id": scene.older, "message_id": scene.message_id, "token": scene.public_id,
        "visit_id": agency.claires_past,
    }  # fmt: skip
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith(f"{portal}.") and "GET" in (rule.methods or ()):
            values = {name: known.get(name, number) for name, number in filled(rule).items()}
            found.append(app.url_map.bind("localhost").build(rule.endpoint, values))
            if "thread_id" in values:
                for other in (scene.newer, scene.incident, scene.incident + 1):
                    more = app.url_map.bind("localhost").build(rule.endpoint, {**values, "thread_id": other})
                    found.append(more)
    return found


def look(browser: Browser, portal: str, scene: Scene) -> dict[str, object]:
    """All that could tell somebody outside that there is something: what is listed, in which order, the figures, the
    tags, and the answers to what a page that is open asks."""
    listed = browser.get(f"/{portal}/threads")
    pages = {
        number: browser.get(f"/{portal}/threads/{number}") for number in (scene.older, scene.newer, scene.incident)
    }
    tags = {number: str(page.at("#messages")["hx-ptag"]) for number, page in pages.items()}
    polls = {
        number: browser.part(f"/{portal}/threads/{number}/news", headers={"HX-PTag": tag}).status
        for number, tag in tags.items()
    }
    return {
        "list": lines(listed), "bubbles": [tag.get_text() for tag in listed.soup.select(".count-bubble")],
        "tags": tags, "polls": polls,
        "said": {number: [tag["id"] for tag in page.soup.select(".said")] for number, page in pages.items()},
        "last": {number: [tag["value"] for tag in page.soup.select(".talk-read [name=message]")]
                 for number, page in pages.items()},
    }  # fmt: skip


def lines(page: Page) -> list[str]:
    return [" ".join(tag.get_text(" ").split()) for tag in page.soup.select(".thread-line")]


@pytest.mark.parametrize("name", OUTSIDE)
def test_an_internal_message_is_found_by_no_address_of_another_portal(
    app: Flask, agency: Agency, database: Database, sign_in: SignIn, scene: Scene, name: str, time_machine: Any
) -> None:
    time_machine.move_to(factories.NOON, tick=False)
    portal, browser = OUTSIDE[name], sign_in(getattr(agency, name))
    before = look(browser, portal, scene)
    open_page = browser.get(f"/{portal}/threads/{scene.older}")
    write_inside(agency, database, scene)
    assert look(browser, portal, scene) == before, "nothing that one sees has changed"
    tag = str(open_page.at("#messages")["hx-ptag"])
    assert browser.part(f"/{portal}/threads/{scene.older}/news", headers={"HX-PTag": tag}).status == 304
    asked = addresses(app, portal, scene, agency)
    assert len(asked) > 20
    for address in asked:
        for page in (browser.get(address), browser.part(address)):
            assert CANARY not in page.text.lower(), address
            assert CANARY not in str(page.headers).lower(), address
    files = f"/{portal}/threads/{scene.older}/files/{scene.public_id}"
    assert [browser.get(where).status for where in (files, f"{files}/thumbnail")] == [404, 404]
    body = {"text": "x", "message": "99999", "reason": "x"}
    for deed in ("correction", "withdrawal"):
        assert browser.act(f"/{portal}/threads/{scene.older}/messages/{scene.message_id}/{deed}", body).status == 404
    answers = [
        browser.act(f"/{portal}/threads/{scene.older}/{deed}", body, htmx=True) for deed in ("messages", "reading")
    ]
    assert not [answer for answer in answers if CANARY in answer.html]


def test_staff_see_it_and_see_what_it_is(agency: Agency, database: Database, sign_in: SignIn, scene: Scene) -> None:
    write_inside(agency, database, scene)
    page = sign_in(agency.ines).get(f"/staff/threads/{scene.older}")
    inside = page.soup.select(".said[data-internal]")
    assert len(inside) == 3
    for said in inside:
        assert "Internal message" in said.get_text()
        assert said.select('use[href$="#lock"]')
    assert not page.soup.select(".said:not([data-internal]) .said-internal")
    public_id = database.one(select(Attachment.public_id))
    assert sign_in(agency.sofia).get(f"/staff/threads/{scene.older}/files/{public_id}").mimetype == "image/png"
    assert sign_in(agency.igor).get(f"/staff/threads/{scene.older}/files/{public_id}").status == 404


def test_nobody_writes_to_a_client_by_leaving_something_out(
    agency: Agency, database: Database, sign_in: SignIn, scene: Scene
) -> None:
    sofia, claire = sign_in(agency.sofia), sign_in(agency.claire)
    page = sofia.get(f"/staff/threads/{scene.older}")
    assert page.form("Send").values()["audience"] == "all", "whoever comes to answer answers"
    inside = sofia.get(f"/staff/threads/{scene.older}?internal=1").form("Send")
    assert inside.values()["audience"] == "agency"
    sent = inside.submit(text=f"Un {CANARY}", htmx=True)
    assert sent.form("Send").values()["audience"] == "agency", "who has begun to note for the agency goes on so"
    again = inside.submit(text=f"Un {CANARY}", audience="all")
    assert (again.status, "had arrived" in " ".join(again.errors())) == (409, True), "it did not reach the others"
    address = f"/staff/threads/{scene.older}/messages"
    assert sofia.act(address, {"text": "Ni l’un ni l’autre"}).status == 422
    assert claire.act(address.replace("staff", "client"), {"text": "De moi", "audience": "agency"}).status == 303
    written = database.all(
        select(ThreadMessage.text, ThreadMessage.internal).order_by(ThreadMessage.id.desc()).limit(2)
    )
    assert written == [("De moi", False), (f"Un {CANARY}", True)]


@pytest.mark.parametrize("name", ["denis", "jean", "igor"])
def test_a_fourth_person_finds_nothing_at_any_address(
    app: Flask, agency: Agency, database: Database, sign_in: SignIn, scene: Scene, name: str
) -> None:
    write_inside(agency, database, scene)
    person: Persona = getattr(agency, name)
    portal = {"denis": "client", "jean": "worker", "igor": "staff"}[name]
    browser = sign_in(person)
    for address in addresses(app, portal, scene, agency):
        if "/threads/" in address and not address.endswith("/new"):
            assert [browser.get(address).status, browser.part(address).status] == [404, 404], address
    for deed in ("messages", "reading", "archive", "unread"):
        assert browser.act(f"/{portal}/threads/{scene.older}/{deed}", {"text": "x"}).status == 404
    assert not lines(browser.get(f"/{portal}/threads"))
