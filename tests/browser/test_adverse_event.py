"""An adverse event from its report to its closing: a worker reports it on a phone, in Russian; a coordinator completes
it, quality judges it, tells the authorities, looks for the causes, decides on an action, tells the worker, closes it,
all in French; the worker reads the answer."""

import os

import pytest
from playwright.sync_api import Locator, expect
from sqlalchemy import select, update

from portal.accounts.models import AccountSession
from portal.adverse_events.models import AdverseEvent
from portal.extensions import db
from portal.notes.models import Note
from portal.settings.actions import set_option
from tests.adverse_events.judged import judged
from tests.adverse_events.stories import first_screen
from tests.browser.conftest import OpenTab
from tests.browser.tab import Tab, refuse_barriers
from tests.conftest import Database
from tests.factories import Agency

FACTS = "Клиентка упала в ванной и не могла встать."
MEASURES = "Le médecin est passé, la voisine reste avec elle."
ANSWER = "Une barre d’appui est posée. Merci de l’avoir signalé."
EVENT = "/staff/adverse-events/1"


@pytest.fixture(autouse=True)
def _switched_on(agency: Agency, database: Database) -> None:
    with database.writing():
        set_option(None, "adverse_events.portal", "on")


def look(tab: Tab, name: str) -> None:
    """What everybody can use; a picture of it where one is wanted."""
    refuse_barriers(tab.page)
    if folder := os.environ.get("JOURNEY_PICTURES"):
        tab.page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def report(tab: Tab, agency: Agency, database: Database) -> None:
    """Two screens on a phone."""
    with database.app.app_context():
        typed = first_screen(agency, facts=FACTS)
    tab.open("/worker/adverse-events/new")
    for name in ("day", "hour", "facts"):
        tab.page.locator(f"#{name}").fill(typed[name])
    for name in ("subject", "category"):
        tab.page.locator(f"#{name}").select_option(typed[name])
    tab.page.locator("main form button[type=submit]").tap()
    choose(tab.page.locator("[name=gravity][value=grave]"))
    choose(tab.page.locator("[name=mode][value=named]"))
    tab.page.locator("main form button[type=submit]").first.tap()
    expect(tab.page.locator("main")).to_contain_text("EI-2026-0001")


def choose(option: Locator) -> None:
    option.locator("xpath=ancestor::label").first.click()


def panel(tab: Tab, name: str) -> Locator:
    return tab.page.locator(f"#{name}")


def save(window: Locator) -> None:
    window.locator(".sheet-foot button[type=submit]").click()


def dialog(tab: Tab) -> Locator:
    window = tab.page.locator("dialog#dialog")
    expect(window).to_be_visible()
    return window


def judge(tab: Tab) -> None:
    panel(tab, "triage").locator("a[href$='/triage']").click()
    choose(tab.page.locator("[name=kind][value=serious]"))
    choose(tab.page.locator("[name=severity][value='4']"))
    choose(tab.page.locator("[name=potential][value='4']"))
    tab.page.locator("[name=frequency]").select_option("2")
    look(tab, "judge")
    save(tab.page.locator("main"))
    expect(panel(tab, "triage").locator("[data-here]")).to_be_visible()


def tell_authorities(tab: Tab) -> None:
    """Each line: the first is told in writing, the others are not required."""
    lines = panel(tab, "authorities").locator("li.authority")
    count = lines.count()
    assert count
    for place in range(count):
        lines.nth(place).locator("a").first.click()
        window = dialog(tab)
        if place == 0:
            choose(window.locator("[name=state][value=closed]"))
            window.locator("[name=recipient]").fill("ARS Île-de-France")
            window.locator("[name=written_on]").fill("2026-11-17")
            window.locator("[name=written_hour]").fill("11:45")
        else:
            choose(window.locator("[name=state][value=not_required]"))
            window.locator("[name=why]").fill("Pas dans ce cas.")
        save(window)
        expect(window).to_be_hidden()


def analyse(tab: Tab) -> None:
    panel(tab, "analysis").locator("a[href$='/analysis']").click()
    tab.page.locator("[name=planned]").fill("Une toilette avec une aide.")
    tab.page.locator("main .actions-row button").first.click()
    expect(tab.page.locator("[name=planned]")).to_have_value("Une toilette avec une aide.")  # kept, one goes on
    for name, value in {
        "steps-0-day": "2026-11-16", "steps-0-hour": "09:30", "steps-0-fact": "Madame glisse",
        "immediate_cause": "Le sol est mouillé", "whys-0": "Le tapis a été retiré", "held_on": "2026-11-17",
        "participants": "coordinatrice, intervenant", "lessons": "Vérifier le tapis",
    }.items():  # fmt: skip
        tab.page.locator(f"[name='{name}']").fill(value)
    look(tab, "analysis")
    tab.page.locator("button[name=finish]").click()
    expect(panel(tab, "analysis")).to_contain_text("Le sol est mouillé")


def act(tab: Tab) -> None:
    panel(tab, "actions").locator("a[href$='/actions/new']").click()
    window = dialog(tab)
    choose(window.locator("[name=kind][value=corrective]"))
    window.locator("[name=text]").fill("Poser une barre d’appui")
    window.locator("[name=owner_id]").select_option(index=1)
    window.locator("[name=due_on]").fill("2026-12-01")
    save(window)
    expect(panel(tab, "actions")).to_contain_text("Poser une barre d’appui")


def tell_reporter(tab: Tab) -> None:
    panel(tab, "feedback").locator("a[href$='/feedback/reporter']").click()
    window = dialog(tab)
    choose(window.locator("[name=how][value=portal]"))
    window.locator("[name=day]").fill("2026-11-17")
    window.locator("[name=hour]").fill("11:50")
    window.locator("[name=text]").fill(ANSWER)
    save(window)
    expect(panel(tab, "feedback")).to_contain_text(ANSWER)


def test_an_event_goes_from_a_phone_to_its_closing_and_the_worker_reads_what_became_of_it(
    agency: Agency, open_tab: OpenTab, database: Database
) -> None:
    wassim = open_tab(agency.wassim, language="ru", width=390)
    report(wassim, agency, database)
    look(wassim, "reported")

    sofia = open_tab(agency.sofia, language="fr", width=1280)
    sofia.open(EVENT)
    expect(panel(sofia, "facts")).to_contain_text(FACTS)
    panel(sofia, "facts").locator("form button").click()  # the receipt
    expect(panel(sofia, "facts").locator("form")).to_have_count(0)
    panel(sofia, "facts").locator("a[href$='/editing']").click()
    sofia.page.locator("[name=measures_note]").fill(MEASURES)
    save(sofia.page.locator("main"))
    expect(panel(sofia, "facts")).to_contain_text(MEASURES)
    expect(panel(sofia, "end").locator("a[href$='/closing']")).to_have_count(0)  # that is not hers

    ines = open_tab(agency.ines, language="fr", width=1280)
    ines.open(EVENT)
    judge(ines)
    panel(ines, "end").locator("a[href$='/closing']").click()
    expect(dialog(ines).locator("#missing li")).to_have_count(4)  # analysis, action, authorities, answer
    look(ines, "missing")
    ines.page.keyboard.press("Escape")
    tell_authorities(ines)
    analyse(ines)
    act(ines)
    tell_reporter(ines)
    look(ines, "event")
    panel(ines, "end").locator("a[href$='/closing']").click()
    window = dialog(ines)
    window.locator("[name=why]").fill("Les mesures tiennent.")
    window.locator("[name=residual]").select_option("1")
    save(window)
    expect(panel(ines, "end")).to_contain_text("Les mesures tiennent.")
    ines.page.set_viewport_size({"width": 390, "height": 844})
    look(ines, "closed-phone")

    wassim.open("/worker/adverse-events")
    expect(wassim.page.locator("main")).to_contain_text(ANSWER)
    look(wassim, "answer")
    with database.app.app_context():
        event, note = db.session.scalars(select(AdverseEvent)).one(), db.session.scalars(select(Note)).one()
        assert (event.state, event.closed_by, note.situation) == ("closed", "Inès Caron", "done")
    for tab in (wassim, sofia, ines):
        assert not tab.faults, tab.faults


WORDS_IN_TWO = """() => [...document.querySelectorAll(".matrix small")].flatMap((label) => {
  const text = label.firstChild;
  return [...text.data.matchAll(/\\S+/g)].filter((word) => {
    const place = document.createRange();
    place.setStart(text, word.index);
    place.setEnd(text, word.index + word[0].length);
    return place.getClientRects().length > 1;
  }).map(String);
})"""


def test_the_matrix_breaks_no_word_and_a_window_keeps_what_was_typed_when_the_session_ends(
    agency: Agency, open_tab: OpenTab, database: Database
) -> None:
    with database.writing():
        judged(agency)
    for language in ("ru", "fr"):
        ines = open_tab(agency.ines, language=language, width=390)
        ines.open("/staff/adverse-events/2")
        expect(ines.page.locator(".matrix small")).to_have_count(10)
        assert ines.page.evaluate(WORDS_IN_TWO) == []
    panel(ines, "actions").locator("a[href$='/actions/new']").first.click()
    window = dialog(ines)
    window.locator("[name=text]").fill(MEASURES)
    choose(window.locator("[name=kind]").first)
    window.locator("[name=owner_id]").select_option(str(agency.ines.id))
    window.locator("[name=due_on]").fill("2026-12-01")
    with database.writing():
        db.session.execute(update(AccountSession).values(ended_at=AccountSession.created_at))
    save(window)
    expect(window.locator("[data-notice]")).to_contain_text("votre session")
    expect(window.locator("[name=text]")).to_have_value(MEASURES)
