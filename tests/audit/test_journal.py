"""The journal: one entry per deed, exact, in the deed's own transaction, and without the words of people."""

import pytest
from flask import Flask
from flask_babel.speaklater import LazyString
from sqlalchemy import select

from portal.audit.actions import record, record_all
from portal.audit.models import KINDS, AuditEntry
from portal.extensions import writing
from tests.conftest import Database, SignIn
from tests.factories import NOON, Agency


def test_a_kind_that_is_not_in_the_list_cannot_be_written(app: Flask, database: Database) -> None:
    with app.app_context(), writing(), pytest.raises(KeyError):
        record("rating.invented", None, ("visit", 1))
    assert database.count(AuditEntry) == 0


def test_the_portal_itself_is_nobody(app: Flask, database: Database) -> None:
    with database.writing():
        record("visit.done", None, ("visit", 1))
    entry = database.one(select(AuditEntry))
    assert (entry.account_id, entry.role, entry.before, entry.after) == (None, None, None, None)
    assert entry.at >= NOON
    assert entry.at.tzinfo is not None


def test_many_deeds_are_one_statement(app: Flask, database: Database) -> None:
    watch = app.extensions["tests.watch"]
    with database.writing():
        watch.begin()
        record_all("visit.planned", None, [(("visit", number), None, {"state": "planned"}) for number in range(200)])
        assert len(watch.writes) == 1
    assert database.count(AuditEntry) == 200


def test_nothing_to_record_is_no_statement(app: Flask, database: Database) -> None:
    with database.writing():
        app.extensions["tests.watch"].begin()
        record_all("visit.planned", None, [])
        assert app.extensions["tests.watch"].writes == []


def test_every_deed_of_a_portal_leaves_just_one_entry(agency: Agency, sign_in: SignIn, database: Database) -> None:
    claire, sofia, wassim = sign_in(agency.claire), sign_in(agency.sofia), sign_in(agency.wassim)
    deeds = [
        (claire, f"/client/visits/{agency.claires_done}/rating", {"stars": "2", "comment": "le secret"}, "rating.left"),
        (claire, f"/client/visits/{agency.claires_done}/rating", {"stars": "3", "version": "1"}, "rating.changed"),
        (wassim, f"/worker/visits/{agency.claires_past}/done", {}, "visit.done"),
        (sofia, f"/staff/visits/{agency.claires_next}/cancellation", {"reason": "le secret"}, "visit.cancelled"),
        (claire, "/language", {"language": "ru"}, "account.language_chosen"),
        (claire, "/choose", {"file": agency.claire.key}, "account.file_opened"),
        (claire, "/forgotten-password", {"email": agency.claire.email}, "account.reset_asked"),
        (claire, "/sign-out", {}, "account.signed_out"),
    ]
    for browser, url, data, kind in deeds:
        before = database.count(AuditEntry)
        assert browser.act(url, data).status < 400, url
        entries = database.all(select(AuditEntry.kind).order_by(AuditEntry.id))
        assert entries[before:] == [kind], url


def test_the_words_of_people_are_not_in_the_journal(agency: Agency, sign_in: SignIn, database: Database) -> None:
    claire, sofia = sign_in(agency.claire), sign_in(agency.sofia)
    address = f"/client/visits/{agency.claires_done}/rating"
    claire.act(address, {"stars": "2", "comment": "le secret de Claire"})
    claire.act(address, {"stars": "3", "comment": "un autre secret", "version": "1"})
    sofia.act(f"/staff/visits/{agency.claires_next}/cancellation", {"reason": "un secret aussi"})
    journal = repr(database.all(select(AuditEntry.before, AuditEntry.after)))
    assert "secret" not in journal
    for name in ("Claire", "Lefèvre", "@example.org"):
        assert name not in journal


def test_every_kind_says_what_happened_in_a_sentence_for_readers_of_any_language() -> None:
    for kind, sentence in KINDS.items():
        feature, _, deed = kind.partition(".")
        assert isinstance(sentence, LazyString), f"{kind} cannot be translated"
        assert feature.isalpha()
        assert deed.replace("_", "").isalpha()
        assert sentence.endswith(".")


def test_no_request_that_is_refused_leaves_an_entry(agency: Agency, sign_in: SignIn, database: Database) -> None:
    claire = sign_in(agency.claire)
    before = database.count(AuditEntry)
    claire.act(f"/client/visits/{agency.claires_next}/rating", {"stars": "2"})
    claire.act(f"/client/visits/{agency.denis_done}/rating", {"stars": "2"})
    claire.act(f"/client/visits/{agency.claires_done}/rating", {"stars": "9"})
    claire.act("/choose", {"file": agency.denis.key})
    assert database.count(AuditEntry) == before


def test_who_is_refused_something_is_written_down_once_and_without_content(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    sofia = sign_in(agency.sofia)
    asked = [("GET", 403), ("HEAD", 403), ("POST", 403)]
    for method, status in asked:
        page = sofia.open("/staff/accounts?q=secret", method=method, headers={"X-CSRFToken": sofia.csrf_token()})
        assert page.status in (status, 405)
    assert sofia.get("/client/visits").status == 404, "another role's portal is not there: nothing to write down"
    kept = select(AuditEntry.account_id, AuditEntry.role, AuditEntry.after).where(AuditEntry.kind == "access.denied")
    rows = database.all(kept.order_by(AuditEntry.id))
    assert {row[:2] for row in rows} == {(agency.sofia.account_id, "coordinator")}
    assert [row[2]["method"] for row in rows][:2] == ["GET", "HEAD"]
    assert "secret" not in repr(rows)
