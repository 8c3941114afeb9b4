"""What adverse events show on the home page and in the menu, and that they go with their client."""

from datetime import timedelta

from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal.adverse_events.models import AdverseEvent
from portal.adverse_events.telling import add_line
from portal.adverse_events.triage import acknowledge
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.people.models import Client
from portal.settings.actions import set_option
from tests.adverse_events.stories import stored
from tests.conftest import Database, SignIn
from tests.factories import NOON, Agency
from tests.pages import Page
from tests.reports.test_quality import figures


def card(page: Page, heading: str) -> str:
    return next((" ".join(tag.get_text(" ").split()) for tag in page.soup.select(".home-card")
                 if (found := tag.h2) and heading in found.get_text()), "")  # fmt: skip


def test_reports_to_acknowledge_and_clocks_that_run_stand_on_the_home_page(
    agency: Agency, sign_in: SignIn, database: Database, time_machine: TimeMachineFixture
) -> None:
    before = len(sign_in(agency.sofia).get("/staff/home").statements)
    with database.writing():
        set_option(None, "agency.language", "fr")
        light, grave, judged = (stored(agency, severity=level) for level in (1, 5, 4))
        judged_id = judged.id
        acknowledge(agency.sofia.user, judged)
        add_line(agency.ines.user, judged, "R-JUST")
        for _more in range(10):
            stored(agency)
        numbers = [one.reference for one in (light, grave, judged)]
    sofia = sign_in(agency.sofia)
    page = sofia.get("/staff/home")
    assert len(page.statements) == before + 1 <= 12, "one statement for both, however many there are"
    new, clocks = card(page, "Adverse events to acknowledge"), card(page, "Authorities to tell")
    assert "12 to acknowledge" in new and new.index(numbers[1]) < new.index("EI-2026-0004")
    assert numbers[2] not in new
    assert "1 clock is running" in clocks and numbers[2] in clocks and "Overdue" not in clocks
    assert "G1 · Minor (could have been G3)" in new and "Reported " in new and "ago" in new
    every = page.link("See all events to acknowledge").click()
    assert figures(every)["Adverse events"] == "12", "those that the card has no room for too"
    assert "12 adverse events to acknowledge" in page.says("#figure-open_adverse_events")
    other = sign_in(agency.igor).get("/staff/home")
    assert not card(other, "Adverse events to acknowledge") and not card(other, "Authorities to tell")
    time_machine.move_to(NOON + timedelta(hours=22))
    red = sign_in(agency.sofia).get("/staff/home")
    assert [tag["data-tone"] for tag in red.soup.select("[aria-labelledby=home-clocks]")] == ["danger"]
    assert "Overdue" not in card(red, "Authorities to tell"), "red before it runs out"
    time_machine.move_to(NOON + timedelta(hours=25))
    with database.writing():
        for route in ("R-AT", "R-RGPD"):
            add_line(agency.ines.user, db.session.get_one(AdverseEvent, judged_id), route)
    late = card(sign_in(agency.sofia).get("/staff/home"), "Authorities to tell")
    assert "1 overdue" in late and "2 clocks are running" in late and "Overdue ran out 1 hour ago" in late


def test_events_go_with_their_client_into_another_sector(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        number = stored(agency).id
        stored(agency, client_id=agency.denis.id)
    sofia, igor, ada = sign_in(agency.sofia), sign_in(agency.igor), sign_in(agency.ada)
    form = ada.get(f"/staff/clients/{agency.claire.id}/editing").form("Save")
    assert form.submit(sector_id=str(agency.south), file_manager_id=str(agency.igor.id)).status == 303
    assert database.one(select(Client).where(Client.id == agency.claire.id)).sector_id == agency.south
    assert sofia.get(f"/staff/adverse-events/{number}").status == 404
    assert igor.get(f"/staff/adverse-events/{number}").status == 200
    moved = database.one(select(AuditEntry).where(AuditEntry.kind == "event.relocated"))
    assert (moved.subject_id, moved.before, moved.after) == (
        number, {"sector_id": agency.north}, {"sector_id": agency.south}
    )  # fmt: skip
    with database.writing():
        assert db.session.scalars(select(AdverseEvent.sector_id).order_by(AdverseEvent.id)).all() == [
            agency.south, agency.north
        ]  # fmt: skip
