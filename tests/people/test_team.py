"""The records of the staff, for administrators; the last of them stays. A relative's record, under the same lock."""

import pytest
from sqlalchemy import select, update

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.people.models import Client, Relative, Sector, Staff
from tests import factories
from tests.conftest import Database, Mailbox, SignIn
from tests.factories import Agency
from tests.pages import Browser, Page


@pytest.fixture
def ada(agency: Agency, sign_in: SignIn) -> Browser:
    return sign_in(agency.ada)


def names(page: Page) -> list[str]:
    return [link.get_text() for link in page.soup.select("#records tbody tr td:first-child a")]


def last_deed(database: Database, subject_type: str) -> AuditEntry:
    chosen = select(AuditEntry).where(AuditEntry.subject_type == subject_type, AuditEntry.kind == "person.changed")
    return database.all(chosen.order_by(AuditEntry.id.desc()).limit(1))[0]


def test_a_colleague_is_added_found_changed_and_closed(
    ada: Browser, agency: Agency, database: Database, mailbox: Mailbox, sign_in: SignIn
) -> None:
    form = ada.get("/staff/home").link("Staff").click().link("Add a colleague").click().form("Add and invite")
    alone = form.submit(last_name="Noël", email="lea@example.org", role="coordinator")
    assert (alone.status, database.count(Staff)) == (409, 4)
    assert "at least one sector" in alone.says("#sector_ids-error")
    assert alone.at("#last_name")["value"] == "Noël"
    known = alone.form("Add and invite").submit(email="sofia@example.org", sector_ids=str(agency.north))
    assert known.status == 409
    page = known.form("Add and invite").submit(first_name="Léa", email="lea@example.org", language="").follow()
    assert database.one(select(Staff.language).where(Staff.email == "lea@example.org")) is None, "the agency's own"
    assert page.h1 == "Léa Noël"
    assert "Nord" in page.words
    assert mailbox.one()["To"].addresses[0].addr_spec == "lea@example.org"
    assert names(ada.get("/staff/team")) == ["Sofia Benali", "Inès Caron", "Ada Martin", "Léa Noël", "Igor Volkov"]
    assert names(ada.get("/staff/team?role=coordinator&q=noel")) == ["Léa Noël"]
    assert names(ada.get("/staff/team?state=closed")) == names(ada.get("/staff/team?q='")) == []
    assert len(ada.get("/staff/team").statements) <= 6
    page = page.link("Edit").click().form("Save").submit(role="quality", phone="01 02 03 04 05").follow()
    assert "Quality lead" in page.words
    for nothing in ("", "\u200b"):
        without = page.link("Edit").click().form("Save").submit(email=nothing)
        assert (without.status, without.says("#email-error")) == (422, "Please give an e-mail address.")
    assert "(optional)" not in without.at("label[for=email]").get_text()
    deed = last_deed(database, "staff")
    assert (deed.before, deed.after) == ({"role": "coordinator"}, {"role": "quality", "fields": ["phone", "role"]})
    sofia = sign_in(agency.sofia)
    assert sofia.get("/staff/home").status == 200
    login = ada.get(f"/staff/team/{agency.sofia.id}").link("Portal access").click()
    assert (login.h1, login.says(".record-tabs [aria-current]")) == ("Sofia Benali", "Portal access")
    assert len(login.statements) <= 12
    page = login.link("Definition").click().link("Close the record").click()
    assert "2 clients are managed by this person" in page.words
    page = page.form("Close the record").submit().follow()
    assert sofia.get("/staff/home").location.startswith("/sign-in")
    assert page.form("Open the record again").submit().status == 303
    assert len(page.statements) <= 12


def test_the_last_administrator_and_ones_own_role_stay(
    ada: Browser, agency: Agency, database: Database, sign_in: SignIn
) -> None:
    before = database.one(select(Staff.version).where(Staff.id == agency.ada.id))
    page = ada.get(f"/staff/team/{agency.ada.id}/editing").form("Save").submit(role="quality")
    assert page.status == 409
    assert "another administrator has to do this" in page.says("#role-error")
    assert not ada.get(f"/staff/team/{agency.ada.id}").soup.select("a[href$=closing]")
    asked = ada.get(f"/staff/team/{agency.ada.id}/closing")
    assert "another administrator has to do this" in asked.words
    for page in (asked, ada.act(f"/staff/team/{agency.ada.id}/closing")):
        assert "Close the record" not in [button.get_text() for button in page.soup.select("button")]
    assert page.status == 409
    with database.writing():
        eve = factories.staff("Ève", "Blanc", "admin", [], "eve@example.org")
        number = eve.id
    page = ada.get(f"/staff/team/{number}/editing").form("Save").submit(role="quality")
    assert page.status == 303, "without a login she is not the last one"
    with database.writing():
        eve = db.session.get_one(Staff, number)
        eve.role = "admin"
        second = factories.protected(factories.persona(eve))
        db.session.execute(update(Staff).where(Staff.id == agency.ada.id).values(active=False))
    browser = sign_in(second)
    assert browser.act(f"/staff/team/{second.id}/closing").status == 409
    with database.writing():
        db.session.execute(update(Staff).where(Staff.id == agency.ada.id).values(active=True))
    assert browser.act(f"/staff/team/{agency.ada.id}/closing").status == 303
    assert database.one(select(Staff.version).where(Staff.id == agency.ada.id)) > before


def test_of_two_who_change_a_colleague_the_second_gets_both_texts(
    ada: Browser, agency: Agency, database: Database
) -> None:
    address = f"/staff/team/{agency.igor.id}/editing"
    first, second = ada.get(address).form("Save"), ada.get(address).form("Save")
    assert ada.act(address, {**first.values(), "sector_ids": [agency.north, agency.south]}).status == 303
    late = second.submit(phone="02 22 22 22 22")
    assert late.status == 409
    assert "Before, it was: Sud" in late.says("#sector_ids")
    assert late.at("#phone")["value"] == "02 22 22 22 22"
    odd = ada.act(address, {**late.form("Save").values(), "sector_ids": "987654"})
    assert odd.status == 422
    assert odd.says("#sector_ids-error")
    with database.writing():
        igor = db.session.get_one(Staff, agency.igor.id)
        assert {sector.id for sector in igor.sectors} == {agency.north, agency.south}
        assert igor.phone is None


def test_a_relative_is_changed_under_the_same_lock(agency: Agency, sign_in: SignIn, database: Database) -> None:
    sofia, ines = sign_in(agency.sofia), sign_in(agency.ines)
    page = sofia.get(f"/staff/clients/{agency.claire.id}/access").link("Edit").click()
    other = ines.get(f"/staff/clients/{agency.claire.id}/relatives/{agency.paul.id}/editing")
    other.form("Save").submit(relation="fils", phone="01 11 11 11 11")
    typed = {**page.form("Save").values(), "phone": "02 22 22 22 22"}
    del typed["sees_ratings"]
    late = sofia.act(page.form("Save").action, typed)
    assert late.status == 409
    assert "What stands there now: 01 11 11 11 11" in late.says("#phone-rival")
    assert "What stands there now: Yes" in late.says("#sees_ratings-rival")
    assert late.at("#relation")["value"] == "fils"
    assert "The record of Paul Lefèvre is saved." in late.form("Save").submit().follow().words
    paul = database.one(select(Relative).where(Relative.id == agency.paul.id))
    assert (paul.phone, paul.relation, paul.sees_ratings) == ("02 22 22 22 22", "fils", False)
    deed = last_deed(database, "relative")
    assert (deed.before, deed.after) == (
        {"sees_ratings": True}, {"sees_ratings": False, "fields": ["phone", "sees_ratings"]},
    )  # fmt: skip
    with database.writing():
        factories.relative("Anne", "Lefèvre", db.session.get_one(Client, agency.claire.id), "anne@example.org")
    taken = sofia.get(f"/staff/clients/{agency.claire.id}/relatives/{agency.paul.id}/editing")
    taken = taken.form("Save").submit(email="ANNE@example.org")
    assert (taken.status, taken.at("#email")["value"]) == (409, "ANNE@example.org")
    assert sofia.get(f"/staff/clients/{agency.denis.id}/relatives/{agency.paul.id}/editing").status == 404
    assert database.count(Sector) == 3
