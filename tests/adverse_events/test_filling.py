"""Writing a report step by step on the staff's portal: nothing typed is lost, and a short event stays short."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import func, select

from portal.adverse_events.drafts import STEPS
from portal.adverse_events.models import AdverseEvent, EventDraft, Reporter
from portal.extensions import db
from portal.files.models import Attachment
from portal.people.models import Client
from portal.settings.actions import set_option
from tests import factories
from tests.adverse_events import drafts
from tests.conftest import Database
from tests.factories import Agency, Persona
from tests.pages import Browser, Page

SignIn = Callable[[Persona], Browser]
WHEN = {"occurred_day": "2026-11-17", "occurred_time": "09:30", "place": "home"}


def begin(browser: Browser, **about: object) -> str:
    """Begin a report; return the address of its steps."""
    page = browser.act("/staff/adverse-events/drafts/begin", about)
    assert page.status == 303
    return page.location.rpartition("/")[0]


def category(code: str = "D01") -> str:
    return str(factories.entry_of_code(factories.ListName.EVENT, code).id)


def fill(browser: Browser, steps: str, agency: Agency, **more: dict) -> Page:
    """Fill the six steps that need something, and come to the page before it is sent."""
    with browser.application.app_context():
        fall = category()
    given: dict[str, dict[str, Any]] = {
        "who": {}, "when": WHEN, "people": {"worker_id": str(agency.wassim.id)},
        "kind": {"nature": "accident", "categories": fall}, "facts": {"facts": "La cliente est tombée."},
        "effects": {"consequences": "none", "severity": "1", "potential": "3"}, "measures": {},
    }  # fmt: skip
    page = browser.get(f"{steps}/who")
    for step, typed in given.items():
        page = page.form(f"/{step}").submit(**{**typed, **more.get(step, {})}, go="next")
        assert page.status == 303
        page = page.follow()
    return page


def test_a_short_event_is_sent_with_few_answers(agency: Agency, sign_in: SignIn, database: Database) -> None:
    browser = sign_in(agency.sofia)
    check = fill(browser, begin(browser, client_id=agency.claire.id), agency)
    assert "Claire Lefèvre" in check.words
    assert "Not complete" not in check.words
    page = check.form("/send").submit().follow()
    assert page.h1 == "EI-2026-0001"
    with database.app.app_context():
        event = db.session.scalars(select(AdverseEvent)).one()
        assert (event.client_id, event.worker_id, event.supervisor_id) == (
            agency.claire.id, agency.wassim.id, agency.sofia.id)  # fmt: skip
        assert event.note
        assert db.session.get_one(Reporter, event.id).person_id == agency.sofia.id
        assert db.session.scalar(select(func.count(EventDraft.id))) == 0


def test_sent_twice_it_is_one_event(agency: Agency, sign_in: SignIn, database: Database) -> None:
    browser = sign_in(agency.sofia)
    form = fill(browser, begin(browser, client_id=agency.claire.id), agency).form("/send")
    assert form.submit().location == form.submit().location
    with database.app.app_context():
        assert db.session.scalar(select(func.count(AdverseEvent.id))) == 1


def test_an_anonymous_report_shows_its_code_once_and_keeps_nobody(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    browser = sign_in(agency.sofia)
    steps = begin(browser, client_id=agency.claire.id)
    check = fill(browser, steps, agency, who={"mode": "anonymous", "phone": "06 12 34 56 78"})
    assert "06 12 34 56 78" not in check.words
    page = check.form("/send").submit()
    assert page.status == 200
    assert len(page.says("code")) == 19
    with database.app.app_context():
        assert db.session.scalar(select(func.count(Reporter.event_id))) == 0
        assert db.session.scalar(select(func.count(EventDraft.id))) == 0
    assert browser.get(f"{steps}/check").status == 404


def test_a_refused_step_keeps_what_was_typed_and_says_what_is_missing(agency: Agency, sign_in: SignIn) -> None:
    browser = sign_in(agency.sofia)
    steps = begin(browser, client_id=agency.claire.id)
    page = browser.get(f"{steps}/facts").form("/facts").submit(witnesses="La voisine", go="next").follow()
    assert "Please describe what happened." in page.errors()
    assert page.at("#witnesses").get_text().strip() == "La voisine"
    for day in ("0001-01-01", "9999-12-31"):
        odd = browser.get(f"{steps}/when").form("/when").submit(occurred_day=day, occurred_time="00:10", go="next")
        assert any("between 1900 and 2200" in one for one in odd.follow().errors())
    late = browser.get(f"{steps}/when").form("/when").submit(
        occurred_day="2026-11-17", occurred_time="11:00", discovered_time="10:00", place="home", go="next")  # fmt: skip
    assert any("before it happened" in one for one in late.follow().errors())
    future = browser.get(f"{steps}/when").form("/when").submit(discovered_day="2027-01-01", go="next").follow()
    assert any("still to come" in one for one in future.errors())


def test_an_hour_that_comes_twice_says_which_one_is_meant(agency: Agency, sign_in: SignIn, database: Database) -> None:
    """At three in the night to 25 October the clocks are put back to two."""
    browser = sign_in(agency.sofia)
    steps = begin(browser, client_id=agency.claire.id)
    twice: dict[str, Any] = {"occurred_day": "2026-10-25", "occurred_time": "02:45", "discovered_day": "2026-10-25",
                             "discovered_time": "02:10", "place": "home"}  # fmt: skip
    check = fill(browser, steps, agency, when=twice)
    for page in (check, browser.get(f"{steps}/when")):
        assert page.words.count("showed this hour twice: the first one is meant.") == 1
        assert page.words.count("showed this hour twice: the second one is meant.") == 1
    check.form("/send").submit()
    with database.app.app_context():
        event = db.session.scalars(select(AdverseEvent)).one()
        moments = event.occurred_at, event.discovered_at
        number = event.id
    assert [f"{one:%H:%M}" for one in moments if one] == ["00:45", "01:10"]
    edit = browser.get(f"/staff/adverse-events/{number}/editing")
    assert "the second one is meant" in edit.words
    assert edit.form("Save").submit(witnesses="La voisine").status == 303
    with database.app.app_context():
        event = db.session.get_one(AdverseEvent, number)
        assert (event.occurred_at, event.discovered_at) == moments, "what was not changed stays"


def test_only_visits_are_offered_that_the_event_can_have_to_do_with(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    browser = sign_in(agency.sofia)
    steps = begin(browser, client_id=agency.claire.id)
    done, past = str(agency.claires_done), str(agency.claires_past)  # yesterday at nine, today at eight
    day: dict[str, Any] = {**WHEN, "occurred_day": "2026-11-16"}
    form = browser.get(f"{steps}/when").form("/when").submit(**day, go="next").follow().form("/people")
    offered = form.tag.select("#visit_id option")
    assert done in [one["value"] for one in offered]
    assert past not in [one["value"] for one in offered]
    browser.get(f"{steps}/when").form("/when").submit(occurred_day="2026-11-17", occurred_time="07:30", go="next")
    form = browser.get(f"{steps}/people").form("/people")
    assert {done, past} <= {one["value"] for one in form.tag.select("#visit_id option")}
    assert form.submit(visit_id=past, worker_id=str(agency.wassim.id), go="next").location.endswith("/kind")
    browser.get(f"{steps}/when").form("/when").submit(**day, go="next")
    refused = browser.get(f"{steps}/people?check=1")
    assert any("of a later day than the event" in one for one in refused.errors())


def test_it_could_have_been_as_grave_as_it_was(agency: Agency, sign_in: SignIn) -> None:
    browser = sign_in(agency.sofia)
    steps = begin(browser, client_id=agency.claire.id)
    form = browser.get(f"{steps}/effects").form("/effects")
    page = form.submit(consequences="hospital", severity="4", potential="3", go="next").follow()
    assert any("at least as grave" in one for one in page.errors())
    assert page.form("/effects").submit(potential="4", go="next").location.endswith("/measures")


def test_what_one_leaves_waits_in_the_list_and_nobody_else_sees_it(agency: Agency, sign_in: SignIn) -> None:
    browser = sign_in(agency.sofia)
    steps = begin(browser, client_id=agency.claire.id)
    page = browser.get(f"{steps}/facts").form("/facts").submit(facts="Une chute", go="later").follow()
    assert page.link("Claire Lefèvre").click().at("#facts").get_text().strip() == "Une chute"
    for other in (agency.igor, agency.ines, agency.ada):
        assert sign_in(other).get(f"{steps}/facts").status == 404
        assert "Claire Lefèvre" not in sign_in(other).get("/staff/adverse-events/drafts").words
    gone = browser.get(f"{steps}/delete").form("/delete").submit().follow()
    assert "Nothing begun" in gone.words


def test_two_windows_on_one_step_are_told_of_each_other(agency: Agency, sign_in: SignIn) -> None:
    browser = sign_in(agency.sofia)
    steps = begin(browser, client_id=agency.claire.id)
    first, second = (browser.get(f"{steps}/facts").form("/facts") for _each in range(2))
    assert first.submit(facts="De la première fenêtre").status == 303
    conflict = second.submit(facts="De la seconde fenêtre")
    assert conflict.status == 409
    assert "De la première fenêtre" in conflict.words
    assert conflict.at("#facts").get_text().strip() == "De la seconde fenêtre"
    assert conflict.form("/facts").submit(go="later").status == 303
    assert "De la seconde" in browser.get(f"{steps}/facts").at("#facts").get_text()


def test_what_a_page_keeps_by_itself_does_not_stop_it(agency: Agency, sign_in: SignIn) -> None:
    browser = sign_in(agency.sofia)
    steps = begin(browser, client_id=agency.claire.id)
    form = browser.get(f"{steps}/effects").form("/effects")
    kept = browser.act(f"{steps}/effects/keep", {**form.values(), "consequences": "hospital"}, htmx=True)
    assert "G4" in kept.html
    assert "Saved." in kept.html
    assert form.submit(consequences="hospital", severity="4", potential="4", go="next").status == 303
    stale = browser.act(f"{steps}/effects/keep", {**form.values(), "window": "other"}, htmx=True)
    assert "another window" in stale.html


def test_what_a_page_keeps_on_its_way_out_disturbs_nobody(agency: Agency, sign_in: SignIn) -> None:
    """It may arrive after the page was sent: what was sent stands, and the next page is not told of another window."""
    browser = sign_in(agency.sofia)
    steps = begin(browser, client_id=agency.claire.id)
    form = browser.get(f"{steps}/facts").form("/facts")
    assert form.submit(facts="Une chute", go="later").status == 303
    again = browser.get(f"{steps}/facts")
    late = browser.act(f"{steps}/facts/keep", {**form.values(), "facts": "Une ch"}, htmx=True)
    assert "Saved." in late.html
    assert browser.get(f"{steps}/facts").at("#facts").get_text().strip() == "Une chute"
    assert again.form("/facts").submit(facts="Une chute dans la cuisine", go="next").status == 303


def test_a_file_of_a_refused_step_is_kept_and_one_that_is_not_what_it_says_is_refused(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    browser = sign_in(agency.sofia)
    steps = begin(browser, client_id=agency.claire.id)
    form = browser.get(f"{steps}/facts").form("/facts")
    page = form.submit(files=(BytesIO(factories.picture()), "cuisine.png"), go="next").follow()
    assert "Please describe what happened." in page.errors()
    assert page.link("cuisine.png").click().status == 200
    bad = page.form("/facts").submit(facts="Une chute", files=(BytesIO(b"MZ"), "photo.png"), go="next").follow()
    assert any("photo.png" in one for one in bad.errors())
    assert bad.at("#facts").get_text().strip() == "Une chute"
    gone = bad.press("[aria-label='Remove cuisine.png']").follow()
    assert "cuisine.png" not in gone.words
    with database.app.app_context():
        assert db.session.scalar(select(func.count(Attachment.id))) == 0


def test_a_bad_file_of_a_step_keeps_no_good_one_out(agency: Agency, sign_in: SignIn) -> None:
    browser = sign_in(agency.sofia)
    steps = begin(browser, client_id=agency.claire.id)
    both = [(BytesIO(factories.picture()), "cuisine.png"), (BytesIO(b"MZ"), "photo.png")]
    page = browser.get(f"{steps}/facts").form("/facts").submit(facts="Une chute", files=both, go="next").follow()
    assert any("photo.png" in one for one in page.errors())
    assert page.link("cuisine.png").click().status == 200


def test_files_go_with_the_report(agency: Agency, sign_in: SignIn, database: Database) -> None:
    browser = sign_in(agency.sofia)
    steps = begin(browser, client_id=agency.claire.id)
    photo = {"files": (BytesIO(factories.picture()), "cuisine.png")}
    fill(browser, steps, agency, who={"mode": "confidential"}, facts=photo).form("/send").submit()
    with database.app.app_context():
        event = db.session.scalars(select(AdverseEvent)).one()
        assert [(file.name, file.account_id) for file in event.files] == [("1.png", None)]


def test_the_client_is_found_by_name_and_the_workers_sent_there_are_offered(agency: Agency, sign_in: SignIn) -> None:
    browser = sign_in(agency.sofia)
    steps = begin(browser)
    page = browser.get(f"{steps}/people")
    assert not page.soup.select("#worker_id")
    found = page.form("/people").submit(search="lefevre", go="stay").follow()
    asked = found.form("/people").submit(client_id=str(agency.claire.id), go="next").follow()
    assert not asked.errors()
    offers = [option.get_text() for option in asked.soup.select("#worker_id option")]
    assert offers == ["Choose the worker", "No worker concerned", "Wassim Haddad"]
    assert asked.at("#supervisor_id option[selected]").get_text() == "Sofia Benali"
    refused = asked.form("/people").submit(go="next").follow()
    assert any("choose the worker" in one for one in refused.errors())
    assert refused.form("/people").submit(worker_id="none", go="next").location.endswith("/kind")


def test_a_closed_record_and_a_worker_of_another_client_are_refused_in_words(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    browser = sign_in(agency.ines)
    steps = begin(browser, client_id=agency.claire.id)
    form = browser.get(f"{steps}/people").form("/people")
    posted = browser.act(f"{steps}/people", {**form.values(), "worker_id": str(agency.jean.id)}).follow()
    assert any("one of the values offered" in one for one in posted.errors())
    with database.writing():
        db.session.get_one(Client, agency.claire.id).active = False
    page = browser.get(f"{steps}/people").form("/people").submit(worker_id="none", go="next").follow()
    assert any("Claire Lefèvre is closed" in one for one in page.errors())
    refused = browser.act("/staff/adverse-events/drafts/begin", {"client_id": agency.claire.id})
    assert refused.status == 409
    assert "Claire Lefèvre is closed" in refused.words


def test_an_incomplete_report_leads_to_its_first_gap(agency: Agency, sign_in: SignIn) -> None:
    browser = sign_in(agency.sofia)
    steps = begin(browser, client_id=agency.claire.id)
    check = browser.get(f"{steps}/check")
    assert check.words.count("Not complete") == 6
    assert check.form("/send").submit().location == f"{steps}/who?check=1"


def test_what_changed_since_is_refused_when_it_is_sent_and_nothing_is_lost(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    browser = sign_in(agency.sofia)
    steps = begin(browser, client_id=agency.claire.id)
    check = fill(browser, steps, agency, kind={"nature": "hazard"})
    with database.writing():
        factories.entry_of_code(factories.ListName.EVENT, "D01").active = False
    assert check.form("/send").submit().location == f"{steps}/kind?check=1"
    assert browser.get(f"{steps}/facts").at("#facts").get_text().strip() == "La cliente est tombée."


def test_a_report_is_begun_from_a_visit_or_an_incident(agency: Agency, sign_in: SignIn, database: Database) -> None:
    browser = sign_in(agency.sofia)
    page = browser.get(f"{begin(browser, visit_id=agency.claires_done)}/people")
    assert page.at("#visit_id option[selected]")["value"] == str(agency.claires_done)
    assert page.at("#worker_id option[selected]").get_text() == "Wassim Haddad"
    with database.writing():
        incident = factories.incident(agency.claire, agency.claires_past)
        number, thread = incident.id, incident.thread_id
    steps = begin(browser, incident_id=number)
    assert "anonymous" not in str(browser.get(f"{steps}/who").at("#mode"))
    event = fill(browser, steps, agency).form("/send").submit().follow()
    shown = browser.get(f"/staff/threads/{thread}")
    assert event.h1 in shown.words
    assert event.h1 not in sign_in(agency.claire).get(f"/client/threads/{thread}").words


@pytest.mark.parametrize("about", ["client_id", "visit_id", "incident_id"])
def test_nothing_is_begun_about_what_one_may_not_see(
    about: str, agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        number = {"client_id": agency.claire.id, "visit_id": agency.claires_done,
                  "incident_id": factories.incident(agency.claire, agency.claires_past).id}[about]  # fmt: skip
    assert sign_in(agency.igor).act("/staff/adverse-events/drafts/begin", {about: number}).status == 404


def test_switched_off_there_is_no_way_to_it(agency: Agency, sign_in: SignIn, database: Database) -> None:
    browser = sign_in(agency.sofia)
    client = f"/staff/clients/{agency.claire.id}"
    assert "Adverse events" in browser.get(client).words
    with database.writing():
        set_option(None, "adverse_events.enabled", "off")
    assert "Adverse event" not in browser.get(client).words
    assert "adverse event" not in browser.get(f"/staff/visits/{agency.claires_done}").words
    assert browser.get("/staff/adverse-events/drafts").status == 404
    assert browser.get(f"{client}/adverse-events").status == 404


def test_the_events_of_a_record_are_read_in_few_statements_however_many(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    browser = sign_in(agency.sofia)
    addresses = [f"/staff/clients/{agency.claire.id}/adverse-events",
                 f"/staff/workers/{agency.wassim.id}/adverse-events"]  # fmt: skip
    with database.writing():
        factories.adverse_event(agency.sofia, agency.claire, worker_id=agency.wassim.id)
    few = [len(browser.get(address).statements) for address in addresses]
    with database.writing():
        for _each in range(5):
            factories.adverse_event(agency.sofia, agency.claire, worker_id=agency.wassim.id)
    pages = [browser.get(address) for address in addresses]
    assert [len(page.statements) for page in pages] == few
    assert max(few) <= 6
    assert all("EI-2026-0006" in page.words for page in pages)


def test_no_step_asks_more_than_twelve_statements(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        drafts.complete(agency)
    browser = sign_in(agency.sofia)
    asked = {step: len(browser.get(f"/staff/adverse-events/drafts/{drafts.TOKEN}/{step}").statements)
             for step in STEPS}  # fmt: skip
    assert {step: number for step, number in asked.items() if number > 12} == {}


def test_staff_who_report_without_their_name_read_the_answer_with_their_code(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    browser = sign_in(agency.sofia)
    steps = begin(browser, client_id=agency.claire.id)
    code = fill(browser, steps, agency, who={"mode": "anonymous"}).form("/send").submit().says(".event-code")
    with database.writing():
        event = db.session.scalars(select(AdverseEvent)).one()
        event.told_text, event.told_at = "La table est déplacée.", factories.NOON
    page = browser.get("/staff/adverse-events/drafts").link("Follow an anonymous report").click()
    assert "La table est déplacée." in page.form("Read the answer").submit(code=code.lower()).words
    for _time in range(10):
        assert page.form("Read the answer").submit(code="AAAA-AAAA-AAAA-AAAA").status == 422
    assert page.form("Read the answer").submit(code=code).status == 429
