"""*Déclarer un incident*, as clients, relatives, workers and staff go through it."""

import io
from datetime import timedelta

import pytest
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal import clock
from portal.accounts.models import Account, User
from portal.extensions import db
from portal.incidents.models import Incident
from portal.incidents.queries import visible_incidents
from portal.people.models import Client, Relative, Service, Staff, Worker
from portal.settings.actions import set_option
from portal.threads.models import MessageFile, Thread, ThreadMessage
from portal.visits.actions import cancel_visit
from portal.visits.models import Visit
from portal.visits.queries import list_days, today
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.pages import Page
from tests.racing import at_once, posting

ARRIVED = "Your report had arrived as you first sent it. Send this one too if it says more."


@pytest.fixture
def reasons(agency: Agency, database: Database) -> dict[str, int]:
    """What can be reported on the visit that has just ended."""
    with database.writing():
        return {
            "closed": factories.reason(agency.cleaning, "Porte close", "start", "urgent").id,
            "broken": factories.reason(agency.cleaning, "Casse", "end").id,
            "other": factories.reason(agency.cleaning, "Autre", "both").id,
            "elsewhere": factories.reason(agency.rising, "Chute").id,
        }


def offered(page: Page) -> list[tuple[str, list[str]]]:
    """The parts of the visit with their reasons, in the order of the page."""
    parts = page.soup.select("details:has(.choices)")
    return [
        (
            part.select("summary")[0].get_text(strip=True),
            [one.get_text(strip=True) for one in part.select("label > input + span")],
        )
        for part in parts
    ]


def visit_card(page: Page, visit_id: int) -> str:
    return page.says(f"#visit-{visit_id}")


def test_a_worker_reports_from_the_day_and_lands_in_the_conversation(
    agency: Agency, reasons: dict[str, int], sign_in: SignIn, database: Database
) -> None:
    wassim = sign_in(agency.wassim)
    today = wassim.get("/worker/")
    assert "Report an incident" in visit_card(today, agency.claires_past)
    window = wassim.part(str(today.at(f"#visit-{agency.claires_past} a[href$=incident]")["hx-get"]))
    assert "You can report until" in window.words and len(window.statements) <= 12
    assert (
        "Who will read it: Claire Lefèvre (client) Paul Lefèvre (relative) Wassim Haddad (worker) the agency"
        in window.words
    )
    assert offered(window) == [("End of the visit", ["Casse", "Autre"]),
                               ("Start of the visit", ["Porte close", "Autre"])]  # fmt: skip
    form = window.form("Send the report")
    empty = form.submit(htmx=True, text="")
    assert (empty.status, empty.says("#reason-error")) == (422, "Please choose a reason.")
    for htmx, said in ((False, True), (True, False)):  # with scripts what was chosen stays in its field
        chosen = form.submit(htmx=htmx, text="", files=(io.BytesIO(factories.picture()), "porte.png"))
        assert bool(chosen.soup.select("#files-lost")) is said
    sent = empty.form("Send the report").submit(
        htmx=True, reason=f"start:{reasons['closed']}", text="Personne\nn’a ouvert",
        files=(io.BytesIO(factories.picture()), "porte.png"),
    )  # fmt: skip
    with database.app.app_context():
        made = db.session.scalars(select(Incident)).one()
        assert (made.phase, made.urgency, made.label("ru"), made.declared_by) == (
            "start", "urgent", "Porte close", agency.wassim.name)  # fmt: skip
        thread, day = made.thread_id, made.visit.starts_at.day
        assert db.session.scalars(select(MessageFile)).one()
    assert sent.headers["HX-Redirect"] == f"/worker/threads/{thread}"
    page = wassim.get(f"/worker/threads/{thread}")
    assert page.h1.startswith("Porte close") and str(day) in page.h1
    assert {"Open", "Urgent", "Start of the visit"} <= {text.strip() for text in page.soup.stripped_strings}
    assert "Your report is sent." in page.words and "Personne" in page.words and len(page.statements) <= 12
    listed = wassim.get("/worker/")
    assert "Incident Porte close" in visit_card(listed, agency.claires_past) and len(listed.statements) <= 6
    assert listed.link("Porte close").click().h1 == page.h1
    claire = sign_in(agency.claire)
    hers = claire.get("/client/visits")
    assert "Incident Porte close Open" in visit_card(hers, agency.claires_past) and len(hers.statements) <= 6
    assert hers.link("Porte close").click().h1 == page.h1
    assert sign_in(agency.denis).get(f"/client/threads/{thread}").status == 404
    assert "Porte close" in sign_in(agency.sofia).get("/staff/threads").words


def test_the_same_form_sent_twice_is_one_incident_also_at_the_same_moment_or_too_late(
    agency: Agency, reasons: dict[str, int], sign_in: SignIn, database: Database, time_machine: TimeMachineFixture
) -> None:
    claire = sign_in(agency.claire)
    form = claire.get(f"/client/visits/{agency.claires_past}/incident").form("Send the report")
    values = {**form.values(), "reason": f"end:{reasons['broken']}", "text": "Un vase", "urgency": "high"}
    url = f"/client/visits/{agency.claires_past}/incident"
    assert at_once([posting(claire, url, values) for _ in range(3)]) == [303, 303, 303]
    with database.writing():
        set_option(None, "incidents.after_minutes", "0")
    late = claire.act(url, values)
    assert late.status == 303, "it was sent in time, and only its answer was lost"
    more = claire.act(url, {**values, "text": "Deux vases"})
    assert (more.status, more.says("#typed"), ARRIVED in more.words) == (409, "Deux vases", True)
    counts = [database.count(kind) for kind in (Incident, Thread, ThreadMessage)]
    assert counts == [1, 1, 1]
    assert database.one(select(Incident.urgency)) == "high"
    with database.writing():
        set_option(None, "incidents.after_minutes", "1440")
    again = claire.get(url).form("Send the report")
    assert again.submit(reason=f"end:{reasons['broken']}", text="Un vase").status == 303
    assert database.count(Incident) == 2, "a visit may have several"


def test_a_report_that_was_changed_after_it_had_arrived_is_not_dropped(
    agency: Agency, reasons: dict[str, int], sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        visit = db.session.get_one(Visit, agency.claires_past)
        service, workers = db.session.get_one(Service, agency.cleaning), list(visit.workers)
        elsewhere = factories.visit(visit.client, service, workers, factories.at(-1, 7)).id
    sofia = sign_in(agency.sofia)
    url = f"/staff/visits/{agency.claires_past}/incident"
    values = sofia.get(url).form("Send the report").values() | {
        "reason": f"end:{reasons['other']}", "text": "Un vase", "urgency": "high", "reported_how": "client",
    }  # fmt: skip
    first = sofia.act(url, values)
    assert sofia.act(url, values).location == first.location
    picture = {"files": (io.BytesIO(factories.picture()), "vase.png")}
    changes: list[tuple[str, dict]] = [(url, one) for one in (
        {"text": "Deux"}, {"reason": f"start:{reasons['other']}"}, {"reason": f"end:{reasons['broken']}"},
        {"urgency": "urgent"}, {"reported_how": "worker"}, {"reported_by": "Lise"}, picture,
    )] + [(f"/staff/visits/{elsewhere}/incident", {})]  # fmt: skip
    for address, change in changes:
        page = sofia.act(address, values | change)
        kept = page.form("Send the report").values()
        assert (page.status, ARRIVED in page.words) == (409, True), change
        assert kept["token"] != values["token"]
        typed = values | change
        for name in ("text", "reason", "urgency", "reported_how", "reported_by"):
            assert kept[name] == typed[name], name
    assert database.count(Incident) == 1
    with database.writing():
        thread = db.session.scalars(select(Thread)).one()
        token = factories.message(agency.sofia, thread, "Un vase").token
    assert sofia.act(url, values | {"token": token}).status == 409, "a message in a conversation is no report"
    assert page.form("Send the report").submit().status == 303
    assert (database.count(Incident), database.count(Thread)) == (2, 2)


def test_nothing_odd_is_written(agency: Agency, reasons: dict[str, int], sign_in: SignIn, database: Database) -> None:
    claire = sign_in(agency.claire)
    url = f"/client/visits/{agency.claires_past}/incident"
    with database.writing():
        hidden = factories.reason(agency.cleaning, "Ancien")
        hidden.active = False
        former = hidden.id
    before = database.fingerprint()
    told = {"text": "Bonjour"}
    for reason in (f"start:{reasons['elsewhere']}", f"start:{reasons['broken']}", f"both:{reasons['other']}",
                   f"start:{former}", "start:", "999", "x" * 5000):  # fmt: skip
        page = claire.act(url, {**told, "reason": reason})
        assert (page.status, page.says("#reason-error")) == (422, "Please choose one of the values offered."), reason
    assert database.fingerprint() == before
    right = {"reason": f"end:{reasons['broken']}"}
    assert claire.act(url, {**right, "text": "x" * 5001}).status == 422
    assert claire.act(url, {**right, **told, "urgency": "deadly"}).status == 422
    assert claire.act(url, right).status == 409
    with database.writing():
        question = factories.thread(agency.claire, [agency.claire])
        token = db.session.scalars(select(ThreadMessage.token).where(ThreadMessage.thread_id == question.id)).one()
    assert claire.act(url, {**right, **told, "token": token}).status == 409, "a question is no incident"
    spoilt = claire.act(url, {**right, **told, "files": (io.BytesIO(b"MZ" * 9), "photo.jpg")})
    assert spoilt.status == 409 and "photo.jpg" in spoilt.says("#files-error")
    assert "Bonjour" in spoilt.form("Send the report").values()["text"], "what was typed stays"
    named = claire.act(url, {**right, **told, "reported_how": "other", "reported_by": "Denis"})
    assert named.status == 303, "what only staff may say is not heard"
    assert database.one(select(Incident.reported_how)) is None
    for person, portal in ((agency.denis, "client"), (agency.jean, "worker"), (agency.igor, "staff")):
        stranger = sign_in(person)
        assert stranger.get(f"/{portal}/visits/{agency.claires_past}/incident").status == 404
        assert stranger.act(f"/{portal}/visits/{agency.claires_past}/incident", {**right, **told}).status == 404
    assert database.count(Incident) == 1


def test_outside_the_window_one_reads_whom_to_call_and_keeps_what_was_typed(
    agency: Agency, reasons: dict[str, int], sign_in: SignIn, database: Database, time_machine: TimeMachineFixture
) -> None:
    claire = sign_in(agency.claire)
    early = claire.get(f"/client/visits/{agency.claires_next}/incident")
    assert early.status == 409 and "can be reported here from" in early.words
    assert "г.." not in claire.get(f"/client/visits/{agency.claires_next}/incident?lang=ru").words
    assert "Please get in touch with the agency." in early.words
    form = claire.get(f"/client/visits/{agency.claires_past}/incident").form("Send the report")
    with database.writing():
        set_option(None, "agency.phone", "03 20 00 00 00")
        sofia = db.session.get_one(Staff, agency.sofia.id)
        sofia.mobile = "06 11 11 11 11"
        ends = db.session.get_one(Visit, agency.claires_past).ends_at
    time_machine.move_to(ends + timedelta(hours=24, seconds=1), tick=False)
    late = form.submit(reason=f"end:{reasons['broken']}", text="Le vase bleu")
    assert late.status == 409 and "could be reported here until" in late.words
    assert late.says("#typed") == "Le vase bleu" and database.count(Incident) == 0
    assert "Please call the agency and ask for Sofia Benali. 03 20 00 00 00" in late.words
    assert "06 11" not in late.html, "a mobile number may be a private one"
    with database.writing():
        db.session.get_one(Staff, agency.sofia.id).phone = "03 20 00 00 01"
    told = sign_in(agency.wassim).get(f"/worker/visits/{agency.claires_past}/incident")
    assert "Please call Sofia Benali. 03 20 00 00 01" in told.words
    assert "Report an incident" not in visit_card(sign_in(agency.claire).get("/client/visits"), agency.claires_past)


def test_visits_without_reasons_drafts_and_the_module_switched_off_have_no_window(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    wassim, sofia = sign_in(agency.wassim), sign_in(agency.sofia)
    url = f"/worker/visits/{agency.claires_past}/incident"
    assert "For this service nothing can be reported here yet." in wassim.get(url).words
    silent = f"/staff/visits/{agency.claires_past}/incident"
    assert "An administrator says what can be reported" in sofia.get(silent).words
    assert sign_in(agency.ada).get(silent).link("Incident reasons")
    assert "Report an incident" not in wassim.get("/worker/").words
    assert "is a draft" in sofia.get(f"/staff/visits/{agency.draft}/incident").words
    with database.writing():
        factories.reason(agency.cleaning)
        factories.incident(agency.wassim, agency.claires_past)
        set_option(None, "incidents.enabled", "false")
    assert wassim.get(url).status == 404 and wassim.act(url, {}).status == 404
    for browser, page in ((wassim, "/worker/"), (sofia, f"/staff/visits/{agency.claires_past}")):
        assert "ncident" not in browser.get(page).words


def test_a_cancelled_visit_can_be_reported_and_before_its_middle_what_begins_badly_stands_first(
    agency: Agency, reasons: dict[str, int], sign_in: SignIn, database: Database, time_machine: TimeMachineFixture
) -> None:
    with database.writing():
        visit = db.session.get_one(Visit, agency.claires_past)
        cancel_visit(None, visit, "Personne n’est venu")
        begins = visit.starts_at
    time_machine.move_to(begins - timedelta(hours=1), tick=False)
    page = sign_in(agency.claire).get(f"/client/visits/{agency.claires_past}/incident")
    assert [part for part, _reasons in offered(page)] == ["Start of the visit", "End of the visit"]
    assert page.form("Send the report").submit(reason=f"start:{reasons['closed']}", text="Bonjour").status == 303


def test_staff_report_at_any_time_for_somebody(
    agency: Agency, reasons: dict[str, int], sign_in: SignIn, database: Database, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(clock.now() + timedelta(days=40), tick=False)
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/visits/{agency.claires_past}")
    assert "Nothing has been reported." in page.words and len(page.statements) <= 12
    with database.writing():
        db.session.get_one(Account, agency.wassim.account_id).active = False
        db.session.get_one(Relative, agency.paul.id).active = False
    window = page.link("Report an incident").click()
    readers = "Claire Lefèvre (client) Wassim Haddad (worker) · no access to the portal the agency"
    assert readers in window.says(".report .note")
    form = window.form("Send the report")
    why = f"end:{reasons['broken']}"
    myself = form.submit(reason=why, text="Elle l’a dit au téléphone", reported_by="Lise Lefèvre")
    assert myself.status == 422 and "“Reported by”" in myself.says("#reported_by-error")
    typed = myself.form("Send the report").values()
    assert (typed["reported_by"], typed["text"], typed["reason"]) == ("Lise Lefèvre", "Elle l’a dit au téléphone", why)
    nameless = form.submit(reason=why, text="Elle l’a dit au téléphone", reported_how="other")
    assert nameless.status == 422 and nameless.errors() == ["Please give the name of the person."]
    nameless.form("Send the report").submit(reported_how="client").follow()
    again = sofia.get(f"/staff/visits/{agency.claires_past}")
    form = again.link("Report an incident").click().form("Send the report")
    form.submit(reason=f"start:{reasons['closed']}", text="Sa fille a appelé", reported_how="relative",
                reported_by="Lise Lefèvre", urgency="normal")  # fmt: skip
    page = sofia.get(f"/staff/visits/{agency.claires_past}")
    said = page.says("section:has(#visit-incidents)")
    assert "Casse Open Claire Lefèvre" in said
    assert "Sofia Benali reported an incident: Casse reported by Claire Lefèvre" in page.words
    assert len(page.statements) == len(again.statements) <= 12, "however many there are"
    told_by = select(Incident.reported_how, Incident.reported_by).order_by(Incident.id)
    assert database.all(told_by) == [("client", "Claire Lefèvre"), ("relative", "Lise Lefèvre")]


def test_relatives_report_and_read_only_where_the_file_lets_them(
    agency: Agency, reasons: dict[str, int], sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        thread = factories.incident(agency.wassim, agency.claires_past).thread_id
    url, paul = f"/client/visits/{agency.claires_past}/incident", sign_in(agency.paul)
    assert paul.get(url).status == 200
    assert "ncident" in visit_card(paul.get("/client/visits"), agency.claires_past)
    with database.writing():
        db.session.get_one(Relative, agency.paul.id).sees_threads = False
    assert paul.get(url).status == 404 and paul.get(f"/client/threads/{thread}").status == 404
    assert paul.act(url, {"reason": f"end:{reasons['broken']}", "text": "Bonjour"}).status == 404
    page = paul.get("/client/visits")
    assert "ncident" not in page.says("#visits") and f"threads/{thread}" not in page.html
    claires = sign_in(agency.claire).get(url)
    assert "Paul" not in claires.says(".report .note"), "who may not read it is not among its readers"


def test_lists_show_the_incidents_that_their_reader_may_open(agency: Agency, database: Database) -> None:
    """What the lists of visits read in one go agrees with the perimeter, for each and whatever the thread is like."""
    with database.writing():
        claire, wassim = db.session.get_one(Client, agency.claire.id), db.session.get_one(Worker, agency.wassim.id)
        jean, rising = db.session.get_one(Worker, agency.jean.id), db.session.get_one(Service, agency.rising)
        both = factories.visit(claire, rising, [wassim, jean], factories.at(0, 7))
        factories.incident(agency.wassim, both.id)
        factories.incident(agency.claire, agency.claires_past)
        unpublished = factories.incident(agency.claire, agency.claires_past)
        unpublished.thread.published = False
        left = factories.incident(agency.claire, agency.claires_past)
        left.thread.participants = [one for one in left.thread.participants if not one.worker_id]
    with database.app.test_request_context():
        for person in (agency.claire, agency.paul, agency.denis, agency.wassim, agency.jean):
            user: User = person.user
            seen = {one.thread_id for one in db.session.scalars(visible_incidents(user))}
            rows = list_days(user, today(), 1)
            shown = {int(one.url.rpartition("/")[2]) for row in rows for one in row.incidents}
            assert shown == seen, person.name
            assert len(seen) == {"Claire": 3, "Paul": 3, "Wassim": 2, "Jean": 1}.get(person.name.split()[0], 0)
