"""Without a mouse: from the sign-in page to a rating, with Tab, arrows, Enter and Escape."""

from playwright.sync_api import Dialog, expect
from sqlalchemy import select

from portal.ratings.models import Rating
from tests.browser.conftest import OpenTab
from tests.browser.tab import Tab
from tests.browser.visits import MyVisits, Window
from tests.conftest import Database
from tests.factories import PASSWORD, Agency

STYLE = "(style => [style.outlineStyle, style.boxShadow])(getComputedStyle(document.activeElement))"
INSIDE = "document.activeElement === document.body || document.activeElement.closest('dialog') !== null"
PATIENCE = 50  # presses of Tab within which anything on these pages is reached


def tab_to(tab: Tab, selector: str) -> None:
    """Press Tab until the focus is on this element, and is seen to be there."""
    tab.page.wait_for_load_state()  # a press that opened another page may still be on its way there
    for _ in range(PATIENCE):
        tab.page.keyboard.press("Tab")
        if tab.page.evaluate("selector => document.activeElement.matches(selector)", selector):
            outline, shadow = tab.page.evaluate(STYLE)
            assert outline != "none" or shadow != "none", f"the focus on {selector} cannot be seen"
            return
    raise AssertionError(f"Tab does not reach {selector}")


def test_a_rating_without_a_mouse(agency: Agency, open_tab: OpenTab, database: Database) -> None:
    tab = open_tab(width=1280)
    tab.open("/sign-in")
    tab_to(tab, "input[name=email]")
    tab.page.keyboard.type(agency.claire.email)
    tab_to(tab, "input[name=password]")
    tab.page.keyboard.type(PASSWORD)
    tab.type("Enter")
    tab.is_at("/client/visits")
    visits, window = MyVisits(tab), Window(tab)

    tab_to(tab, ".skip")
    tab.type("Enter")
    tab_to(tab, ".hero a")
    tab.type("Enter")
    window.is_open()
    expect(tab.focused()).to_have_id("dialog-title")
    tab.type("Escape")
    window.is_closed()
    tab.holds_focus(visits.hero.get_by_role("link"))

    tab.type("Enter")
    window.is_open()
    for _ in range(PATIENCE):  # nothing behind the window is reached
        tab.type("Tab")
        assert tab.page.evaluate(
            "document.activeElement === document.body || document.activeElement.closest('dialog') !== null"
        )
    tab_to(tab, "input[name=stars]")
    tab.type("ArrowRight ArrowRight")
    chosen = tab.page.evaluate("document.querySelector('input[name=stars]:checked').value")
    tab_to(tab, "textarea")
    tab.page.keyboard.type("Merci")
    tab_to(tab, ".sheet-foot button")
    tab.type("Enter")
    window.is_closed()
    expect(visits.row(agency.claires_done)).to_contain_text(f"{chosen} out of 5")
    assert database.one(select(Rating.stars, Rating.comment)) == (int(chosen), "Merci")


def test_a_half_written_form_is_left_only_by_who_says_so(agency: Agency, open_tab: OpenTab, database: Database) -> None:
    tab = open_tab(agency.sofia, width=1280)
    questions: list[tuple[str, str]] = []
    answers: list[bool] = []

    def answer(question: Dialog) -> None:
        questions.append((question.type, question.message))
        question.accept() if answers.pop(0) else question.dismiss()

    tab.page.on("dialog", answer)
    tab.open("/staff/visits")
    row = tab.page.locator(f"#visit-{agency.claires_next}")
    link, window, reason = row.get_by_role("link", name="Cancel"), Window(tab), tab.page.get_by_label("Reason")
    link.focus()
    tab.type("Enter")
    window.is_open()
    tab.type("Escape")
    window.is_closed()
    assert not questions, "nothing was typed"

    link.focus()
    tab.type("Enter")
    window.is_open()
    tab.type("Tab")
    reason.fill("Une raison")
    answers += [False] * 4
    tab.type("Escape Escape")  # nothing between them: a browser lets a page prevent only the first by itself
    tab.page.locator(".sheet-close").click()
    tab.page.evaluate("setTimeout(() => location.reload())")
    with tab.page.expect_event("dialog"):
        pass
    window.is_open()
    expect(reason).to_have_value("Une raison")
    assert [kind for kind, _words in questions] == ["confirm"] * 3 + ["beforeunload"]
    assert "would be lost" in questions[0][1]

    answers.append(True)
    tab.type("Escape")
    window.is_closed()
    tab.holds_focus(link)
    expect(row).to_contain_text("To do")
    tab.page.reload()
    assert len(questions) == 5, "nothing is left to lose"
