"""The pages: choose a file, see what it would do, confirm, mend what was refused."""

import csv
import io
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from portal.audit.models import AuditEntry
from portal.extensions import db, wires
from portal.imports.models import Import
from portal.outbox.models import Message
from portal.people.models import Client
from portal.visits.models import Visit
from portal.work.jobs import run
from portal.work.models import Work
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.imports.conftest import TITLES
from tests.pages import Browser, Page

GOOD = "Mme LEFEVRE Claire;20/11/2026;9h30;Jardinage;HADDAD Wassim;1h30;=1+1"
BAD = "Paul Personne;20/11/2026;9h;Ménage;;1h;=cmd"
UNSURE = "Denis Moreau;21/11/2026;9h;Ménage;Zoé Inconnue;1h;"
PAST = "Claire Lefèvre;16/11/2026;16h;Ménage;Wassim Haddad;1h;;Réalisée"


class Desk:
    """A person at the import pages, and the worker who does what they ask for."""

    def __init__(self, app: Flask, database: Database, browser: Browser) -> None:
        self.app, self.database, self.browser = app, database, browser

    def choose(self, content: bytes, name: str = "semaine 47.csv", kind: str = "visits", **ticked: Any) -> Page:
        page = self.browser.get(f"/staff/imports?kind={kind}")
        return page.form("Show what it would do").submit(file=(io.BytesIO(content), name), **ticked)

    def preview(self, *lines: str, titles: str = TITLES, **ticked: Any) -> Page:
        moving = self.choose("\n".join([titles, *lines]).encode("cp1252"), **ticked)
        self.work()
        return moving.follow()

    def confirm(self, preview: Page, **ticked: Any) -> Page:
        moving = preview.form("Confirm").submit(**ticked)
        self.work()
        return moving.follow()

    def work(self) -> None:
        for work_id in self.database.all(select(Work.id).where(Work.state == "waiting")):
            with self.app.app_context():
                run(work_id)


@pytest.fixture
def desk(agency: Agency, app: Flask, database: Database, sign_in: SignIn) -> Desk:
    """Sofia's, who coordinates the North."""
    return Desk(app, database, sign_in(agency.sofia))


def test_a_file_is_seen_confirmed_and_written(desk: Desk, database: Database) -> None:
    before = database.count(Visit)
    moving = desk.choose("\n".join([TITLES, GOOD, BAD, UNSURE]).encode("cp1252")).follow()
    assert moving.h1 == "semaine 47.csv"
    assert "Reading the file" in moving.words
    desk.work()
    preview = desk.browser.get(moving.response.request.path)
    assert "Windows-1252, columns parted by a semicolon" in preview.words
    assert "New services, which will be created: Jardinage." in preview.words
    assert "There is no client “Paul Personne” in your sectors." in preview.words
    assert "→ Claire Lefèvre" in preview.words
    assert database.count(Visit) == before
    result = desk.confirm(preview)
    assert "Draft created" in result.words
    assert database.count(Visit) == before + 2
    assert database.count(AuditEntry, AuditEntry.kind == "import.uploaded") == 1
    assert database.one(select(AuditEntry.after).where(AuditEntry.kind == "import.ran")) == {
        "kind": "visits", "create": 1, "draft": 1, "refused": 1}  # fmt: skip
    assert desk.browser.get("/staff/imports").link("semaine 47.csv").click().h1 == "semaine 47.csv"


def test_refused_lines_are_downloaded_mended_and_brought_in_again(desk: Desk, database: Database) -> None:
    result = desk.confirm(desk.preview(GOOD, BAD, "Claire Lefèvre;31/11/2026;9h;Ménage;;1h;@x"))
    before = database.count(Visit)
    download = result.link("Download the refused lines").click()
    text = download.response.data.decode("utf-8-sig")
    assert download.response.data.startswith(b"\xef\xbb\xbf")
    titles, first, second = csv.reader(io.StringIO(text), delimiter=";")
    assert titles == [*TITLES.split(";"), "Reason for refusal"]
    assert first == [*BAD.replace("=cmd", "'=cmd").split(";"), "There is no client “Paul Personne” in your sectors."]
    assert second[-2:] == ["'@x", "“31/11/2026” is not a date. Write it as 17/11/2026."]
    mended = text.replace("Paul Personne", "Denis Moreau").replace("31/11", "30/11").encode("utf-8-sig")
    desk.choose(mended)
    desk.work()
    desk.confirm(desk.browser.get(f"/staff/imports/{database.all(select(Import.id).order_by(Import.id))[-1]}"))
    assert database.count(Visit) == before + 2
    assert database.all(select(Visit.mission_order).order_by(Visit.id.desc()).limit(2)) == ["@x", "=cmd"]


def test_past_visits_ask_nobody_unless_that_is_ticked(desk: Desk, database: Database) -> None:
    preview = desk.preview(PAST, titles=TITLES + ";État")
    assert "At most 1 e-mail would be sent" in preview.words
    desk.confirm(preview)
    assert database.count(Message) == 0


def test_past_visits_ask_when_that_is_ticked(desk: Desk, database: Database) -> None:
    desk.confirm(desk.preview(PAST, titles=TITLES + ";État"), tick="y")
    assert database.count(Message, Message.kind == "ratings.request") == 1


def test_a_relative_who_would_be_mailed_is_counted(desk: Desk, database: Database) -> None:
    with database.writing():
        db.session.execute(update(Client).values(email=None))
    expected = "At most 1 e-mail would be sent"
    assert expected in desk.preview(PAST, titles=TITLES + ";État").words, "Paul answers for Claire"


def test_visits_to_come_offer_no_request(desk: Desk) -> None:
    assert not desk.preview(GOOD).form("Confirm").fields("tick")


def test_a_figure_shows_its_lines_alone(desk: Desk) -> None:
    refused = desk.preview(GOOD, BAD).link("Refused").click()
    assert "Paul Personne" in refused.words
    assert "Jardinage" not in refused.says("tbody")


def test_the_part_that_is_polled_stops_polling_when_the_work_is_over(desk: Desk) -> None:
    path = desk.choose(f"{TITLES}\n{GOOD}".encode()).location
    moving = desk.browser.part(path)
    assert moving.at("#import")["hx-trigger"] == "every 1s"
    desk.work()
    assert "hx-trigger" not in desk.browser.part(path).at("#import").attrs


def test_a_file_that_is_being_read_is_not_put_aside(desk: Desk, database: Database) -> None:
    path = desk.choose(f"{TITLES}\n{GOOD}".encode()).location
    page = desk.browser.act(f"{path}/discard")
    assert page.status == 409
    assert "This file is still being read. Please wait for the preview." in page.words
    desk.work()
    assert database.all(select(Import.state)) == ["ready"], "and its preview is whole"


def test_a_file_is_put_aside(desk: Desk, database: Database) -> None:
    desk.preview(GOOD).form("Put this file aside").submit()
    assert database.all(select(Import.state, Import.content)) == [("discarded", None)]
    assert "semaine 47.csv" not in desk.browser.get("/staff/imports").words


def test_confirming_twice_writes_once(desk: Desk, database: Database) -> None:
    preview, before = desk.preview(GOOD), database.count(Visit)
    desk.confirm(preview)
    again = preview.form("Confirm").submit()
    assert again.status == 409
    assert "This file has been written or put aside in the meantime." in again.words
    desk.work()
    assert database.count(Visit) == before + 1


def test_only_one_file_of_a_kind_is_written_at_a_time(desk: Desk) -> None:
    first, second = desk.preview(GOOD), desk.preview(UNSURE)
    first.form("Confirm").submit()
    busy = second.form("Confirm").submit()
    assert (busy.status, "Another file is being written just now" in busy.words) == (409, True)
    desk.work()
    assert second.form("Confirm").submit().status == 303


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "This is neither a CSV nor an XLSX file."),
        (b"Client;Heure\nClaire;9h", "These columns are missing: Date."),
        (b"a;b\n1;2", "The first line should name the columns: Client, Date."),
        (b"Client;Date", "The file has titles but no line below them."),
        (b"Client;Date;Jour\nx;y;z", "The column “Date” is there twice."),
        (b"Client;Date\n" + b"x;y\n" * 50_020, "The file has more than 50000 lines. Please split it."),
    ],
    ids=["empty", "image", "missing", "no-header", "no-lines", "twice", "too-many"],
)
def test_a_file_that_cannot_be_read_says_why(desk: Desk, content: bytes, sentence: str) -> None:
    page = desk.choose(content, "photo.csv")
    desk.work()
    assert sentence in page.follow().words


def test_no_file_chosen_is_said(desk: Desk) -> None:
    page = desk.browser.get("/staff/imports").form("Show what it would do").submit(file=(io.BytesIO(b""), ""))
    assert (page.status, page.errors()) == (422, ["Please choose a file."])


def test_a_coordinator_does_not_see_the_files_of_others(desk: Desk, agency: Agency, sign_in: SignIn) -> None:
    path = desk.choose(f"{TITLES}\n{GOOD}".encode()).location
    assert sign_in(agency.igor).get(path).status == 404
    assert sign_in(agency.ines).get(path).status == 200
    assert sign_in(agency.claire).get(path).status == 404
    assert sign_in(agency.igor).act(f"{path}/write").status == 404


def test_a_fault_on_our_side_can_be_tried_again(
    desk: Desk, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    preview, before = desk.preview(GOOD), database.count(Visit)
    with monkeypatch.context() as broken:
        broken.setattr("portal.visits.bulk.write", lambda *_, **__: 1 / 0)
        stopped = desk.confirm(preview)
    assert "The import stopped because of a fault on our side." in stopped.words
    assert database.count(Visit) == before
    desk.confirm(stopped)
    assert database.count(Visit) == before + 1


def test_who_may_no_longer_import_writes_nothing(
    desk: Desk, agency: Agency, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.choose(f"{TITLES}\n{GOOD}".encode())
    monkeypatch.setattr(wires, "files_of_account", lambda _account: [])
    desk.work()
    assert database.one(select(Import.fault)) == ["no_longer_allowed", {}]


def test_the_model_file_is_read_without_a_complaint_about_its_titles(desk: Desk, database: Database) -> None:
    for kind in ("visits", "clients", "workers"):
        model = desk.browser.get(f"/staff/imports?kind={kind}").link("Download a model file").click().response.data
        desk.choose(model, kind=kind)
        desk.work()
        with desk.app.app_context():
            imported = db.session.scalars(select(Import).order_by(Import.id.desc())).first()
            assert imported and imported.fault is None
            assert None not in imported.meanings


@pytest.mark.parametrize("language", ["fr", "ru"])
def test_pages_are_whole_in_every_language(desk: Desk, language: str) -> None:
    preview = desk.preview(GOOD, BAD, UNSURE)
    page = desk.browser.get(f"{preview.response.request.path}?lang={language}")
    assert page.at("html")["lang"] == language
    assert desk.browser.get(f"/staff/imports?lang={language}").status == 200
