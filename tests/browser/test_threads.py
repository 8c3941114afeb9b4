"""Client, worker and coordinator have one conversation open: each sees what the others write, nobody loses a word."""

import re

from flask import Flask
from playwright.sync_api import Dialog, Locator, Route, expect
from sqlalchemy import select

from portal.accounts.models import AccountSession
from portal.extensions import db
from portal.threads.models import Reading, Thread, ThreadMessage
from tests import factories
from tests.browser.conftest import OpenTab
from tests.browser.tab import Tab
from tests.conftest import Database
from tests.factories import Agency


class Talk:
    """A conversation as one of them has it open."""

    def __init__(self, tab: Tab, portal: str, thread_id: int) -> None:
        self.tab, self.page, self.portal = tab, tab.page, portal
        assert tab.open(f"/{portal}/threads/{thread_id}") == 200
        tab.mark()
        self.box = self.page.locator("#write textarea")
        self.said = self.page.locator("#messages .said")
        self.send = self.page.locator(".write-send button")
        self.more = self.page.locator("#talk-more")

    def hears(self, words: str) -> Locator:
        """What somebody else has written appears by itself."""
        message = self.said.filter(has_text=words)
        expect(message).to_have_count(1)
        return message

    def writes(self, words: str) -> None:
        self.box.fill(words)
        self.send.click()
        expect(self.said.filter(has_text=words)).to_have_count(1)
        expect(self.box).to_have_value("")
        expect(self.box).to_be_focused()


def open_talk(agency: Agency, database: Database) -> int:
    with database.writing():
        thread = factories.thread(agency.claire, [agency.claire], [agency.wassim], "Bonjour à tous")
        for number in range(30):
            factories.message(agency.sofia, thread, f"Message {number} de l’agence, sur plusieurs lignes.\n\nVoilà.")
        return thread.id


def test_three_people_talk_at_once(agency: Agency, database: Database, open_tab: OpenTab) -> None:
    thread_id = open_talk(agency, database)
    claire = Talk(open_tab(agency.claire, language="fr"), "client", thread_id)
    wassim = Talk(open_tab(agency.wassim, language="ru"), "worker", thread_id)
    sofia = Talk(open_tab(agency.sofia, width=1280), "staff", thread_id)
    expect(claire.said.last).to_be_in_viewport()

    # whoever is typing keeps the words, the keyboard and the place
    wassim.box.fill("Je suis en train d’éc")
    wassim.box.focus()
    where = wassim.box.bounding_box()
    claire.writes("Personne n’est venu.")
    sofia.hears("Personne n’est venu.")
    wassim.hears("Personne n’est venu.")
    expect(wassim.said.last).to_be_in_viewport()
    expect(wassim.box).to_have_value("Je suis en train d’éc")
    expect(wassim.box).to_be_focused()
    assert wassim.box.bounding_box() == where

    # an internal message is nobody else's; the answer is everybody's
    sofia.page.get_by_label("Internal: the agency alone").check()
    expect(sofia.page.locator(".write-readers:visible")).to_contain_text("Only the agency will read this")
    sofia.writes("À ne pas dire.")
    expect(sofia.said.last).to_contain_text("Internal message")
    sofia.page.get_by_label("Everybody in the conversation").check()

    # who has scrolled up to read is not thrown back, and is told that there is something new
    claire.page.locator("#talk").evaluate("frame => { frame.scrollTop = -frame.scrollHeight }")
    expect(claire.said.first).to_be_in_viewport()
    sofia.writes("Nous cherchons quelqu’un.")
    expect(claire.more).to_be_visible()
    expect(claire.said.first).to_be_in_viewport()
    claire.more.click()
    expect(claire.said.last).to_be_in_viewport()
    expect(claire.said.last).to_contain_text("Nous cherchons quelqu’un.")
    wassim.hears("Nous cherchons quelqu’un.")
    for talk in (claire, wassim):
        expect(talk.said.filter(has_text="À ne pas dire.")).to_have_count(0)

    # staff see who has read it; a correction reaches everybody
    expect(sofia.said.last.locator(".said-marks")).to_contain_text("Claire Lefèvre")
    expect(sofia.said.last.locator(".said-marks")).to_contain_text("Wassim Haddad")
    sofia.said.last.get_by_role("link", name=re.compile("^Correct")).click()
    sofia.page.locator("#dialog textarea").fill("Nous avons trouvé quelqu’un.")
    sofia.page.locator("#dialog form button").click()
    expect(sofia.page.locator("#dialog")).not_to_be_visible()
    expect(sofia.said.last).to_contain_text("Nous avons trouvé quelqu’un.")
    claire.hears("Nous avons trouvé quelqu’un.")

    # what somebody has unfolded stays so when the page is brought up to date
    before = sofia.said.filter(has_text="Nous avons trouvé quelqu’un.").locator("details")
    before.locator("summary").click()
    claire.writes("Merci beaucoup.")
    sofia.hears("Merci beaucoup.")
    expect(before.get_by_text("Nous cherchons quelqu’un.")).to_be_visible()
    assert [talk.tab.reloads() for talk in (claire, wassim, sofia)] == [0, 0, 0]
    assert database.one(select(Thread.unread)) is False
    assert len(database.all(select(Reading.person_id))) == 3


def test_a_bad_network_costs_no_word_and_doubles_none(
    app: Flask, agency: Agency, database: Database, open_tab: OpenTab
) -> None:
    with database.writing():
        thread_id = factories.thread(agency.claire, [agency.claire], [agency.wassim], "Bonjour à tous").id
    tab = open_tab(agency.claire)
    tab.page.clock.install()
    claire = Talk(tab, "client", thread_id)
    again = claire.page.get_by_role("button", name="Try again")

    # a page that nobody can see asks nothing, and asks at once when somebody looks again
    asked: list[str] = []
    claire.page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/news") else None)
    claire.page.evaluate("Object.defineProperty(document, 'hidden', { configurable: true, get: () => true })")
    asked.clear()
    claire.page.clock.run_for(60_000)
    assert not asked
    with database.writing():
        factories.message(agency.wassim, db.session.get_one(Thread, thread_id), "Pendant ce temps")
    claire.page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    claire.hears("Pendant ce temps")

    # the message arrives, its answer does not
    address = f"**/client/threads/{thread_id}/messages"
    claire.page.route(address, lambda route: (route.fetch(), route.abort()))
    claire.box.fill("Le train est en retard")
    claire.page.locator("#write input[type=file]").set_input_files(
        {"name": "quai.png", "mimeType": "image/png", "buffer": factories.picture()}
    )
    claire.send.click()
    expect(again).to_be_visible()
    expect(claire.page.locator(".write-again [role=alert]")).to_contain_text("what you typed is still here")
    expect(claire.box).to_have_value("Le train est en retard")
    claire.page.unroute(address)
    again.click()
    expect(again).not_to_be_visible()
    expect(claire.said.filter(has_text="Le train est en retard")).to_have_count(1)
    expect(claire.said.locator("img")).to_have_count(1)
    claire.tab.forgive("ERR_FAILED")
    assert len(database.all(select(ThreadMessage.id))) == 3

    # without any network the page says so, and goes on when there is one again
    state = claire.page.locator("#talk-state")
    claire.page.context.set_offline(True)
    expect(state).to_contain_text("There is no connection")
    claire.page.context.set_offline(False)
    with database.writing():
        factories.message(agency.sofia, db.session.get_one(Thread, thread_id), "Bien reçu")
    claire.hears("Bien reçu")
    expect(state).not_to_be_visible()
    claire.tab.forgive("ERR_INTERNET_DISCONNECTED")
    claire.tab.forgive("Failed to fetch")

    # a session that is over leads nobody away from what they have typed, and nothing is asked any more
    claire.box.fill("Je n’ai pas fini")
    with database.writing():
        for opened in db.session.scalars(select(AccountSession)):
            opened.ended_at = opened.created_at
    expect(state).to_contain_text("You have been signed out")
    expect(claire.box).to_have_value("Je n’ai pas fini")
    claire.send.click()
    expect(claire.page.locator("#write")).not_to_have_attribute("aria-busy", "true")
    expect(claire.box).to_have_value("Je n’ai pas fini")
    assert claire.tab.path == f"/client/threads/{thread_id}"
    assert claire.tab.reloads() == 0


def test_nothing_that_is_typed_is_lost_by_an_answer_or_a_deed(
    agency: Agency, database: Database, open_tab: OpenTab
) -> None:
    with database.writing():
        factories.reason(agency.cleaning, "Casse", "end")
        thread_id = factories.incident(agency.wassim, agency.claires_past).thread_id
    sofia = Talk(open_tab(agency.sofia, width=1280), "staff", thread_id)
    page, form, token = sofia.page, sofia.page.locator("#write"), sofia.page.locator("#write [name=token]")

    # while a message is on its way its box takes no more; refused or written, it does again
    held: list[Route] = []
    page.route(f"**/staff/threads/{thread_id}/messages", lambda route: held.append(route))
    for file, answer in ((b"no picture", "photo.png"), (factories.picture(), None)):
        sofia.box.fill("Nous arrivons")
        page.locator("#write input[type=file]").set_input_files(
            {"name": "photo.png", "mimeType": "image/png", "buffer": file}
        )
        sofia.send.click()
        expect(form).to_have_attribute("aria-busy", "true")
        sofia.box.press_sequentially(" vite")
        page.get_by_label("Internal: the agency alone").click(force=True)
        expect(sofia.box).to_have_value("Nous arrivons")
        expect(page.get_by_label("Internal: the agency alone")).not_to_be_checked()
        held.pop().continue_()
        if answer:
            expect(form.locator(".error")).to_contain_text(answer)
            expect(sofia.box).to_have_value("Nous arrivons")
        expect(sofia.box).to_be_editable()
    expect(sofia.said.locator("img")).to_have_count(1)

    # a deed brings the page up to date around what is being typed
    sofia.box.fill("Je n’ai pas fini")
    before = str(token.input_value())
    page.get_by_role("button", name="Mark as resolved").click()
    expect(page.locator("#incident")).to_contain_text("Reopen")
    expect(sofia.box).to_have_value("Je n’ai pas fini")
    expect(token).to_have_value(before)
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_role("button", name="Archive").click()
    expect(sofia.box).to_have_value("Je n’ai pas fini")
    assert len(asked) == 1 and sofia.tab.reloads() == 0
