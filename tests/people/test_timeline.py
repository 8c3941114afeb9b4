"""*Suivi* of a client: what was done to the record, the relatives and the visits, newest first."""

from datetime import timedelta

from sqlalchemy import update
from time_machine import TimeMachineFixture

from portal import clock
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.people.models import Client, Service, Worker
from portal.visits.models import Visit
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency, at
from tests.pages import Page


def lines(page: Page) -> list[str]:
    return [" ".join(line.get_text(" ").split()) for line in page.soup.select(".timeline > li")]


def test_what_happened_around_a_client_is_told_newest_first(
    agency: Agency, sign_in: SignIn, database: Database, time_machine: TimeMachineFixture
) -> None:
    time_machine.shift(timedelta(hours=1))
    sofia = sign_in(agency.sofia)
    with database.writing():
        factories.rate(agency.claire, agency.claires_done, 1, "le secret")
    sofia.get(f"/staff/clients/{agency.claire.id}/editing").form("Save").submit(phone="01 02 03 04 05", city="Nantes")
    sofia.act(f"/staff/clients/{agency.claire.id}/relatives/{agency.paul.id}/closing")
    sofia.act(f"/staff/clients/{agency.claire.id}/closing")
    page = sofia.get(f"/staff/clients/{agency.claire.id}").link("Follow-up").click()
    told = lines(page)
    assert [line.partition(" by ")[0] for line in told[:3]] == ["Record closed", "Record closed", "Record changed"]
    assert "Relative: Paul Lefèvre" in told[1]
    assert "by Sofia Benali Postal address, Phone" in told[2]
    rated = next(line for line in told if "A visit was rated." in line)
    assert "Mon 16 November, 9:00 · Aide au lever · 1 out of 5 · Claire Lefèvre" in rated
    assert "le secret" not in page.html
    assert any("Cancelled" in line for line in told)
    assert len(page.statements) <= 12
    assert page.link("A visit was rated.").click().h1.startswith("Claire Lefèvre")


def test_a_long_story_is_read_page_by_page_at_the_same_cost(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    sofia = sign_in(agency.sofia)
    address = f"/staff/clients/{agency.claire.id}/timeline"
    few = len(sofia.get(address).statements)
    with database.writing():
        claire, rising = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.rising)
        wassim = db.session.get_one(Worker, agency.wassim.id)
        for number in range(60):
            factories.visit(claire, rising, [wassim], at(2 + number, 7))
        db.session.execute(update(AuditEntry).values(at=clock.now()))  # all in one go
    first = sofia.get(address)
    assert len(first.statements) == few
    assert len(lines(first)) == 50
    older = first.link("Show what came before").click()
    told = [line for line in lines(first) + lines(older) if ", 7:00" in line]
    assert len(told) == len(set(told)) == 60, "none is left out, none is told twice"
    for odd in ("yesterday", "2026-11-17", "2026-11-17T12:00:00+00:00~x", "~1"):
        assert lines(sofia.get(address, query_string={"before": odd})) == lines(first)


def test_visits_of_another_sector_are_left_out(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        db.session.execute(update(Client).where(Client.id == agency.claire.id).values(sector_id=agency.south))
    page = sign_in(agency.igor).get(f"/staff/clients/{agency.claire.id}/timeline")
    assert page.status == 200
    assert not [line for line in lines(page) if "November" in line and "Aide" in line]
    assert database.count(Visit, Visit.client_id == agency.claire.id) == 5
