"""Words planted where only some may read them, looked for by everybody everywhere: who reported in confidence is read
by the quality lead alone, on one page; what happened and why, by who follows the event up; by nobody on a portal."""

import io
import re
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.datastructures import FileStorage
from werkzeug.routing import Rule

from portal.adverse_events import short
from portal.adverse_events.draft_files import attach
from portal.adverse_events.follow_models import Action, Analysis, FormerWording, Reopening, TimelineStep
from portal.adverse_events.models import AdverseEvent, Concerned, Reporter
from portal.audit.models import ReadEntry
from portal.controls.actions import ask_export
from portal.controls.models import Export
from portal.extensions import db, wires
from portal.files.actions import prepare
from portal.links import new_public_id
from portal.notes.models import Note
from portal.organisation.lists import entry_of_code
from portal.organisation.models import ListName
from portal.outbox.models import Message
from portal.roles import GRANTS
from portal.settings.actions import set_option
from portal.work import jobs as work
from tests import factories
from tests.conftest import Database, Mailbox, SignIn, text_of
from tests.factories import NOON, Agency, Persona
from tests.pages import Browser, Page

WHO, HEALTH = "canariwho", "canarisante"
PORTALS = {
    "claire": "client", "denis": "client", "paul": "client", "wassim": "worker", "jean": "worker", "sofia": "staff",
    "igor": "staff", "ines": "staff", "ada": "staff",
}  # fmt: skip
FRAGMENTS = re.compile("adverse|event|note|control|thread|message|search|clients|workers")
WORDS = re.compile(r"any\((.*)\)")
FOLLOW = {"sofia", "ines", "ada"}  # who follows up the events of the North


@dataclass
class Scene:
    """Wassim has reported in confidence, on his visit at Claire's; it was analysed, closed and opened again."""

    event_id: int
    note_id: int
    token: str


@pytest.fixture
def scene(agency: Agency, database: Database) -> Scene:
    with database.writing():
        set_option(None, "adverse_events.portal", "on")
        event = _reported(agency)
        for name in ("witnesses", "before_note", "measures_note", "place_note", "other_category", "closed_why"):
            setattr(event, name, f"{HEALTH} {name}")
        event.worker_word, event.worker_word_at = f"{HEALTH} word", NOON
        event.people = [Concerned(role="relative", name=f"{HEALTH} person")]
        kept = Reporter.event_id == event.id
        identity = {"name": f"{WHO} name", "phone": f"{WHO} phone", "email": f"{WHO}@example.org"}
        db.session.execute(update(Reporter).where(kept).values(identity))
        db.session.execute(update(Note).where(Note.id == event.note_id).values(text=f"{HEALTH} note"))
        _followed_up(agency, event)
        return Scene(event.id, event.note_id or 0, event.files[0].public_id)


def _reported(agency: Agency) -> AdverseEvent:
    photo = FileStorage(io.BytesIO(factories.picture()), "photo.png")
    what = short.What(NOON - timedelta(days=1), agency.claire.id, agency.claires_done,
                      entry_of_code(ListName.EVENT, "D01").id, f"{HEALTH} facts")  # fmt: skip
    draft = short.save_draft(agency.wassim.user, new_public_id(), "what", {})
    attach(agency.wassim.user, draft, prepare(agency.wassim.user, [photo]))
    sending = short.Sending(short.GRAVITIES["grave"], True, "confidential")
    return short.send(agency.wassim.user, draft, what, sending).event


def _followed_up(agency: Agency, event: AdverseEvent) -> None:
    factories.add(Analysis(
        event_id=event.id, method="five_whys", planned=f"{HEALTH} planned", immediate_cause=f"{HEALTH} cause",
        whys=[f"{HEALTH} why"], factors={"A1": f"{HEALTH} factor"}, worked=f"{HEALTH} worked", missed=f"{HEALTH} m",
        lessons=f"{HEALTH} lessons", steps=[TimelineStep(at=NOON, fact=f"{HEALTH} step")],
    ))  # fmt: skip
    factories.add(Action(event_id=event.id, kind="corrective", text=f"{HEALTH} action", owner_id=agency.sofia.id,
                         due_on=NOON.date(), created_by="Sofia Benali"))  # fmt: skip
    factories.add(FormerWording(event_id=event.id, by="Inès Caron", part="facts",
                                changed={"facts": [f"{HEALTH} former", f"{HEALTH} facts"]}))  # fmt: skip
    factories.add(Reopening(event_id=event.id, by="Inès Caron", why=f"{HEALTH} reopened", closed_at=NOON))


def addresses(app: Flask, portal: str, scene: Scene, agency: Agency) -> list[str]:
    """Every address of a portal, and every one without a portal, that answers GET, about this event where it can be."""
    known: dict[str, Any] = {
        "event_id": scene.event_id, "note_id": scene.note_id, "client_id": agency.claire.id, "token": scene.token,
        "worker_id": agency.wassim.id, "visit_id": agency.claires_done, "staff_id": agency.sofia.id, "name": "event",
        "account_id": agency.wassim.account_id, "code": "R-AT", "route": "R-AT", "filename": "portal.css",
    }  # fmt: skip
    found = []
    for rule in app.url_map.iter_rules():
        blueprint = rule.endpoint.partition(".")[0]
        if "GET" in (rule.methods or ()) and blueprint in (portal, "accounts", "agency", "open", "machines"):
            values = {name: known.get(name, _any_of(rule, name)) for name in rule.arguments}
            found.append(app.url_map.bind("localhost").build(rule.endpoint, values))
    return found


def _any_of(rule: Rule, name: str) -> object:
    """A value that a part of an address takes: one of its words, where it has some."""
    words = WORDS.search(rule.rule.partition(f":{name}>")[0].rpartition("<")[2])
    return words[1].partition(",")[0].strip(" \"'") if words else 1


def text_in(page: Page) -> str:
    """All that an answer says, headers too; of a paper its text."""
    if page.mimetype == "application/pdf":
        return paper_text(page.data)
    return f"{page.headers} {page.data.decode('utf-8', 'replace')}"


def paper_text(content: bytes) -> str:
    from pypdf import PdfReader

    return " ".join(sheet.extract_text() for sheet in PdfReader(io.BytesIO(content)).pages)


def places_with(words: tuple[str, ...], browser: Browser, asked: list[str]) -> dict[str, set[str]]:
    """The addresses at which each of these words is read, on the page or in the fragment."""
    found: dict[str, set[str]] = {}
    for address in asked:
        pages = [browser.get(address)]
        if FRAGMENTS.search(address) and pages[0].status == 200 and pages[0].mimetype == "text/html":
            pages.append(browser.part(address))  # a paper is the same again, and takes longest; so is a refusal
        assert all(page.status < 500 for page in pages), address
        said = " ".join(map(text_in, pages)).lower()
        for word in words:
            if word in said:
                found.setdefault(word, set()).add(address)
    return found


@pytest.mark.parametrize("name", PORTALS)
def test_nobody_finds_what_is_not_theirs_to_read(
    app: Flask, agency: Agency, sign_in: SignIn, scene: Scene, name: str
) -> None:
    person: Persona = getattr(agency, name)
    browser, portal = sign_in(person), PORTALS[name]
    browser.watching = False  # what pages are like is looked at elsewhere: here it is what they say
    asked = addresses(app, portal, scene, agency)
    assert any("adverse-events" in address for address in asked)
    found = places_with((WHO, HEALTH), browser, asked)
    reporter = f"/staff/adverse-events/{scene.event_id}/reporter"
    assert found.get(WHO, set()) == ({reporter} if name == "ines" else set())
    health = found.get(HEALTH, set())
    if name in FOLLOW:
        assert f"/staff/adverse-events/{scene.event_id}" in health
    else:
        assert not health


def test_a_stranger_finds_nothing(app: Flask, agency: Agency, stranger: Browser, scene: Scene) -> None:
    stranger.watching = False
    for portal in ("client", "worker", "staff"):
        asked = addresses(app, portal, scene, agency)
        assert not places_with((WHO, HEALTH), stranger, asked)


def test_files_that_leave_say_neither_who_reported_nor_what_happened(
    agency: Agency, database: Database, scene: Scene
) -> None:
    for person in (agency.sofia, agency.igor, agency.ines, agency.ada):
        for table in wires.tables.values():
            for kind in ("csv", "xlsx"):
                with database.writing():
                    if table.permission not in GRANTS[person.user.role]:
                        continue
                    made = ask_export(person.user, table, "period=this_year", kind, "fr").id
                text = exported(database, made)
                assert WHO not in text, (person.name, table.name, kind)
                if table.name not in ("event_actions", "notes") or person is agency.igor:
                    assert HEALTH not in text, (person.name, table.name, kind)
                if table.name in ("events", "notes"):
                    assert "Wassim" not in text, (person.name, table.name, kind)


def exported(database: Database, export_id: int) -> str:
    """What an export says, once it is written; of a workbook every part of it."""
    with database.app.app_context():
        export = db.session.get_one(Export, export_id)
        work.run(export.work_id or 0)
    with database.app.app_context():
        export = db.session.get_one(Export, export_id)
        content = export.content or b""
    assert content, f"{export.table} could not be written"
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            return " ".join(book.read(part).decode("utf-8", "replace") for part in book.namelist())
    return content.decode("utf-8", "replace")


def test_no_mail_says_it(agency: Agency, mailbox: Mailbox, scene: Scene, time_machine: Any) -> None:
    told = 0
    for later in (timedelta(0), timedelta(minutes=15), timedelta(days=1), timedelta(days=7)):
        time_machine.move_to(NOON + later)
        for mail in mailbox.collect():
            told += 1
            whole = f"{mail} {text_of(mail)} {text_of(mail, 'html')}".lower()
            assert WHO not in whole, mail["Subject"]
            assert HEALTH not in whole, mail["Subject"]
            assert "wassim" not in whole, mail["Subject"]
    assert told >= 4, "it is a severe one"


def test_the_page_of_a_confidential_event_hides_what_could_tell_who_it_was(
    agency: Agency, sign_in: SignIn, scene: Scene
) -> None:
    address = f"/staff/adverse-events/{scene.event_id}"
    for person in (agency.sofia, agency.ada):
        page = sign_in(person).get(address)
        for told in ("Wassim", "Aide au lever", f"/staff/visits/{agency.claires_done}", f"{address}/reporter"):
            assert told not in page.html, (person.name, told)
        assert "in confidence" in page.words
    assert f"{address}/reporter" in sign_in(agency.ines).get(address).html


def test_a_note_that_follows_it_does_not_tell_either(agency: Agency, sign_in: SignIn, scene: Scene) -> None:
    for person in (agency.sofia, agency.ada):
        page = sign_in(person).get(f"/staff/notes/{scene.note_id}")
        assert page.status in (200, 303, 302)
        assert "Haddad" not in page.html


def test_the_journal_does_not_know_who_it_was(agency: Agency, sign_in: SignIn, scene: Scene) -> None:
    for record in ("adverse_event", "note"):
        page = sign_in(agency.ada).get(f"/staff{wires.tables['journal'].rule}?record={record}")
        rows = " ".join(tag.get_text(" ") for tag in page.soup.select("tbody tr"))
        assert rows, record
        assert "Wassim" not in rows, record


def test_every_reading_is_written_down_and_shown_to_who_judges(
    agency: Agency, database: Database, sign_in: SignIn, scene: Scene
) -> None:
    address = f"/staff/adverse-events/{scene.event_id}"
    sign_in(agency.sofia).get(address)
    ines = sign_in(agency.ines)
    for page in (address, f"{address}/reporter", f"{address}/files/{scene.token}"):
        assert ines.get(page).status == 200
    ines.watching = False  # it knows no answer in part
    ines.get(f"{address}/files/{scene.token}", headers={"Range": "bytes=0-9"})
    assert sign_in(agency.igor).get(address).status == 404
    read = database.all(select(ReadEntry.person_id, ReadEntry.part).order_by(ReadEntry.id))
    ines_id = agency.ines.id
    parts = ["event", "reporter", "file", "file"]
    assert read == [(agency.sofia.id, "event"), *((ines_id, part) for part in parts)]
    page = sign_in(agency.ada).get(f"{address}/readings")
    assert [page.words.count(name) for name in ("Sofia Benali", "Inès Caron", "Who reported it")] == [1, 4, 1]
    assert database.count(Message, Message.subject_type == "adverse_event") >= 2
