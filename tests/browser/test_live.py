"""Two people at once: a client rates, and a coordinator who looks at the day sees it come in."""

from playwright.sync_api import expect

from tests.browser.conftest import OpenTab
from tests.browser.visits import MyVisits, Window
from tests.factories import Agency


def test_a_rating_appears_on_the_coordinators_page_without_anybody_reloading_it(
    agency: Agency, open_tab: OpenTab
) -> None:
    desk = open_tab(agency.sofia, width=1280)
    desk.open("/staff/live")
    row = desk.page.locator(f"#live-{agency.claires_done}")
    expect(row).to_have_count(0)
    desk.mark()

    phone = open_tab(agency.claire, width=390)
    visits, window = MyVisits(phone).open(), Window(phone)
    visits.hero.get_by_role("link", name=visits.words["rate"]).click()
    window.is_open()
    window.star(1).check(force=True)
    window.comment.fill("Personne n’est venu.")
    window.save.click()
    window.is_closed()

    desk.page.evaluate("document.querySelector('#live').dispatchEvent(new Event('look'))")
    expect(row).to_contain_text("Personne n’est venu.")
    expect(row).to_contain_text("Urgent")
    assert desk.reloads() == 0
    row.get_by_role("link").first.click()
    expect(desk.page.get_by_role("heading", level=1)).to_contain_text("Claire Lefèvre")
