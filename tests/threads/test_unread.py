"""What is new: figures in the menus, "NEW" in the lists, who has read what, threads that are put aside."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.threads.actions import announce
from portal.threads.models import Reading, Thread
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.pages import Browser, Page


@pytest.fixture
def thread_id(agency: Agency, database: Database) -> int:
    with database.writing():
        return factories.thread(agency.claire, [agency.claire], [agency.wassim], "Bonjour à tous").id


def badge(page: Page) -> str:
    entries = [tag for tag in page.soup.select("nav a") if str(tag["href"]).endswith("/threads")]
    assert len(entries) == 1
    return "".join(bubble.get_text() for bubble in entries[0].select(".count-bubble"))


def is_new(browser: Browser, portal: str) -> bool:
    page = browser.get(f"/{portal}/threads")
    assert bool(badge(page)) == ("NEW" in page.words), page.words
    return "NEW" in page.words


def read(page: Page) -> None:
    """What the page does by itself as soon as somebody sees it."""
    form = page.form("/reading")
    assert (form.tag["hx-trigger"], "X-Poll" in str(form.tag["hx-headers"])) == ("load, look", True)
    assert form.submit(htmx=True).html == "", "the form goes away"


def test_what_is_new_is_new_until_each_has_read_it(
    agency: Agency, database: Database, sign_in: SignIn, thread_id: int
) -> None:
    claire, paul, wassim, sofia, ines, igor = (
        sign_in(one) for one in (agency.claire, agency.paul, agency.wassim, agency.sofia, agency.ines, agency.igor)
    )
    assert not is_new(claire, "client"), "she wrote it"
    assert [is_new(paul, "client"), is_new(wassim, "worker"), is_new(sofia, "staff")] == [True, True, True]
    assert not is_new(igor, "staff")
    page = wassim.get(f"/worker/threads/{thread_id}")
    assert badge(page) == "", "the one that is open is being read"
    assert is_new(wassim, "worker"), "looking writes nothing"
    read(page)
    assert not is_new(wassim, "worker")
    assert not wassim.get(f"/worker/threads/{thread_id}").soup.select(".talk-read")
    read(sofia.get(f"/staff/threads/{thread_id}"))
    assert [is_new(sofia, "staff"), is_new(ines, "staff")] == [False, False], "the agency has read it"
    sofia.get(f"/staff/threads/{thread_id}").form("Send").submit(text="Bien reçu")
    assert [is_new(claire, "client"), is_new(wassim, "worker"), is_new(sofia, "staff")] == [True, True, False]
    assert claire.get("/client/visits").at(".bar .count-bubble").get_text() == "1"
    assert database.one(select(Thread.unread)) is False


def test_nobody_reads_ahead_of_what_there_is(
    agency: Agency, database: Database, sign_in: SignIn, thread_id: int
) -> None:
    claire = sign_in(agency.claire)
    for number in ("999999999", "x", "-4", ""):
        claire.act(f"/client/threads/{thread_id}/reading", {"message": number})
    assert database.one(select(Reading.message_id).where(Reading.person_type == "client")) == 1
    with database.writing():
        factories.message(agency.sofia, db.session.get_one(Thread, thread_id), "Une réponse")
    assert is_new(claire, "client")


def test_staff_alone_see_who_has_read_what(
    agency: Agency, sign_in: SignIn, thread_id: int, time_machine: TimeMachineFixture
) -> None:
    claire, wassim, sofia = (sign_in(one) for one in (agency.claire, agency.wassim, agency.sofia))
    sofia.get(f"/staff/threads/{thread_id}").form("Send").submit(text="Bien reçu")
    desk = sofia.get(f"/staff/threads/{thread_id}")
    assert "read by" not in desk.words
    time_machine.shift(timedelta(hours=1))
    read(claire.get(f"/client/threads/{thread_id}"))
    sofia = sign_in(agency.sofia)
    desk = sofia.get(f"/staff/threads/{thread_id}")
    assert "read by Claire Lefèvre, 17 November 2026, 13:00" in desk.soup.select(".said")[-1].get_text()
    page = wassim.get(f"/worker/threads/{thread_id}")
    assert "read by" not in page.words
    tag = str(page.at("#messages")["hx-ptag"])
    read(sign_in(agency.paul).get(f"/client/threads/{thread_id}"))
    after = wassim.part(f"/worker/threads/{thread_id}/news", headers={"HX-PTag": tag})
    assert after.status == 304, "that somebody reads is not told to others"


def test_staff_can_leave_a_thread_for_later(
    agency: Agency, database: Database, sign_in: SignIn, thread_id: int
) -> None:
    sofia = sign_in(agency.sofia)
    read(sofia.get(f"/staff/threads/{thread_id}"))
    page = sofia.get(f"/staff/threads/{thread_id}")
    assert page.form("Mark as unread").submit().location == "/staff/threads"
    assert is_new(sofia, "staff")
    news = sofia.part(f"/staff/threads/{thread_id}/news")
    assert not news.soup.select(".talk-read"), "a page that is open does not undo it"
    read(sofia.get(f"/staff/threads/{thread_id}"))
    assert not is_new(sofia, "staff")
    assert not database.all(select(AuditEntry.id).where(AuditEntry.kind.like("thread.%un%")))


def test_an_archived_thread_comes_back_with_a_message_for_all(
    agency: Agency, database: Database, sign_in: SignIn, thread_id: int
) -> None:
    sofia, claire = sign_in(agency.sofia), sign_in(agency.claire)
    archived = sofia.get(f"/staff/threads/{thread_id}").form("Archive").submit(archived="yes")
    assert archived.location == "/staff/threads"
    listed = sofia.get("/staff/threads")
    assert ("Une question" in listed.words, badge(listed)) == (False, "")
    assert "Une question" in sofia.get("/staff/threads?state=archived").words
    assert "Une question" in claire.get("/client/threads").words
    assert "rchive" not in claire.get(f"/client/threads/{thread_id}").words
    sofia.act(f"/staff/threads/{thread_id}/messages", {"text": "Pour mémoire", "audience": "agency"})
    assert "Une question" not in sofia.get("/staff/threads").words
    claire.get(f"/client/threads/{thread_id}").form("Send").submit(text="Encore une chose")
    assert "Une question" in sofia.get("/staff/threads").words
    assert is_new(sofia, "staff")
    sofia.act(f"/staff/threads/{thread_id}/archive", {"archived": "yes"})
    sofia.act(f"/staff/threads/{thread_id}/messages", {"text": "Nous venons mardi", "audience": "all"})
    assert "Une question" in sofia.get("/staff/threads").words, "the agency goes on with it"
    sofia.act(f"/staff/threads/{thread_id}/archive", {"archived": "yes"})
    with database.writing():
        announce(agency.sofia.user, db.session.get_one(Thread, thread_id), "resolved")
    assert "Une question" not in sofia.get("/staff/threads").words, "a line about what happened is no message"
    sofia.act(f"/staff/threads/{thread_id}/archive", {"archived": "yes"})
    page = sofia.get(f"/staff/threads/{thread_id}")
    assert "Archived by Sofia Benali" in page.words
    page.form("Take up again").submit(archived="no")
    assert "Une question" in sofia.get("/staff/threads").words
    kinds = database.all(select(AuditEntry.kind).where(AuditEntry.kind.like("thread.%")).order_by(AuditEntry.id))
    assert [kind for kind in kinds if kind != "thread.written"] == [
        "thread.opened", "thread.archived", "thread.archived", "thread.archived", "thread.taken_up",
    ]  # fmt: skip


def test_the_home_page_shows_what_waits_for_an_answer(
    agency: Agency, sign_in: SignIn, thread_id: int, time_machine: TimeMachineFixture
) -> None:
    sofia, igor = sign_in(agency.sofia), sign_in(agency.igor)
    read(sofia.get(f"/staff/threads/{thread_id}"))
    home = sofia.get("/staff/home")
    assert "Une question" in home.says("#home-threads ~ ul"), "read is not answered"
    assert len(home.statements) <= 12
    assert not igor.get("/staff/home").soup.select("#home-threads")
    sofia.act(f"/staff/threads/{thread_id}/messages", {"text": "À voir", "audience": "agency"})
    assert sofia.get("/staff/home").soup.select("#home-threads"), "an internal message is no answer"
    sofia.act(f"/staff/threads/{thread_id}/messages", {"text": "Bien reçu", "audience": "all"})
    assert not sofia.get("/staff/home").soup.select("#home-threads")
    sign_in(agency.claire).act(f"/client/threads/{thread_id}/messages", {"text": "Merci !"})
    assert sofia.get("/staff/home").soup.select("#home-threads")
    time_machine.shift(timedelta(days=31))
    assert not sign_in(agency.sofia).get("/staff/home").soup.select("#home-threads"), "nobody waits any more"


def figures(browser: Browser, portal: str, tag: object = "") -> Page:
    return browser.part(f"/{portal}/figures", headers={"X-Poll": "1", "HX-PTag": str(tag)})


def test_the_figures_of_a_menu_are_told_to_pages_that_are_open(
    agency: Agency, database: Database, sign_in: SignIn, thread_id: int
) -> None:
    people = {"client": agency.claire, "worker": agency.wassim, "staff": agency.sofia}
    browsers = {portal: sign_in(person) for portal, person in people.items()}
    tags: dict[str, object] = {}
    for portal, browser in browsers.items():
        asks = browser.get(f"/{portal}/account").at("#figures")
        assert ("X-Poll" in str(asks["hx-headers"]), asks["hx-get"]) == (True, f"/{portal}/figures")
        tags[portal] = asks["hx-ptag"]
        idle = figures(browser, portal, tags[portal])
        assert (idle.status, idle.data, "HX-Trigger" in idle.headers) == (304, b"", False)
        assert len(idle.statements) <= 3, idle.statements
    with database.writing():
        thread = db.session.get_one(Thread, thread_id)
        factories.message(agency.sofia, thread, "Entre nous", internal=True)
    assert figures(browsers["client"], "client", tags["client"]).status == 304, "an internal message is told to nobody"
    with database.writing():
        factories.message(agency.paul, db.session.get_one(Thread, thread_id), "Et samedi ?")
        factories.thread(agency.claire, [agency.claire], [agency.wassim], "Autre chose")
    expected = {
        portal: f", {told}"
        for portal, told in (
            ("client", "1 unread conversation"),
            ("worker", "2 unread conversations"),
            ("staff", "2 unread conversations"),
        )
    }
    for portal, browser in browsers.items():
        page = figures(browser, portal, tags[portal])
        assert page.says('[hx-target="#figure-list_threads"] .vh') == expected[portal]
        assert (page.headers["HX-Trigger"], len(page.statements)) == ("figures-changed", 3)
        assert browser.get(f"/{portal}/account").at("#figures")["hx-ptag"] == page.headers["HX-PTag"]
        listed = browser.get(f"/{portal}/threads?page=1").at("#threads")
        assert listed["hx-get"] == f"/{portal}/threads?page=1", "what is listed stays what the address says"
    read = browsers["client"].get(f"/client/threads/{thread_id}").form("/reading").submit(htmx=True)
    assert read.headers["HX-Trigger"] == "thread-read"
    assert not figures(browsers["client"], "client").soup.select(".count-bubble")


def test_a_list_that_is_open_follows_also_where_the_number_of_unread_ones_stays(
    agency: Agency, database: Database, sign_in: SignIn, thread_id: int, time_machine: TimeMachineFixture
) -> None:
    with database.writing():
        other = factories.thread(agency.sofia, [agency.claire], [agency.wassim], "Rendez-vous").id
        factories.thread(agency.sofia, [agency.claire], [], "Pour Claire")
    for person, portal, extra in ((agency.wassim, "worker", ""), (agency.ines, "staff", "?state=all&who=lefèvre")):
        browser, url = sign_in(person), f"/{portal}/threads{extra}"
        browser.act(f"/{portal}/threads/{other}/reading", {"message": "99"})
        with database.writing():
            factories.message(agency.claire, db.session.get_one(Thread, thread_id), "Encore une question")
        page = browser.get(url)
        listed = page.at("#threads")
        assert {"every 15s", "look", "figures-changed from:body"} == set(str(listed["hx-trigger"]).split(", "))
        assert "X-Poll" in str(listed["hx-headers"]) and listed.has_attr("data-while-seen")

        def ask(tag: object, browser: Browser = browser, url: str = str(listed["hx-get"])) -> Page:
            return browser.part(url, headers={"X-Poll": "1", "HX-PTag": str(tag)})

        before = ask(listed["hx-ptag"])
        assert (before.status, before.data) == (304, b"") and len(before.statements) <= 6
        figures = badge(page)
        browser.act(f"/{portal}/threads/{thread_id}/reading", {"message": "99"})
        with database.writing():
            factories.message(agency.claire, db.session.get_one(Thread, other), "Oui")
        after = ask(listed["hx-ptag"])
        assert (after.status, after.at("#threads")["hx-get"]) == (200, listed["hx-get"])
        news = [str(row["id"]) for row in after.soup.select(".thread-line[data-new]")]
        assert (news, badge(browser.get(url))) == ([f"thread-{other}"], figures)
        with database.writing():
            factories.message(agency.claire, db.session.get_one(Thread, other), "Merci")
        again = ask(after.headers["HX-PTag"])
        assert again.status == 200, "one more in what is unread already moves it up"
        assert ask(again.headers["HX-PTag"]).status == 304
    time_machine.shift(timedelta(minutes=10))
    assert ask(again.headers["HX-PTag"]).status == 200, "moments are told anew"
