"""An adverse event is reported without a mouse, from the sign-in page until it is sent."""

from playwright.sync_api import expect
from sqlalchemy import select

from portal.adverse_events.models import AdverseEvent
from portal.extensions import db
from tests.browser.conftest import OpenTab
from tests.browser.tab import Tab
from tests.browser.test_keyboard import tab_to
from tests.conftest import Database
from tests.factories import PASSWORD, Agency

GO_ON = ".event-foot button[value=next]"


def go_on(tab: Tab, step: str) -> None:
    tab_to(tab, GO_ON)
    tab.type("Enter")
    tab.page.wait_for_url(f"**/{step}")


def test_a_report_without_a_mouse(agency: Agency, open_tab: OpenTab, database: Database) -> None:
    tab = open_tab(width=1280)
    tab.open("/sign-in")
    tab_to(tab, "input[name=email]")
    tab.page.keyboard.type(agency.sofia.email)
    tab_to(tab, "input[name=password]")
    tab.page.keyboard.type(PASSWORD)
    tab.type("Enter")
    tab.is_at("/staff/home")
    tab_to(tab, "a[href$='/adverse-events/drafts']")
    tab.type("Enter")
    tab.is_at("/staff/adverse-events/drafts")
    tab_to(tab, "form[action$=begin] button")
    tab.type("Enter")
    tab.page.wait_for_url("**/who")

    tab_to(tab, "input[name=capacity]")
    go_on(tab, "when")
    tab_to(tab, "input[name=occurred]")
    tab.type("ArrowDown ArrowDown")  # nobody knows when
    expect(tab.page.locator("#occurred_day")).to_be_hidden()
    tab_to(tab, "input[name=place]")
    tab.type("Space")
    go_on(tab, "people")
    tab_to(tab, "input[name=search]")
    tab.page.keyboard.type("lefevre")
    tab_to(tab, ".find-line button")
    tab.type("Enter")
    expect(tab.page.get_by_label("Claire Lefèvre")).to_be_visible()
    tab_to(tab, "input[name=client_id]")
    tab.type("Space")
    tab_to(tab, GO_ON)
    tab.type("Enter")
    expect(tab.page.locator("select[name=worker_id]")).to_be_visible()
    tab_to(tab, "select[name=worker_id]")
    tab.type("ArrowDown ArrowDown")  # neither nobody chosen nor no worker: Wassim
    go_on(tab, "kind")
    tab_to(tab, "input[name=nature]")
    tab.type("Space")
    tab_to(tab, "input[name=categories]")
    tab.type("Space")
    go_on(tab, "facts")
    tab_to(tab, "textarea[name=facts]")
    tab.page.keyboard.type("La cliente est tombée dans la cuisine.")
    go_on(tab, "effects")
    tab_to(tab, "input[name=consequences][value=minor_injury]")
    tab.type("Space")
    expect(tab.page.locator("#proposal")).to_contain_text("G2")  # proposed at once, without another page
    tab_to(tab, "input[name=severity]")
    tab.type("ArrowDown")
    tab_to(tab, "input[name=potential]")
    tab.type("ArrowDown ArrowDown")
    go_on(tab, "measures")
    tab_to(tab, "input[name=measures][value=first_aid]")
    tab.type("Space")
    go_on(tab, "check")
    tab_to(tab, "form[action$=send] button")
    tab.type("Enter")
    tab.page.wait_for_url("**/staff/adverse-events/*")
    expect(tab.page.locator("h1")).to_have_text("EI-2026-0001")
    with database.app.app_context():
        event = db.session.scalars(select(AdverseEvent)).one()
        assert (event.client_id, event.worker_id, event.occurred_at) == (agency.claire.id, agency.wassim.id, None)
        assert (event.severity, event.potential, event.consequences) == (2, 3, ["minor_injury"])
    assert not tab.faults


def test_what_is_typed_is_there_when_the_session_has_ended(agency: Agency, open_tab: OpenTab) -> None:
    """What a page has kept by itself is found again by whoever signs in once more."""
    tab = open_tab(agency.sofia, width=390)
    tab.open(f"/staff/clients/{agency.claire.id}/adverse-events")
    tab.page.locator("form[action$=begin] button").click()
    tab.page.wait_for_url("**/who")
    address = tab.page.url.replace("/who", "/facts")
    tab.open(address)
    tab.page.fill("#facts", "Une chute dans la cuisine")
    tab.page.locator("#witnesses").focus()
    expect(tab.page.locator("#kept")).to_have_text("Saved.")
    tab.page.context.clear_cookies()
    again = open_tab(agency.sofia, width=390)
    again.open(address)
    expect(again.page.locator("#facts")).to_have_value("Une chute dans la cuisine")
