"""An incident from its declaration to its closing: a worker in Russian, a client in French, a coordinator in English,
all three at once; a neighbour finds nothing of it."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Dialog, Locator, expect
from sqlalchemy import select

from portal.accounts.models import AccountSession
from portal.extensions import db
from portal.files.models import Attachment
from portal.incidents.models import IncidentReason
from portal.threads.models import Thread
from portal.visits.models import Visit
from tests.browser.conftest import OpenTab
from tests.browser.tab import Tab, refuse_barriers
from tests.conftest import Database
from tests.factories import Agency, add

SECRET = "canari-interne"


def photo() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (1200, 900), "#885533").save(content, "JPEG")
    return content.getvalue()


@pytest.fixture
def broken_glass(agency: Agency, database: Database) -> None:
    """What can be reported on Claire's visit of today, in three languages."""
    with database.writing():
        visit = db.session.get_one(Visit, agency.claires_past)
        reason = IncidentReason(service_id=visit.service_id, phase="end", urgency="high")
        reason.set_labels({"fr": "Objet cassé", "ru": "Сломана вещь", "en": "Something broken"})
        add(reason)


def messages(tab: Tab) -> Locator:
    return tab.page.locator("#messages .said")


def say(tab: Tab, text: str) -> None:
    tab.page.locator("#write textarea").fill(text)
    tab.page.locator("#write .write-send button").click()
    expect(messages(tab).last).to_contain_text(text)
    expect(tab.page.locator("#write textarea")).to_have_value("")


def write_for(tab: Tab, audience: str) -> None:
    choice = tab.page.locator(f"input[value={audience}]")
    tab.page.locator(".write-audience label").filter(has=choice).click()


def declare(tab: Tab) -> None:
    """The worker reports what happened, with a photo, from the page of the day."""
    tab.open("/worker/")
    tab.page.locator("main").get_by_role("link", name=re.compile("Сообщить об инциденте.*Lefèvre")).first.tap()
    window = tab.page.locator("dialog#dialog")
    expect(window).to_be_visible()
    window.locator("textarea").fill("Разбилась ваза в гостиной.")
    picture = {"name": "vase.jpg", "mimeType": "image/jpeg", "buffer": photo()}
    window.locator("input[type=file]").set_input_files([picture])  # ty: ignore[invalid-argument-type]
    expect(window).to_contain_text("Claire Lefèvre")  # who will read it
    window.locator(".sheet-foot button[type=submit]").tap()
    expect(window.locator("#reason-error")).to_be_visible()  # what was chosen stays, the photo too
    expect(window.locator("[name=reason]").first).to_be_focused()
    window.get_by_text("Сломана вещь").tap()
    questions: list[str] = []

    def agree(question: Dialog) -> None:
        questions.append(question.message)
        question.accept()

    tab.page.on("dialog", agree)
    window.locator(".sheet-foot button[type=submit]").tap()
    expect(tab.page.locator("h1")).to_contain_text("Сломана вещь")
    assert not questions, "what has arrived is not lost"
    expect(messages(tab).first).to_contain_text("Разбилась ваза")
    expect(tab.page.locator(".said-files img")).to_have_js_property("complete", True)


def test_an_incident_is_lived_by_three_people_at_once(
    agency: Agency, open_tab: OpenTab, database: Database, broken_glass: None
) -> None:
    wassim, claire = open_tab(agency.wassim, language="ru"), open_tab(agency.claire, language="fr")
    sofia = open_tab(agency.sofia, language="en", width=1280)
    claire.open("/client/threads")
    expect(claire.page.locator("main")).not_to_contain_text("Objet cassé")
    claire.mark()
    declare(wassim)
    refuse_barriers(wassim.page)

    look_again(claire)
    expect(claire.page.locator("nav .count-bubble")).to_have_text("1")
    expect(claire.page.locator("main .thread-line[data-new]")).to_contain_text("Objet cassé")
    assert claire.reloads() == 0
    refuse_barriers(claire.page)
    claire.page.locator("main a", has_text="Objet cassé").tap()
    expect(messages(claire)).to_have_count(1)
    claire.page.locator("#write textarea").fill("Ce n’est pas grave, mais")

    sofia.open("/staff/threads")
    sofia.page.locator("main a", has_text="Something broken").first.click()
    expect(messages(sofia)).to_have_count(1)
    write_for(sofia, "agency")
    say(sofia, f"{SECRET} : voir l’assurance avec Ada")
    sofia.mark()
    write_for(sofia, "all")
    say(sofia, "We are sorry and will replace it.")

    for tab in (claire, wassim):  # by itself, and what is being typed stays
        expect(tab.page.locator("#messages")).to_contain_text("We are sorry")
        expect(tab.page.locator("#messages")).not_to_contain_text(SECRET)
    expect(claire.page.locator("#write textarea")).to_have_value("Ce n’est pas grave, mais")
    say(claire, "Ce n’est pas grave, mais j’y tenais.")
    expect(sofia.page.locator("#messages")).to_contain_text("j’y tenais")
    expect(sofia.page.locator(".said-marks").last).to_contain_text("read by")
    assert sofia.reloads() == 0
    refuse_barriers(claire.page)
    refuse_barriers(sofia.page)

    claire.mark()
    close(sofia, open_tab(agency.ines, width=1280))
    expect(claire.page.locator(".thread-page dl")).to_contain_text("Clos")
    expect(wassim.page.locator(".thread-page dl")).to_contain_text("Закрыт")
    assert claire.reloads() == 0
    find_nothing(open_tab(agency.denis), database)


def close(sofia: Tab, ines: Tab) -> None:
    """One of the agency settles it; a colleague who has it open too sees that by herself, and loses nothing."""
    ines.open(sofia.path)
    ines.mark()
    hers, window = ines.page.locator("#incident"), ines.page.locator("dialog#dialog")
    ines.page.locator("#write textarea").fill("I am just writing")
    way = hers.get_by_role("link", name="Close the incident")
    way.focus()
    panel = sofia.page.locator("#incident")
    panel.get_by_role("button", name="Resolved").click()
    expect(panel).to_contain_text("Resolved")
    expect(hers.get_by_role("button", name="Reopen")).to_be_visible(timeout=8_000)
    expect(hers.get_by_role("button", name="Put on hold")).to_have_count(0)
    expect(way).to_be_focused()
    ines.type("Enter")
    window.get_by_role("textbox").fill("It was settled")
    close_it(sofia, panel)
    expect(hers).to_contain_text("How it ended")
    expect(window.get_by_role("textbox")).to_have_value("It was settled")
    expect(window.get_by_role("textbox")).to_be_focused()
    expect(ines.page.locator("#write textarea")).to_have_value("I am just writing")
    assert ines.reloads() == 0


def close_it(sofia: Tab, panel: Locator) -> None:
    panel.get_by_role("link", name=re.compile("^Close")).click()
    window = sofia.page.locator("dialog#dialog")
    window.get_by_text("Settled").click()
    window.locator(".sheet-foot button").first.click()
    expect(window).to_be_hidden()
    expect(panel).to_contain_text("Closed")


def find_nothing(denis: Tab, database: Database) -> None:
    """The neighbour knows every address, and gets none of them."""
    with database.writing():
        thread, file = db.session.scalars(select(Thread)).one().id, db.session.scalars(select(Attachment)).one()
    here = f"/client/threads/{thread}"
    for address in (here, f"{here}/news", f"{here}/files/{file.public_id}", f"{here}/files/{file.public_id}/thumbnail"):
        assert denis.open(address) == 404, address
    denis.open("/client/threads")
    expect(denis.page.locator("main")).not_to_contain_text("Objet cassé")
    leave_in_peace(denis, database)


def look_again(tab: Tab) -> None:
    """Somebody comes back to this tab: it asks at once, not only every quarter of a minute."""
    tab.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def leave_in_peace(denis: Tab, database: Database) -> None:
    """Whose session is over is not led away by what a page asks for alone, and it does not ask again."""
    denis.mark()
    with database.writing():
        for opened in db.session.scalars(select(AccountSession)):
            opened.ended_at = opened.created_at
    with denis.page.expect_response("**/client/figures") as answer:
        look_again(denis)
    assert answer.value.status == 401
    expect(denis.page.locator("#figures")).not_to_have_attribute("aria-busy", "true")
    asked: list[str] = []
    denis.page.on("request", lambda request: asked.append(request.url))
    look_again(denis)
    expect(denis.page.locator("#notice")).to_be_hidden()
    assert (asked, denis.path, denis.reloads()) == ([], "/client/threads", 0)
