"""Moving a visit, alone or with those that follow in its series; and writing its tasks anew."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.people.models import Client, Service, Worker
from portal.visits.following import follow_client
from portal.visits.models import State, Visit, VisitTask, VisitWorker
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import NOON, Agency, at
from tests.visits.test_plan_form import address, new_visit, objections, visits


def times(database: Database, *numbers: int) -> list[str]:
    found = database.all(select(Visit.local_start).where(Visit.id.in_(numbers)).order_by(Visit.id))
    return [f"{start:%d/%m %H:%M}" for start in found]


def sent(database: Database, visit: int) -> list[int]:
    return list(database.all(select(VisitWorker.worker_id).where(VisitWorker.visit_id == visit).order_by("position")))


def test_a_visit_is_moved_and_the_way_leads_back_to_its_new_day(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    sofia, visit = sign_in(agency.sofia), agency.claires_next
    planning = sofia.get(f"/staff/workers/{agency.wassim.id}/planning?view=day&day=2026-11-18")
    page = planning.browser.get(str(planning.at(f"#menu-{visit} a[href*=move]")["href"]))
    assert page.form("Save").values()["hour"] == "09:00"
    page = page.form("Save").submit(day="2026-11-26", hour="10:30", minutes="45")
    assert page.location == f"/staff/workers/{agency.wassim.id}/planning?view=day&day=2026-11-26"
    assert "10:30 –11:15" in page.follow().says(f"#visit-{visit}")
    assert times(database, visit) == ["26/11 10:30"]
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "visit.moved"))
    assert (entry.before["starts_at"], entry.after["starts_at"]) == (
        "2026-11-18T08:00:00+00:00", "2026-11-26T09:30:00+00:00",
    )  # fmt: skip
    assert entry.before["workers"] == entry.after["workers"] == [agency.wassim.id]
    assert "Moved by Sofia Benali" in sofia.get(f"/staff/visits/{visit}").words


def test_another_worker_is_sent_and_a_second_one(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        north = db.session.get_one(Client, agency.claire.id).sector
        nadia = factories.worker("Nadia", "Roux", [north]).id
    sofia, visit = sign_in(agency.sofia), agency.claires_next
    page = sofia.get(f"/staff/visits/{visit}/move")
    page.form("Save").submit(worker=nadia, second=agency.wassim.id)
    assert sent(database, visit) == [nadia, agency.wassim.id]
    assert times(database, visit) == ["18/11 09:00"]
    late = page.form("Save").submit(worker=agency.wassim.id)
    assert late.status == 409, "only the workers have changed, and that counts too"
    sofia.get(f"/staff/visits/{visit}/move").form("Save").submit(worker="", second="")
    assert sent(database, visit) == []


def test_a_visit_is_not_in_its_own_way_but_others_are(agency: Agency, sign_in: SignIn, database: Database) -> None:
    sofia = sign_in(agency.sofia)
    move = sofia.get(f"/staff/visits/{agency.claires_next}/move").form("Save")
    page = move.submit(day="2026-11-17", hour="08:30")
    assert page.status == 409
    assert "Wassim Haddad is at Claire Lefèvre’s, Tue 17 November, 8:00–9:00." in objections(page)
    assert times(database, agency.claires_next) == ["18/11 09:00"]
    assert page.form("Save anyway").submit().status == 303
    assert times(database, agency.claires_next) == ["17/11 08:30"]
    again = sofia.get(f"/staff/visits/{agency.claires_past}/move").form("Save").submit(day="2026-12-01", hour="08:30")
    assert again.status == 303


def test_who_is_late_sees_both_and_may_save_then(agency: Agency, sign_in: SignIn, database: Database) -> None:
    sofia, ines, visit = sign_in(agency.sofia), sign_in(agency.ines), agency.claires_next
    mine = sofia.get(f"/staff/visits/{visit}/move").form("Save")
    ines.get(f"/staff/visits/{visit}/move").form("Save").submit(hour="15:00")
    page = mine.submit(hour="11:00")
    assert page.status == 409
    assert "15:00–16:00" in page.says(".plan-form")
    assert page.form("Save anyway").values()["hour"] == "11:00"
    assert times(database, visit) == ["18/11 15:00"]
    page.form("Save anyway").submit()
    assert times(database, visit) == ["18/11 11:00"]


def test_the_following_ones_of_a_series_move_with_it(agency: Agency, sign_in: SignIn, database: Database) -> None:
    sofia = sign_in(agency.sofia)
    sofia.act(address(agency), new_visit(agency, until="2026-12-18"))
    first, second, third, fourth = (one.id for one in visits(database))
    with database.writing():
        db.session.get_one(Visit, fourth).state = State.CANCELLED
        db.session.get_one(Visit, fourth).cancel_reason = "Absence"
    page = sofia.get(f"/staff/visits/{second}/move")
    assert "This one and the 1 after it" in page.words, "the cancelled one stays where it is"
    page = page.form("Save").submit(day="2026-12-05", hour="14:00", scope="following")
    assert "2 visits are moved." in page.follow().words
    assert times(database, first, second, third, fourth) == [
        "27/11 09:00", "05/12 14:00", "12/12 14:00", "18/12 09:00",
    ]  # fmt: skip
    sofia.get(f"/staff/visits/{third}/move").form("Save").submit(day="2026-12-14")
    assert times(database, second, third) == ["05/12 14:00", "14/12 14:00"], "one alone"
    assert database.count(AuditEntry, AuditEntry.kind == "visit.moved") == 3


@pytest.fixture
def team(agency: Agency, database: Database) -> dict[str, int]:
    with database.writing():
        north = db.session.get_one(Client, agency.claire.id).sector
        return {"Wassim": agency.wassim.id} | {
            name: factories.worker(name, "Roux", [north]).id for name in ("Nadia", "Zoé", "Ali", "Eva")
        }


@pytest.fixture
def series(agency: Agency, sign_in: SignIn, database: Database, team: dict[str, int]) -> list[int]:
    """Four Fridays at nine, Wassim and Nadia. On the third Zoé takes his place, at eleven and for two hours; on the
    last one Eva comes too."""
    sofia = sign_in(agency.sofia)
    sofia.act(address(agency), new_visit(agency, until="2026-12-18", second=team["Nadia"]))
    numbers = [one.id for one in visits(database)]
    sofia.get(f"/staff/visits/{numbers[2]}/move").form("Save").submit(hour="11:00", minutes="120", worker=team["Zoé"])
    with database.writing():
        last = db.session.get_one(Visit, numbers[3])
        last.sent.append(VisitWorker(worker_id=team["Eva"], position=2))
    return numbers


ASIDE = ["11/12 11:00 120 Zoé Nadia", "18/12 09:00 90 Wassim Nadia Eva"]  # the third visit and the last


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"day": "2026-12-05"}, ["05/12 09:00 90 Wassim Nadia", "12/12 11:00 120 Zoé Nadia",
                                 "19/12 09:00 90 Wassim Nadia Eva"]),
        ({"hour": "14:00"}, ["04/12 14:00 90 Wassim Nadia", "11/12 14:00 120 Zoé Nadia",
                             "18/12 14:00 90 Wassim Nadia Eva"]),
        ({"minutes": "45"}, ["04/12 09:00 45 Wassim Nadia", "11/12 11:00 45 Zoé Nadia",
                             "18/12 09:00 45 Wassim Nadia Eva"]),
        ({"worker": "Ali"}, ["04/12 09:00 90 Ali Nadia", ASIDE[0], "18/12 09:00 90 Ali Nadia Eva"]),
        ({"second": "Ali"}, ["04/12 09:00 90 Wassim Ali", "11/12 11:00 120 Zoé Ali", "18/12 09:00 90 Wassim Ali Eva"]),
        ({"worker": "Zoé"}, ["04/12 09:00 90 Zoé Nadia", ASIDE[0], "18/12 09:00 90 Zoé Nadia Eva"]),
        ({"worker": "Nadia", "second": ""}, ["04/12 09:00 90 Nadia", ASIDE[0], "18/12 09:00 90 Nadia Eva"]),
        ({"second": "Eva"}, ["04/12 09:00 90 Wassim Eva", "11/12 11:00 120 Zoé Eva", "18/12 09:00 90 Wassim Eva"]),
        ({"worker": "", "second": ""}, ["04/12 09:00 90", "11/12 11:00 120 Zoé", "18/12 09:00 90 Eva"]),
        ({}, ["04/12 09:00 90 Wassim Nadia", *ASIDE]),
    ],
)  # fmt: skip
def test_of_a_series_only_what_is_changed_on_the_form_is_carried_over(
    agency: Agency, sign_in: SignIn, database: Database, series: list[int], team: dict[str, int],
    typed: dict[str, str], said: list[str],
) -> None:  # fmt: skip
    """What was arranged for a single day stays."""
    changed: dict[str, Any] = {name: team.get(value, value) for name, value in typed.items()}
    form = sign_in(agency.sofia).get(f"/staff/visits/{series[1]}/move").form("Save")
    page = form.submit(scope="following", **changed)
    assert page.status == 303, objections(page)
    names = {number: name for name, number in team.items()}
    assert [
        f"{one.local_start:%d/%m %H:%M} {(one.ends_at - one.starts_at) // timedelta(minutes=1)} "
        f"{' '.join(names[number] for number in sent(database, one.id))}".strip()
        for one in visits(database)[1:]
    ] == said


def test_each_visit_of_a_series_is_held_against_its_own_workers_and_length(
    agency: Agency, sign_in: SignIn, database: Database, series: list[int]
) -> None:
    """Zoé, who comes on one day alone, is looked up on that day; Wassim, who does not come then, is not."""
    with database.writing():
        denis, rising = db.session.get_one(Client, agency.denis.id), db.session.get_one(Service, agency.rising)
        zoe = db.session.scalars(select(Worker).where(Worker.first_name == "Zoé")).one()
        wassim = db.session.get_one(Worker, agency.wassim.id)
        factories.visit(denis, rising, [zoe], at(24, 15, 30))  # 11 December, at which hers would end at 16:00
        factories.visit(denis, rising, [wassim], at(24, 14))
    page = sign_in(agency.sofia).get(f"/staff/visits/{series[1]}/move").form("Save")
    page = page.submit(hour="14:00", scope="following")
    assert page.status == 409
    assert "Zoé Roux is at Denis Moreau’s, Fri 11 December, 15:30–16:30." in objections(page)
    assert "Wassim Haddad is at" not in objections(page)
    assert page.form("Save anyway").submit().status == 303
    assert times(database, *series[1:]) == ["04/12 14:00", "11/12 14:00", "18/12 14:00"]


def test_moving_a_long_series_costs_few_statements(agency: Agency, sign_in: SignIn, database: Database) -> None:
    sofia = sign_in(agency.sofia)
    sofia.act(address(agency), new_visit(agency, until="2027-11-19"))
    numbers = [one.id for one in visits(database)]
    with database.writing():
        db.session.get_one(Worker, agency.wassim.id).active = False
        north = db.session.get_one(Client, agency.claire.id).sector
        for number in numbers[1:6]:  # each with a length and somebody of its own
            visit = db.session.get_one(Visit, number)
            visit.ends_at += timedelta(minutes=number)
            visit.sent.append(VisitWorker(worker=factories.worker("Anne", f"Number {number}", [north]), position=1))
    pages = [sofia.get(f"/staff/visits/{numbers[0]}/move"), sofia.get(f"/staff/visits/{numbers[1]}/copy")]
    pages.append(pages[0].form("Save").submit(hour="10:00", scope="following"))
    assert "Wassim Haddad is no longer active." in objections(pages[-1])
    for page in pages:
        assert len(page.statements) <= 12, "\n".join(page.statements)


def test_visits_of_a_series_that_are_another_sectors_by_now_stay_where_they_are(
    agency: Agency, sign_in: SignIn, database: Database, series: list[int], time_machine: TimeMachineFixture
) -> None:
    """The file goes to the South, and the visits to come with it; one of before, not closed yet, is the North's."""
    time_machine.move_to(NOON + timedelta(days=12))
    with database.writing():
        claire = db.session.get_one(Client, agency.claire.id)
        claire.sector_id = agency.south
        follow_client(None, claire)
    before = times(database, *series[1:])
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/visits/{series[0]}/move")
    assert "after it" not in page.words
    typed = {"version": "1", "day": "2026-11-27", "hour": "15:00", "minutes": "90", "scope": "following"}
    assert sofia.act(f"/staff/visits/{series[0]}/move", typed).status == 422
    assert times(database, *series[1:]) == before


def test_those_that_follow_in_a_series_are_cancelled_with_it(
    agency: Agency, sign_in: SignIn, database: Database, series: list[int]
) -> None:
    """One reason, a deed for each; what is another sector's by now stays."""
    with database.writing():
        db.session.get_one(Visit, series[2]).sector_id = agency.south
    sofia = sign_in(agency.sofia)
    page = sofia.part(f"/staff/visits/{series[1]}/cancellation")
    assert "This one and the 1 after it" in page.words
    page = page.form("Cancel the visit").submit(htmx=True, reason="Hospitalisation", scope="following")
    assert page.headers["HX-Redirect"], "more lines than one may have changed"
    assert "2 visits are cancelled." in sofia.get(f"/staff/visits/{series[3]}").words
    reasons = database.all(select(Visit.cancel_reason).where(Visit.id.in_(series)).order_by(Visit.id))
    assert reasons == [None, "Hospitalisation", None, "Hospitalisation"]
    told = select(AuditEntry.subject_id).where(AuditEntry.kind == "visit.cancelled", AuditEntry.account_id.is_not(None))
    assert database.all(told.order_by(AuditEntry.subject_id)) == [series[1], series[3]]
    first = f"/staff/visits/{series[0]}/cancellation"
    assert "after it" not in sofia.get(first).words, "none is left"
    alone = sofia.act(first, {"reason": "Absence", "scope": "following"})
    assert (alone.status, alone.errors()) == (422, ["Please choose one of the values offered."])


def test_the_old_visit_of_a_client_who_moved_on_is_moved_and_leads_to_a_page_that_is_there(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        db.session.get_one(Client, agency.claire.id).sector_id = agency.south
    sofia, visit = sign_in(agency.sofia), agency.claires_past
    planning = sofia.get(f"/staff/workers/{agency.wassim.id}/planning")
    assert "Duplicate" not in planning.says(f"#menu-{visit}")
    for way in ("", f"?from=/staff/clients/{agency.claire.id}/planning"):
        page = sofia.get(f"/staff/visits/{visit}/move{way}").form("Save").submit(minutes="50")
        assert page.follow().status == 200, way
    assert "Duplicate" not in sofia.get(f"/staff/visits/{visit}").says("main")


def test_what_is_closed_is_not_moved(agency: Agency, sign_in: SignIn, database: Database) -> None:
    sofia, before = sign_in(agency.sofia), database.fingerprint()
    typed = {"version": "2", "day": "2026-12-01", "hour": "09:00", "minutes": "60", "worker": agency.wassim.id}
    for number, day in ((agency.claires_done, "2026-11-16"), (agency.claires_cancelled, "2026-11-15")):
        assert sofia.get(f"/staff/visits/{number}/move").status == 409
        assert sofia.act(f"/staff/visits/{number}/move", typed).status == 409
        menu = sofia.get(f"/staff/clients/{agency.claire.id}/planning?day={day}").says(f"#menu-{number}")
        assert "Move…" not in menu
        assert "Duplicate" in menu
    assert database.fingerprint() == before


def test_ids_of_another_sector_are_refused_and_the_visit_stays(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    sofia = sign_in(agency.sofia)
    typed = {"version": "1", "day": "2026-12-01", "hour": "09:00", "minutes": "60", "worker": agency.jean.id}
    before = database.fingerprint()
    page = sofia.act(f"/staff/visits/{agency.claires_next}/move", typed)
    assert (page.status, page.at("[name=worker]")["aria-invalid"]) == (422, "true")
    alone = sofia.act(f"/staff/visits/{agency.claires_next}/move", {**typed, "worker": "", "scope": "following"})
    assert (alone.status, alone.errors()) == (422, ["Please choose one of the values offered."]), "it has no series"
    assert sofia.act(f"/staff/visits/{agency.eloises_done}/move", typed).status == 404
    assert sofia.get(f"/staff/visits/{agency.eloises_done}/copy").status == 404
    assert database.fingerprint() == before


def test_a_worker_of_another_sector_who_is_sent_already_stays_offered(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    """A coordinator does not lose a colleague's worker by moving the visit to another hour."""
    with database.writing():
        claire, jean = db.session.get_one(Client, agency.claire.id), db.session.get_one(Worker, agency.jean.id)
        visit = factories.visit(claire, db.session.get_one(Service, agency.rising), [jean], at(5, 9)).id
    sign_in(agency.sofia).get(f"/staff/visits/{visit}/move").form("Save").submit(hour="16:00")
    assert (times(database, visit), sent(database, visit)) == (["22/11 16:00"], [agency.jean.id])


def test_tasks_are_written_anew_and_a_second_editor_is_told(
    agency: Agency, sign_in: SignIn, database: Database, time_machine
) -> None:
    sofia, visit = sign_in(agency.sofia), agency.claires_next
    time_machine.shift(timedelta(minutes=1))
    planning = f"/staff/clients/{agency.claire.id}/planning?day=2026-11-18"
    page = sofia.get(f"/staff/visits/{visit}?from={planning}").link("Edit the tasks").click()
    form = page.form("Save")
    assert page.link("Cancel").click().at(".kicker a")["href"] == planning
    page = form.submit(tasks="Courses\n Repasser le linge ").follow()
    assert [tag.get_text() for tag in page.soup.select(".tasks li")] == ["Courses", "Repasser le linge"]
    assert "Tasks changed by Sofia Benali" in page.words
    late = form.submit(tasks="Cuisine")
    assert late.status == 409
    assert [tag.get_text() for tag in late.soup.select(".tasks li")] == ["Courses", "Repasser le linge"]
    assert late.at("textarea").get_text().strip() == "Cuisine"
    assert sofia.act(f"/staff/visits/{visit}/tasks", {"tasks": "Ménage"}).status == 409, "what was read is not said"
    late.form("Save anyway").submit()
    assert database.all(select(VisitTask.label).where(VisitTask.visit_id == visit)) == ["Cuisine"]
    told = select(AuditEntry.before, AuditEntry.after).where(AuditEntry.kind == "visit.tasks_changed")
    assert database.all(told.order_by(AuditEntry.id)) == [({"tasks": 0}, {"tasks": 2}), ({"tasks": 2}, {"tasks": 1})]


def test_a_cancelled_visit_has_nothing_left_to_be_done(agency: Agency, sign_in: SignIn, database: Database) -> None:
    sofia, visit = sign_in(agency.sofia), agency.claires_cancelled
    assert "Edit the tasks" not in sofia.get(f"/staff/visits/{visit}").words
    version = database.one(select(Visit.version).where(Visit.id == visit))
    page = sofia.act(f"/staff/visits/{visit}/tasks", {"tasks": "Courses", "version": version})
    assert (page.status, page.errors()) == (409, ["This visit is cancelled: nothing is left to be done."])
