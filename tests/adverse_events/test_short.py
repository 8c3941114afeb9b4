"""The short report of workers and clients: two screens on a phone, nothing lost, nobody told who asked not to be."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal.adverse_events import jobs, short
from portal.adverse_events.models import AdverseEvent, EventDraft, Reporter
from portal.adverse_events.short import categories
from portal.audit.models import AuditEntry
from portal.errors import Refused
from portal.extensions import db
from portal.files.models import Attachment
from portal.files.store import store
from portal.people.models import Client, Relative
from portal.settings.actions import set_option
from portal.visits.models import Visit
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency, Persona
from tests.files.test_papers import WHO as MAKER
from tests.files.test_papers import protected, telling, words_in
from tests.pages import Browser, Page

FACTS = "Madame est tombée dans la cuisine, la tête a touché la table."


@pytest.fixture(autouse=True)
def _switched_on(agency: Agency, database: Database) -> None:
    with database.writing():
        set_option(None, "adverse_events.portal", "on")


def portal_of(person: Persona) -> str:
    return "worker" if person.key.startswith("worker") else "client"


def typed_in(usual: dict[str, Any], typed: dict[str, Any]) -> dict[str, Any]:
    return usual | typed


def first_screen(browser: Browser, person: Persona, agency: Agency, **typed: str) -> Page:
    page = browser.get(f"/{portal_of(person)}/adverse-events/new")
    with browser.application.app_context():
        fall = next(key for key, label in categories().items() if label in ("Chute", "Fall"))
    given = {"day": "2026-11-16", "hour": "09:30", "subject": f"visit:{agency.claires_done}", "category": fall,
             "facts": FACTS}  # fmt: skip
    return page.form("Go on").submit(**typed_in(given, typed))


def report(browser: Browser, person: Persona, agency: Agency, **typed: object) -> Page:
    page = first_screen(browser, person, agency).follow()
    return page.form("Send the report").submit(**typed_in({"gravity": "light", "mode": "named"}, typed))


def one_event(database: Database) -> AdverseEvent:
    return database.one(select(AdverseEvent))


# ---- two screens ----


def test_a_worker_reports_with_their_name_and_reads_where_it_stands(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    browser = sign_in(agency.wassim)
    sent = report(browser, agency.wassim, agency, gravity="care", rescue="y").follow()
    assert "Your report is sent" in sent.words
    assert "The agency has not confirmed its receipt yet" in sent.words, "somebody may have read it all the same"
    assert "EI-2026-0001" in sent.words
    event, visit = one_event(database), agency.claires_done
    assert (event.client_id, event.worker_id, event.visit_id) == (agency.claire.id, agency.wassim.id, visit)
    assert (event.facts, event.severity, event.nature, event.measures) == (FACTS, 3, "accident", ["rescue"])
    assert (event.short, event.mode, event.capacity) == (True, "named", "worker")
    assert database.one(select(Reporter.person_id)) == agency.wassim.id
    assert database.count(EventDraft) == 0


@pytest.mark.parametrize(("who", "capacity"), [("claire", "client"), ("paul", "relative")])
def test_a_client_and_a_relative_report_about_their_own_file(
    agency: Agency, sign_in: SignIn, database: Database, who: str, capacity: str
) -> None:
    person = getattr(agency, who)
    report(sign_in(person), person, agency, mode="confidential")
    event = one_event(database)
    assert (event.client_id, event.capacity, event.mode) == (agency.claire.id, capacity, "confidential")
    assert "Denis" not in sign_in(person).get("/client/adverse-events/new").words


def test_a_relative_whom_the_file_lets_write_nothing_reports_nothing(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        db.session.get_one(Relative, agency.paul.id).sees_threads = False
    browser = sign_in(agency.paul)
    for page in ("", "/new", "/code"):
        assert browser.get(f"/client/adverse-events{page}").status_code == 404


def test_without_the_agencys_leave_there_is_nothing_to_report_with(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        set_option(None, "adverse_events.portal", "no")
    for person in (agency.wassim, agency.claire):
        browser = sign_in(person)
        assert browser.get(f"/{portal_of(person)}/adverse-events/new").status_code == 404
        assert "/adverse-events" not in browser.get(f"/{portal_of(person)}/me").html


@pytest.mark.parametrize(("typed", "sentence"), [
    ({"day": "2026-11-18"}, "still to come"), ({"hour": "23:59", "day": "2026-11-17"}, "still to come"),
    ({"hour": ""}, "at about which hour"), ({"facts": ""}, "describe what happened"),
    ({"category": ""}, "what it is about"), ({"day": "2026-11-15"}, "of a later day than the event"),
    ({"day": "9999-12-31"}, "This date is not valid."),
    ({"day": "2026-02-31"}, "This date is not valid."), ({"hour": "25:00"}, "This hour is not valid."),
    ({"facts": "a" * 5001}, "5,000"),
])  # fmt: skip
def test_what_cannot_be_is_said_at_its_field_and_the_rest_stays(
    agency: Agency, sign_in: SignIn, typed: dict, sentence: str
) -> None:
    page = first_screen(sign_in(agency.wassim), agency.wassim, agency, **typed)
    assert page.status == 422
    assert any(sentence in error for error in page.errors()), page.errors()
    kept = page.form("Go on").values()
    assert kept["subject"] == f"visit:{agency.claires_done}"
    assert kept["facts"] == typed.get("facts", FACTS)


def test_a_visit_of_somebody_else_is_not_offered_and_not_taken(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    browser = sign_in(agency.wassim)
    form = browser.get("/worker/adverse-events/new").form("Go on").values()
    page = browser.act(
        "/worker/adverse-events/new",
        {
            **form,
            "day": "2026-11-16",
            "hour": "10:00",
            "facts": FACTS,
            "category": "1",
            "subject": f"visit:{agency.eloises_done}",
        },
    )
    assert page.status == 422
    assert database.count(AdverseEvent) == 0


def test_a_client_whose_record_is_closed_is_not_offered_and_why_is_said_where_it_was_chosen_before(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    browser = sign_in(agency.wassim)
    second = first_screen(browser, agency.wassim, agency).follow()
    with database.writing():
        db.session.get_one(Client, agency.claire.id).active = False
    offered = browser.get("/worker/adverse-events/new").at("#subject").get_text()
    assert "Claire" not in offered and "No client is concerned" in offered
    back = second.form("Send the report").submit(gravity="light").follow()
    sentence = "The record of Claire Lefèvre is closed: no event can be reported on it here. Please call the agency."
    assert back.errors() == [sentence]
    assert back.form("Go on").values()["facts"] == FACTS
    sent = back.form("Go on").values() | {"subject": f"client:{agency.claire.id}"}
    assert sentence in browser.act("/worker/adverse-events/new", sent).errors()
    assert database.count(AdverseEvent) == 0
    with database.app.test_request_context(headers={"Accept-Language": "en"}):
        assert short.report_url(agency.wassim.user, db.session.get_one(Visit, agency.claires_done)) is None
        what = short.What(factories.NOON, agency.claire.id, None, 1, FACTS)
        draft = db.session.scalars(select(EventDraft)).one()
        with pytest.raises(Refused) as refusal:
            short.send(agency.wassim.user, draft, what, short.Sending(short.GRAVITIES["light"], False, "named"))
        assert str(refusal.value.message) == sentence


def test_a_report_that_was_left_half_way_is_there_later_for_its_author_alone(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    first_screen(sign_in(agency.wassim), agency.wassim, agency)
    browser = sign_in(agency.wassim)
    page = browser.get("/worker/adverse-events").link("Go on").click()
    assert page.form("Go on").values()["facts"] == FACTS
    draft = database.one(select(EventDraft.id))
    for stranger, portal in ((agency.jean, "worker"), (agency.claire, "client"), (agency.paul, "client")):
        other = sign_in(stranger)
        assert other.get(f"/{portal}/adverse-events/drafts/{draft}").status_code == 404
        assert other.get(f"/{portal}/adverse-events/drafts/{draft}/sending").status_code == 404
        assert other.act(f"/{portal}/adverse-events/drafts/{draft}/discarding").status_code == 404
    browser.get("/worker/adverse-events").form("Delete it").submit()
    assert database.count(EventDraft) == 0


def test_going_back_from_the_second_screen_keeps_what_was_chosen_there(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    browser = sign_in(agency.wassim)
    second = first_screen(browser, agency.wassim, agency).follow()
    first = second.form("Send the report").submit(gravity="grave", mode="confidential", go="back").follow()
    assert first.form("Go on").values()["facts"] == FACTS
    again = first.form("Go on").submit(facts=f"{FACTS} Elle saigne.").follow()
    kept = again.form("Send the report").values()
    assert (kept["gravity"], kept["mode"]) == ("grave", "confidential")
    again.form("Send the report").submit()
    assert one_event(database).facts.endswith("saigne.")


def test_the_same_report_sent_twice_is_one(agency: Agency, sign_in: SignIn, database: Database) -> None:
    browser = sign_in(agency.wassim)
    second = first_screen(browser, agency.wassim, agency).follow()
    for _time in range(2):
        second.form("Send the report").submit(gravity="near", mode="named")
    assert database.count(AdverseEvent) == 1


def photo(name: str, content: bytes | None = None) -> tuple[BytesIO, str]:
    return BytesIO(content or factories.picture()), name


def attached(browser: Browser, person: Persona, agency: Agency, *photos: tuple, **typed: Any) -> Page:
    """Photos are sent, and how grave it was is forgotten."""
    page = first_screen(browser, person, agency).follow()
    return page.form("Send the report").submit(files=list(photos), **typed)


def kept(page: Page) -> list[str]:
    """The photos that stand under the form, kept with the draft."""
    return [link.get_text() for link in page.soup.select("[aria-label='Photos and papers kept with this report'] a")]


def test_a_bad_photo_is_refused_by_its_name_and_the_good_ones_stay(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    browser = sign_in(agency.wassim)
    page = report(browser, agency.wassim, agency, gravity="care", files=[photo("good.png"), photo("bad.jpg", b"MZ")])
    assert page.status == 409
    assert kept(page) == ["good.png"]
    assert any("“bad.jpg”" in error for error in page.errors())
    assert "again" not in page.at("form .field:has([type=file])").get_text()
    assert page.at("[name=gravity][value=care]").has_attr("checked")
    assert page.link("good.png").click().status == 200
    again = [photo("good.png"), photo("other.png", factories.picture(9, 9))]
    assert page.form("Send the report").submit(files=again).status == 303
    with database.app.app_context():
        files = db.session.scalars(select(AdverseEvent)).one().files
        assert [file.name for file in files] == ["good.png", "other.png"], "chosen again, it is still one"
    assert database.count(EventDraft) == 0


@pytest.mark.parametrize("go", ["", "back"])
def test_photos_stay_with_an_answer_that_is_refused_and_can_be_taken_away(
    agency: Agency, sign_in: SignIn, database: Database, go: str
) -> None:
    browser = sign_in(agency.claire)
    page = attached(browser, agency.claire, agency, photo("good.png"), **({"go": go} if go else {}))
    if go:
        page = page.follow().form("Go on").submit().follow()
    else:
        assert page.status == 422
        assert page.errors() == ["Please say how grave it is."]
    assert kept(page) == ["good.png"]
    stranger = sign_in(agency.paul)
    assert stranger.get(page.link("good.png").href).status_code == 404
    address = str(page.at("[aria-label='Remove good.png']")["formaction"])
    gone = browser.act(address, {"gravity": "light", "mode": "confidential", "files": photo("bad.jpg", b"MZ")}).follow()
    assert kept(gone) == []
    assert any("“bad.jpg”" in error for error in gone.errors())
    assert gone.form("Send the report").values()["gravity"] == "light"
    assert database.count(Attachment) == 0


def test_more_photos_than_a_report_takes_are_refused_before_any_is_kept(agency: Agency, sign_in: SignIn) -> None:
    browser = sign_in(agency.wassim)
    page = attached(browser, agency.wassim, agency, *(photo(f"{number}.png") for number in range(6)))
    assert any("five at most at a time" in error for error in page.errors())
    assert kept(page) == []
    for start in (0, 5, 10):
        five = [photo(f"{number}.png") for number in range(start, start + 5)]
        page = page.form("Send the report").submit(files=five)
    assert any("ten files at most" in error for error in page.errors())
    assert len(kept(page)) == 10


def test_what_was_attached_goes_with_a_report_that_is_deleted(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    browser = sign_in(agency.wassim)
    attached(browser, agency.wassim, agency, photo("good.png"))
    assert database.count(Attachment) == 1
    browser.get("/worker/adverse-events").form("Delete it").submit()
    assert database.count(Attachment) == 0


def test_drafts_are_forgotten_after_sixty_days(
    agency: Agency, sign_in: SignIn, database: Database, time_machine: TimeMachineFixture
) -> None:
    first_screen(sign_in(agency.wassim), agency.wassim, agency)
    for days, left in ((60, 1), (61, 0)):
        time_machine.move_to(factories.NOON + timedelta(days=days, minutes=-1))
        with database.app.app_context():
            jobs.sweep()
        assert database.count(EventDraft) == left


# ---- who reported it ----


def test_of_a_confidential_report_only_its_own_table_knows_who_made_it(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    photo = [(BytesIO(factories.picture()), "chute.png")]
    report(sign_in(agency.wassim), agency.wassim, agency, mode="confidential", files=photo)
    event = one_event(database)
    assert (event.worker_id, database.one(select(Reporter.person_id))) == (None, agency.wassim.id)
    assert database.one(select(Attachment.account_id)) is None
    about = AuditEntry.subject_type.in_(("adverse_event", "note"))
    deeds = select(AuditEntry.account_id, AuditEntry.person_id).where(about)
    assert set(database.all(deeds)) == {(None, None)}
    assert database.count(EventDraft) == 0
    assert "EI-2026-0001" in sign_in(agency.wassim).get("/worker/adverse-events").words


@pytest.mark.parametrize("mode", ["named", "confidential", "anonymous"])
def test_a_paper_says_who_made_it_only_of_a_report_with_a_name(
    agency: Agency, sign_in: SignIn, database: Database, mode: str
) -> None:
    paper = [(BytesIO(telling()), "chute.pdf")]
    report(sign_in(agency.wassim), agency.wassim, agency, mode=mode, files=paper)
    with database.app.app_context(), store().open(database.one(select(Attachment.public_id))) as kept:
        content = kept.read()
    assert (MAKER in words_in(content)) is (mode == "named")
    assert database.one(select(Attachment.size)) == len(content)


@pytest.mark.parametrize("mode", ["named", "confidential", "anonymous"])
def test_a_photo_of_a_report_without_a_name_is_not_called_as_in_its_draft(
    agency: Agency, sign_in: SignIn, database: Database, mode: str
) -> None:
    page = attached(sign_in(agency.wassim), agency.wassim, agency, photo("good.png"), go="back")
    drafted = database.one(select(Attachment.public_id))
    second = page.follow().form("Go on").submit().follow()
    assert second.form("Send the report").submit(gravity="light", mode=mode).status in (200, 303)
    assert database.count(AdverseEvent) == 1
    assert (database.one(select(Attachment.public_id)) == drafted) is (mode == "named")
    event_page = sign_in(agency.sofia).get("/staff/adverse-events/1")
    assert event_page.link("good.png" if mode == "named" else "1.png").click().status == 200


def test_a_protected_paper_is_refused_without_a_name_and_the_answers_stay(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    paper = [(BytesIO(protected()), "chute.pdf")]
    page = report(sign_in(agency.wassim), agency.wassim, agency, gravity="care", mode="anonymous", files=paper)
    assert any("“chute.pdf” is protected or damaged" in error for error in page.errors())
    assert page.at("[name=gravity][value=care]").has_attr("checked")
    assert database.count(AdverseEvent) == 0 and database.count(EventDraft) == 1


def anonymous_code(page: Page) -> str:
    return page.says(".secret-code")


def test_an_anonymous_report_leaves_nothing_of_who_and_its_code_opens_the_answer_alone(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    browser = sign_in(agency.wassim)
    sent = report(browser, agency.wassim, agency, mode="anonymous")
    code = anonymous_code(sent)
    event = one_event(database)
    assert (event.visit_id, event.worker_id, event.capacity) == (None, None, "other")
    assert database.count(Reporter) == database.count(EventDraft) == 0
    assert code.replace("-", "") not in str(vars(event))
    assert "EI-2026-0001" not in browser.get("/worker/adverse-events").words
    with database.writing():
        found = db.session.get_one(AdverseEvent, event.id)
        found.told_text, found.told_at = "La table est déplacée.", factories.NOON
    answer = sign_in(agency.denis).get("/client/adverse-events/code").form("Read the answer").submit(code=code.lower())
    assert "La table est déplacée." in answer.words
    assert FACTS not in answer.words


def test_a_code_is_shown_once_more_to_who_sends_the_form_again_at_once_and_never_later(
    agency: Agency, sign_in: SignIn, time_machine: TimeMachineFixture
) -> None:
    browser = sign_in(agency.wassim)
    form = first_screen(browser, agency.wassim, agency).follow().form("Send the report")
    code = anonymous_code(form.submit(gravity="near", mode="anonymous"))
    assert anonymous_code(form.submit(gravity="near", mode="anonymous")) == code, "the answer may have been lost"
    time_machine.shift(timedelta(minutes=10))
    later = form.submit(gravity="near", mode="anonymous")
    assert code not in later.html
    assert "cannot be shown again" in later.words


def test_wrong_codes_get_one_sentence_and_end_after_ten(agency: Agency, sign_in: SignIn) -> None:
    browser = sign_in(agency.wassim)
    code = anonymous_code(report(browser, agency.wassim, agency, mode="anonymous"))
    page = browser.get("/worker/adverse-events/code")
    for _time in range(10):
        refused = page.form("Read the answer").submit(code="AAAA-AAAA-AAAA-AAAA")
        assert refused.status == 422
        assert "opens no report" in refused.words
    for typed in ("AAAA-AAAA-AAAA-AAAA", code):
        assert page.form("Read the answer").submit(code=typed).status == 429


def test_only_own_reports_are_listed(agency: Agency, sign_in: SignIn, database: Database) -> None:
    report(sign_in(agency.paul), agency.paul, agency)
    assert database.count(AdverseEvent) == 1
    for person in (agency.claire, agency.denis, agency.wassim):
        assert "EI-2026" not in sign_in(person).get(f"/{portal_of(person)}/adverse-events").words, person.name
    assert "EI-2026-0001" in sign_in(agency.paul).get("/client/adverse-events").words


# ---- the worker concerned ----


def test_the_worker_concerned_reads_the_facts_and_gives_their_word_once_it_is_opened(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    report(sign_in(agency.claire), agency.claire, agency)
    event = one_event(database).id
    address = f"/worker/adverse-events/opened/{event}"
    with database.writing():
        db.session.get_one(AdverseEvent, event).worker_id = agency.wassim.id
    assert sign_in(agency.wassim).get(address).status_code == 404, "not opened yet"
    with database.writing():
        db.session.get_one(AdverseEvent, event).opened_at = factories.NOON
    browser = sign_in(agency.wassim)
    page = browser.get("/worker/adverse-events").link("EI-2026-0001").click()
    assert FACTS in page.words
    page.form("Save").submit(word="Le sol était mouillé.")
    page.form("Save").submit(word="Le sol était mouillé, je l’avais dit.")
    assert str(one_event(database).worker_word).endswith("dit.")
    assert database.count(AuditEntry, AuditEntry.kind == "event.commented") == 2
    assert sign_in(agency.jean).get(address).status_code == 404
    with database.writing():
        db.session.get_one(AdverseEvent, event).state = "closed"
    late = page.form("Save").submit(word="Trop tard.")
    assert late.status == 409
    assert "Trop tard." in late.html
    assert str(one_event(database).worker_word).endswith("dit.")


def test_the_window_of_an_incident_leads_to_what_is_graver(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        factories.reason(agency.cleaning)
    for person in (agency.wassim, agency.claire):
        window = sign_in(person).get(f"/{portal_of(person)}/visits/{agency.claires_past}/incident")
        form = window.link("Report an adverse event").click().form("Go on")
        assert form.values()["subject"] == f"visit:{agency.claires_past}"
    page = sign_in(agency.sofia).get(f"/staff/visits/{agency.claires_past}/incident")
    assert "Somebody was hurt" not in page.words
