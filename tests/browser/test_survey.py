"""The quality lead sets up what clients are asked, and sees it on their phone while she types."""

from playwright.sync_api import expect

from portal.ratings.survey_models import Survey
from tests.browser.conftest import OpenTab
from tests.browser.tab import refuse_barriers
from tests.conftest import Database
from tests.factories import Agency


def test_a_survey_is_set_up_beside_its_preview_and_answered(
    agency: Agency, open_tab: OpenTab, database: Database
) -> None:
    tab = open_tab(agency.ines, width=1280)
    tab.open("/staff/survey")
    english = tab.page.locator('.phone[lang="en"]')
    expect(english).to_contain_text("Rate your experience with")
    questions = tab.page.get_by_role("group", name="Question")
    questions.get_by_label("In English").fill("Was {worker} on time")
    questions.get_by_label("In English").press_sequentially("?")
    expect(english).to_contain_text("Was Marie on time?")
    tab.page.get_by_label("First criterion").select_option("q_tasks")
    expect(english).to_contain_text("Were the planned tasks done?")
    expect(questions.get_by_label("In English")).to_have_value("Was {worker} on time?")
    expect(english.get_by_text("Kindness").first).to_be_hidden()
    english.locator(".rate:not(.criterion) .rate-star").nth(4).click()
    expect(english.get_by_text("Kindness").locator("visible=true")).to_have_count(1)
    expect(english.get_by_role("button", name="Save")).to_be_disabled()
    refuse_barriers(tab.page)
    assert database.count(Survey) == 0, "nothing is saved yet"
    tab.page.locator(".survey > form").get_by_role("button", name="Save", exact=True).last.click()
    tab.shows("Saved.")

    claire = open_tab(agency.claire)
    claire.open(f"/client/visits/{agency.claires_done}/rating")
    claire.shows("on time?")
    claire.page.locator(".rate:not(.criterion) .rate-star").nth(4).click()
    claire.page.get_by_label("Kindness").locator("visible=true").check()
    claire.page.locator(".criterion .rate-star").nth(2).click()
    refuse_barriers(claire.page)
    claire.page.locator("main form").get_by_role("button", name="Save").click()
    claire.page.wait_for_url("**/client/visits")
    sofia = open_tab(agency.sofia)
    sofia.open(f"/staff/visits/{agency.claires_done}")
    sofia.shows("Kindness")
    sofia.shows("Were the planned tasks done?")


def test_without_scripts_the_preview_has_a_button(agency: Agency, open_tab: OpenTab) -> None:
    tab = open_tab(agency.ines, width=1280, script=False)
    tab.open("/staff/survey")
    question = tab.page.get_by_role("group", name="Question").get_by_label("In French")
    question.fill("Tout va bien ?")
    tab.button("Preview").click()
    expect(tab.page.locator('.phone[lang="fr"]')).to_contain_text("Tout va bien ?")
    expect(question).to_have_value("Tout va bien ?")
