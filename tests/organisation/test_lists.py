"""The agency's lists: what an administrator makes of them, and what they are shipped with."""

import json
import re

from sqlalchemy import select, update

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.organisation.lists import entries, entry_of_code, offered
from portal.organisation.models import LONGEST_CODE, LONGEST_LABEL, ListEntry, ListName
from tests.conftest import ROOT, Database, SignIn
from tests.factories import Agency
from tests.pages import Browser, Page
from tests.racing import at_once, posting

SHIPPED = json.loads((ROOT / "migrations/data/0011_lists.json").read_text(encoding="utf-8"))


def labels(page: Page) -> list[str]:
    return [link.get_text(strip=True) for link in page.soup.select("tbody tr td:first-child a")]


def untick(browser: Browser, address: str, name: str, **typed: str) -> Page:
    """Save the form of a page with one box empty."""
    values = browser.get(address).form("Save").values()
    return browser.act(address, {key: value for key, value in (values | typed).items() if key != name})


def kinds(database: Database) -> list[str]:
    chosen = select(AuditEntry.kind).where(AuditEntry.kind.startswith("list.")).order_by(AuditEntry.id)
    return list(database.all(chosen))


def test_an_administrator_adds_renames_and_orders_entries(agency: Agency, sign_in: SignIn, database: Database) -> None:
    ada = sign_in(agency.ada)
    lists = ada.get("/staff/home").link("Lists").click()
    assert len(lists.statements) <= 6
    page = lists.link("Categories of notes").click()
    assert labels(page)[0] == "Satisfaction follow-up" and len(page.statements) <= 6
    form = page.link("Add an entry").click().form("Save")
    assert form.submit(label_fr=" … ").errors() == ["Please name the entry in the language of the agency."]
    page = form.submit(label_fr="Anniversaire", label_ru="День рождения").follow()
    assert labels(page)[-1] == "Anniversaire"
    taken = page.link("Add an entry").click().form("Save").submit(label_fr="ANNIVERSAIRÉ")
    assert (taken.status, taken.errors()) == (409, ["This list has such an entry already."])
    last = page.at("tbody tr:last-child")["id"]
    page = page.press(f"#{last} [value=up]").follow()
    assert labels(page)[-2:] == ["Anniversaire", "Other"]
    assert page.press("tbody tr:first-child [value=up]").status == 303, "the first one stays where it is"
    page.link("Anniversaire").click().form("Save").submit(label_en="Birthday")
    assert "Birthday" in labels(ada.get(page.request.path))
    assert kinds(database) == ["list.created", "list.moved", "list.changed"]


def test_an_entry_is_taken_out_of_use_and_put_back(agency: Agency, sign_in: SignIn, database: Database) -> None:
    ada = sign_in(agency.ada)
    with database.app.app_context():
        call = entry_of_code(ListName.NOTE, "N04").id
    address = f"/staff/lists/note/{call}"
    untick(ada, address, "active")
    with database.app.app_context():
        assert call not in offered(ListName.NOTE)
        assert call in offered(ListName.NOTE, kept=[call]), "a note that has it keeps it"
    ada.get(address).form("Save").submit(active="y")
    with database.app.app_context():
        assert call in offered(ListName.NOTE)


def test_a_list_never_loses_its_last_entry(agency: Agency, sign_in: SignIn, database: Database) -> None:
    ada = sign_in(agency.ada)
    with database.writing():
        call = entry_of_code(ListName.NOTE, "N04").id
        db.session.execute(update(ListEntry).where(ListEntry.list == "note", ListEntry.id != call).values(active=False))
    refused = untick(ada, f"/staff/lists/note/{call}", "active", label_fr="Appel")
    assert refused.status == 409 and "This is the last entry in use" in refused.errors()[0]
    assert refused.form("Save").values()["label_fr"] == "Appel", "nothing that was typed is lost"


def test_finer_categories_of_events_and_what_they_suggest(agency: Agency, sign_in: SignIn, database: Database) -> None:
    ada = sign_in(agency.ada)
    page = ada.get("/staff/lists/event")
    assert len(page.statements) <= 6
    page = page.at("tbody tr:first-child").find_all("a")[1]
    finer = ada.get(page["href"])
    assert labels(finer)[0] == "Fall with injury"
    form = finer.link("Add a finer category").click().form("Save")
    strange = ada.act(form.action, {"label_fr": "Chute dans l’escalier", "legal_code": "L99"})
    assert (strange.status, strange.errors()) == (422, ["Please choose one of the values offered."])
    finer = form.submit(label_fr="Chute dans l’escalier", legal_code="L04", severe="y").follow()
    assert labels(finer)[-1] == "Chute dans l’escalier" and "alerts at once" in finer.words
    with database.app.app_context():
        made = db.session.scalars(select(ListEntry).order_by(ListEntry.id.desc()).limit(1)).one()
        assert made.parent and (made.parent.code, made.legal_code, made.severe) == ("D01", "L04", True)
        whole = [one.code for one in entries(ListName.EVENT)]
        assert whole[:8] == ["D01", "D01.1", "D01.2", "D01.3", "D01.4", "D01.5", None, "D02"], "each below its own"
        number, note = made.id, entry_of_code(ListName.NOTE, "N01").id
    for nowhere in (f"event/{number}/finer", f"event/{note}/finer", f"event/{note}/finer/new", f"note/{number}", "x"):
        assert ada.get(f"/staff/lists/{nowhere}").status == 404


def test_a_second_editor_gets_both_texts(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.app.app_context():
        address = f"/staff/lists/event/{entry_of_code(ListName.EVENT, 'D14').id}"
    first, second = (sign_in(agency.ada).get(address).form("Save") for _ in range(2))
    first.submit(label_fr="Animaux domestiques", legal_code="L02")
    late = second.submit(label_fr="Bêtes")
    assert late.status == 409
    assert "What stands there now: Animaux domestiques" in late.words and "What stands there now: L02" in late.words
    late.form("Save").submit()
    assert database.one(select(ListEntry.label_fr).where(ListEntry.code == "D14")) == "Bêtes"


def test_of_two_equal_entries_at_once_one_stands(agency: Agency, sign_in: SignIn, database: Database) -> None:
    typed = {"label_fr": "Anniversaire", "active": "y"}
    assert at_once([posting(sign_in(agency.ada), "/staff/lists/note/new", typed) for _ in range(2)]) == [303, 409]


def test_the_shipped_lists_are_whole() -> None:
    shipped = {(one["list"], one["code"]) for one in SHIPPED}
    assert len(shipped) == len(SHIPPED), "no code twice"
    for one in SHIPPED:
        assert len(one["code"]) <= LONGEST_CODE
        assert all(0 < len(one[language]) <= LONGEST_LABEL for language in ("fr", "ru", "en")), one
        assert not any("'" in one[language] for language in ("fr", "en")), one
        assert not re.search(r"[^\u00a0\u202f][:;?!]", one["fr"]), one
        assert not re.search(r"[A-Za-zÀ-ÿ]", one["ru"]), one
        assert ("event", one["parent"]) in shipped if "parent" in one else "." not in one["code"]
        assert ("legal", one["legal"]) in shipped if "legal" in one else True
    finer = {one["parent"] for one in SHIPPED if "parent" in one}
    assert {one["code"] for one in SHIPPED if one["list"] == "event" and "parent" not in one} - finer == {"D99"}


def test_a_service_can_be_without_authorities(agency: Agency, sign_in: SignIn, database: Database) -> None:
    ada, address = sign_in(agency.ada), f"/staff/services/{agency.cleaning}"
    assert ada.get(address).form("Save").values()["regulated"] == "y"
    untick(ada, address, "regulated")
    chosen = select(AuditEntry.before).where(AuditEntry.kind == "service.changed")
    assert database.one(chosen) == {"regulated": True}
