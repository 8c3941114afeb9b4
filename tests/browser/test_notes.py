"""A note from its writing to its end, in French: on a client’s record, on the home page when it is due, finished."""

from datetime import timedelta

from playwright.sync_api import expect
from sqlalchemy import select, update

from portal import clock
from portal.extensions import db
from portal.notes.models import Note
from tests.browser.conftest import OpenTab
from tests.browser.tab import refuse_barriers
from tests.conftest import Database
from tests.factories import Agency


def test_a_note_is_written_comes_back_on_the_home_page_and_is_finished(
    agency: Agency, database: Database, open_tab: OpenTab
) -> None:
    tab = open_tab(agency.sofia, language="fr", width=1280)
    page = tab.page
    tab.open(f"/staff/clients/{agency.claire.id}/notes")
    page.get_by_role("link", name="Écrire une note").first.click()
    page.get_by_label("Titre").fill("Rappeler la fille de Claire")
    page.get_by_label("Heure").fill("09:00")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("#remind_time-error")).to_contain_text("Veuillez indiquer aussi le jour.")
    expect(page.get_by_label("Titre")).to_have_value("Rappeler la fille de Claire")
    page.get_by_label("Jour du rappel").fill(f"{clock.now() + timedelta(days=3):%Y-%m-%d}")
    page.locator("#repeats").select_option("monthly")
    refuse_barriers(page)
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("h1")).to_have_text("Rappeler la fille de Claire")
    expect(page.locator("#note")).to_contain_text("Chaque mois")
    tab.open("/staff/home")
    expect(page.locator("#home-reminders")).to_have_count(0)
    with database.writing():
        db.session.execute(update(Note).values(remind_at=clock.now() - timedelta(hours=1)))
    tab.open("/staff/home")
    card = page.locator("section[aria-labelledby=home-reminders]")
    expect(card).to_contain_text("À échéance")
    refuse_barriers(page)
    card.get_by_role("link", name="Voir tous mes rappels").click()
    expect(page.locator("h1")).to_have_text("Mes rappels")
    page.locator("tr", has_text="Rappeler la fille").get_by_role("button", name="Terminer").click()
    expect(page.locator("main")).to_contain_text("La note est terminée.")
    expect(page.locator("#notes h2").first).not_to_have_text("Rappels en retard")
    assert sorted(database.all(select(Note.situation))) == ["done", "todo"], "the next one is there"
