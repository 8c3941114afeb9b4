"""The end of an event: who is told, dealt with as its note is, closed by somebody else, opened again with a reason."""

from typing import Any

import pytest
from sqlalchemy import select

from portal.adverse_events.follow_models import Analysis, AuthorityRoute, Reopening
from portal.adverse_events.models import AdverseEvent, Concerned, Reporter
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.notes.models import Note
from portal.outbox.models import Message
from portal.settings.actions import set_option
from tests import factories
from tests.adverse_events.follow_stories import action, followed
from tests.conftest import Database, Mailbox, SignIn, text_of
from tests.factories import NOON, Agency, Persona
from tests.pages import Browser, Page

TODAY = NOON.date()
ANSWER = "Une barre d’appui est posée, merci de l’avoir signalé."
WHY = "Les mesures tiennent."
NOT_THEY = "You reported this event or are concerned by it. Somebody else has to close it."


def make(agency: Agency, database: Database, **more: Any) -> int:
    """An event that needs neither analysis nor plan, of which who reported it was told."""
    light = {"severity": 1, "potential": 1, "told_how": "phone", "told_at": NOON}
    with database.writing():
        return followed(agency, **(light | more)).id


def stands(database: Database) -> AdverseEvent:
    return database.one(select(AdverseEvent))


def page_of(browser: Browser, event: int) -> Page:
    return browser.get(f"/staff/adverse-events/{event}")


def close(browser: Browser, event: int) -> Page:
    return page_of(browser, event).link("Close the event").click().form("Close the event").submit(why=WHY, residual="1")


def test_it_is_dealt_with_when_its_note_is_finished_on_whichever_page(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    event, sofia = make(agency, database), sign_in(agency.sofia)
    page = page_of(sofia, event).form("Mark as dealt with").submit().follow()
    assert "Its note was finished by Sofia Benali" in page.says("#end")
    note = database.one(select(Note))
    assert (note.situation, note.done_by) == ("done", "Sofia Benali")
    page = page.press("#end [value=yes]").follow()
    assert "Not dealt with yet" in page.says("#end") and database.one(select(Note)).done_at is None
    assert stands(database).state == "progress", "where it stands is another matter"


def test_what_is_missing_before_it_is_closed_is_listed_with_the_way_to_it(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    event = make(agency, database, severity=4, told_how=None, told_at=None)
    with database.writing():
        db.session.add(AuthorityRoute(event_id=event, route="R-ESSMS", status="to_do"))
    ines = sign_in(agency.ines)
    page = page_of(ines, event).link("Close the event").click()
    missing = {tag.get_text(): tag["href"] for tag in page.soup.select("#missing a")}
    assert list(missing) == [
        "The analysis of its causes is not finished.", "There is no action after it.",
        "There are authorities that it has to be settled with.", "Who reported it has not been told what became of it.",
    ]  # fmt: skip
    assert all(ines.get(address).status == 200 for address in missing.values())
    assert "The client and the relatives have not been told." in page.says("#untold")
    refused = ines.act(f"/staff/adverse-events/{event}/closing", {"why": WHY, "version": str(stands(database).version)})
    assert refused.status == 409 and stands(database).closed_at is None
    with database.writing():
        one = db.session.get_one(AdverseEvent, event)
        action(agency, one, TODAY)
        db.session.add(Analysis(event_id=event, method="alarm", finished_at=NOON))
        db.session.scalars(select(AuthorityRoute)).one().status = "closed"
        one.told_how = "impossible"
    assert close(ines, event).status == 303 and stands(database).state == "closed"


def test_quality_closes_it_and_opens_it_again_and_the_note_goes_along(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    event, ines, sofia = make(agency, database), sign_in(agency.ines), sign_in(agency.sofia)
    assert sofia.get(f"/staff/adverse-events/{event}/closing").status == 403, "judging is not hers"
    page = close(ines, event).follow()
    assert WHY in page.says("#end") and "By Inès Caron" in page.says("#end") and "G1 · Minor" in page.says("#end")
    assert database.one(select(Note)).done_by == "Inès Caron"
    note = database.one(select(Note.id))
    assert sofia.act(f"/staff/adverse-events/{event}/dealt-with", {"again": "yes", "version": "9"}).status == 409
    form = page.link("Open the event again").click().form("Open it again")
    assert "Please say in a few words why it is opened again." in form.submit().says("#why-error")
    page = form.submit(why="Une autre chute").follow()
    assert "Une autre chute" in page.says("#end") and WHY in page.says("#end"), "how it had been closed stays"
    assert "Reopened" in page.says("#event-head") and database.one(select(Note)).done_at is None
    kept = database.one(select(Reopening))
    assert (kept.by, kept.closed_by, kept.closed_why) == ("Inès Caron", "Inès Caron", WHY)
    assert stands(database).closed_at is None and close(ines, event).status == 303
    lines = [tag.get_text(" ", strip=True) for tag in page_of(ines, event).soup.select("#journal li")]
    assert any("An adverse event was closed." in line and "Inès Caron" in line for line in lines)
    assert any("An adverse event was opened again, with a reason." in line for line in lines)
    assert note and "State: In progress → Closed" in page_of(ines, event).says("#journal")


def reported_by(agency: Agency, event: int, who: Persona, mode: str) -> None:
    type_, _colon, number = who.key.partition(":")
    db.session.get_one(AdverseEvent, event).mode = mode
    factories.add(Reporter(event_id=event, person_type=type_, person_id=int(number), name=who.name))


@pytest.mark.parametrize("mode", ["named", "confidential"])
def test_who_reported_it_does_not_close_it_and_nobody_else_learns_who_that_is(
    agency: Agency, sign_in: SignIn, database: Database, mode: str
) -> None:
    event = make(agency, database)
    with database.writing():
        reported_by(agency, event, agency.ines, mode)
    ines, ada = sign_in(agency.ines), sign_in(agency.ada)
    page = page_of(ines, event).link("Close the event").click()
    assert NOT_THEY in page.words and not page.soup.select("#main form textarea")
    typed = {"why": WHY, "version": str(stands(database).version)}
    refused = ines.act(f"/staff/adverse-events/{event}/closing", typed)
    assert refused.status == 409 and NOT_THEY in refused.words
    page = page_of(ada, event)
    if mode == "confidential":
        assert "Inès" not in page.at("main").get_text() or "Inès Caron" not in page.says("#facts")
    assert NOT_THEY not in page.link("Close the event").click().words
    assert close(ada, event).status == 303
    assert "Inès" not in str(database.all(select(AuditEntry.before, AuditEntry.after)))


def test_a_member_of_staff_who_is_concerned_does_not_close_it(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    event = make(agency, database)
    with database.writing():
        db.session.add(Concerned(event_id=event, role="third_party", name="ines CARON"))
    assert NOT_THEY in sign_in(agency.ines).get(f"/staff/adverse-events/{event}/closing").words
    assert close(sign_in(agency.ada), event).status == 303


def test_the_reporter_and_the_client_are_told_and_it_is_written_down(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    event = make(agency, database, told_how=None, told_at=None)
    sofia, url = sign_in(agency.sofia), f"/staff/adverse-events/{event}/feedback"
    form = sofia.get(f"{url}/reporter").form("Save")
    assert "Please say how." in form.submit().says("#how")
    assert "Please write what is to be read on the portal." in form.submit(how="portal").says("#text-error")
    late = form.submit(how="phone", day="2026-11-18", hour="09:00")
    assert "This moment is still to come." in late.says("#day-error")
    assert "The event had not happened yet" in form.submit(how="phone", day="2026-11-15").says("#day-error")
    assert "Please give the time." in form.submit(how="phone", hour="").says("#hour-error")
    assert "This hour is not valid." in form.submit(how="phone", hour="25:00").says("#hour-error")
    page = form.submit(how="portal", text=ANSWER).follow()
    assert ANSWER in page.says("#feedback") and "On the portal" in page.says("#feedback")
    assert sofia.get(f"{url}/client").form("Save").submit(how="meeting").status == 303
    assert sofia.get(f"{url}/council").form("Save").submit().status == 303
    one = stands(database)
    assert (one.told_at, one.client_told_how, one.council_told_at) == (NOON, "meeting", NOON)
    told = database.all(select(AuditEntry.after).where(AuditEntry.kind == "event.told"))
    assert [one["whom"] for one in told] == ["reporter", "client", "council"] and ANSWER not in str(told)
    assert sofia.get(f"{url}/reporter").form("Save").submit(how="impossible", day="", hour="").status == 303
    assert (stands(database).told_at, stands(database).told_how) == (None, "impossible")


def test_who_comes_second_with_an_answer_sees_the_other_one(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    event = make(agency, database, told_how=None, told_at=None)
    first, second = (
        sign_in(who).get(f"/staff/adverse-events/{event}/feedback/reporter").form("Save")
        for who in (agency.sofia, agency.ines)
    )
    assert first.submit(how="portal", text=ANSWER).status == 303
    late = second.submit(how="portal", text="Merci.")
    assert late.status == 409 and ANSWER in late.words and late.form("Save").values()["text"] == "Merci."


def test_it_is_opened_to_the_worker_concerned_and_hidden_again(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    event, sofia = make(agency, database), sign_in(agency.sofia)
    page = page_of(sofia, event).press("#feedback [value=yes]").follow()
    assert stands(database).opened_at and "Wassim Haddad can read the facts since" in page.says("#feedback")
    with database.writing():
        one = db.session.get_one(AdverseEvent, event)
        one.worker_word, one.worker_word_at = "Le sol était mouillé.", NOON
    page = page_of(sofia, event).press("#feedback [value=no]").follow()
    assert stands(database).opened_at is None and "Le sol était mouillé." in page.says("#feedback")
    opened = database.all(select(AuditEntry.after).where(AuditEntry.kind == "event.opened"))
    assert opened == [{"opened": True}, {"opened": False}]


def test_the_worker_is_told_by_mail_without_a_word_of_what_and_finds_the_way(
    agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox
) -> None:
    """Also where nobody may report anything on a portal."""
    event, sofia, wassim = make(agency, database), sign_in(agency.sofia), sign_in(agency.wassim)
    with database.writing():
        set_option(None, "adverse_events.portal", "no")
    assert not wassim.get("/worker/").soup.select('nav [href="/worker/adverse-events"]'), "nothing is opened"
    page_of(sofia, event).press("#feedback [value=yes]")
    mail = mailbox.one()
    assert mail["To"].addresses[0].addr_spec == agency.wassim.email
    whole = f"{mail['Subject']} {text_of(mail)} {text_of(mail, 'html')}"
    assert not [word for word in ("Claire", "Lefèvre", "EI-20", stands(database).facts) if word in whole]
    assert f"/worker/adverse-events/opened/{event}" in text_of(mail)
    own = wassim.get("/worker/").link("For me").click()
    assert own.link("EI-20").click().status == 200 and "Report an adverse event" not in own.words
    page_of(sofia, event).press("#feedback [value=no]")
    assert not wassim.get("/worker/").soup.select('nav [href="/worker/adverse-events"]')
    page_of(sofia, event).press("#feedback [value=yes]")
    assert mailbox.one()["Subject"] == mail["Subject"], "opened again, it is told again"


def test_a_worker_to_whom_it_is_hidden_again_at_once_gets_no_mail(
    agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox
) -> None:
    event, sofia = make(agency, database), sign_in(agency.sofia)
    for opened in ("yes", "no"):
        page_of(sofia, event).press(f"#feedback [value={opened}]")
    assert mailbox.collect() == []
    assert database.all(select(Message.reason)) == ["event_hidden"]


def test_the_journal_of_a_confidential_report_names_nobody_who_reported_it(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    event = make(agency, database)
    with database.writing():
        reported_by(agency, event, agency.wassim, "confidential")
        one = db.session.get_one(AdverseEvent, event)
        one.worker_id = None
    for who in (agency.sofia, agency.ada):
        page = page_of(sign_in(who), event)
        assert "Wassim" not in page.says("#journal") and "Wassim" not in page.says("#end")
        assert len(page.statements) <= 12
