"""A complaint from a client's phone, in Russian, to the coordinator's desk, in French, and back."""

from playwright.sync_api import expect

from tests.browser.conftest import OpenTab
from tests.browser.tab import refuse_barriers
from tests.factories import Agency

SAID, ANSWER = "Никто не пришёл, я ждала два часа.", "Nous regrettons. Wassim sera à l’heure."


def test_a_client_complains_on_a_phone_and_reads_the_answer(agency: Agency, open_tab: OpenTab) -> None:
    claire = open_tab(agency.claire, language="ru")
    claire.open("/client/complaints")
    claire.page.locator("main a[href$='/complaints/new']").click()
    claire.page.locator("#text").fill(SAID)
    claire.page.locator("main form [type=submit]").click()
    expect(claire.page.locator(".error").first).to_be_visible()
    expect(claire.page.locator("#text")).to_have_value(SAID)
    claire.page.locator("#about").select_option(str(agency.wassim.id))
    claire.page.locator("#subject_id").select_option(index=1)
    claire.page.locator("main form [type=submit]").click()
    expect(claire.page.locator("main")).to_contain_text(SAID)
    refuse_barriers(claire.page)

    sofia = open_tab(agency.sofia, language="fr", width=1280)
    sofia.open("/staff/complaints?period=last_12_months")
    sofia.page.locator("tbody a[href*='/staff/complaints/']").first.click()
    sofia.page.locator("#deed-acknowledge").click()
    sofia.page.locator("dialog[open] form [type=submit]").click()
    expect(sofia.page.locator("#deed-acknowledge")).to_have_count(0)
    sofia.page.locator("#deed-answer").click()
    sofia.page.locator("dialog[open] textarea").fill(ANSWER)
    sofia.page.locator("dialog[open] form [type=submit]").click()
    expect(sofia.page.locator("#complaint-answer")).to_be_visible()
    refuse_barriers(sofia.page)

    claire.page.reload()
    expect(claire.page.locator("main")).to_contain_text(ANSWER)
    expect(claire.page.locator("main")).to_contain_text("Défenseur des droits")
