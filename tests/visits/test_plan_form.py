"""Planning by form: a visit made, repeated, duplicated; what speaks against it is shown before it is saved."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.people.models import Absence, Availability, Client, Sector, Service, Worker
from portal.visits.models import Visit, VisitTask, VisitWorker
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import NOON, Agency, at
from tests.pages import Page

FREE_DAY = "2026-11-27"  # a Friday on which nothing takes place yet


def new_visit(agency: Agency, **more: object) -> dict[str, Any]:
    return {
        "service": agency.cleaning, "day": FREE_DAY, "hour": "09:00", "minutes": "90", "worker": agency.wassim.id,
    } | more  # fmt: skip


def address(agency: Agency, **more: object) -> str:
    query = "&".join(f"{name}={value}" for name, value in {"client_id": agency.claire.id, **more}.items())
    return f"/staff/visits/new?{query}"


def visits(database: Database) -> list[Visit]:
    """All visits planned since the story, in order."""
    return list(database.all(select(Visit).where(Visit.id > 7).order_by(Visit.starts_at)))


def objections(page: Page) -> str:
    found = page.soup.select(".objections")
    return " ".join(found[0].get_text(" ").split()) if found else ""


def test_workers_of_one_name_are_told_apart_where_one_is_chosen(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        north = db.session.get_one(Sector, agency.north)
        for first, phone in (("Jean", "06 11 11 11 11"), ("Rose", None)):
            factories.worker(first, "Dupont", [north]).phone = phone
    menu = [one.get_text() for one in sign_in(agency.ines).get(address(agency)).soup.select("#worker option")]
    assert menu == [
        "Nobody yet", "Dupont Jean · Sud", "Dupont Jean · Nord · 06 11 11 11 11", "Dupont Rose", "Haddad Wassim",
    ]  # fmt: skip


def test_a_visit_is_planned_from_the_planning_and_stands_there(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/clients/{agency.claire.id}/planning?day={FREE_DAY}").link("New visit").click()
    assert page.at("#minutes")["aria-describedby"] == "minutes-hint"
    assert "Without a duration" in page.says("#minutes-hint")
    assert "Claire Lefèvre" in page.words
    typed = new_visit(
        agency, tasks="Courses\n\n  Repasser ", mission_order="Clé chez la voisine", second=agency.jean.id
    )
    with pytest.raises(AssertionError, match="second offers"):  # Jean works in another sector
        page.form("Save").submit(**typed)
    typed["second"] = ""
    page = page.form("Save").submit(**typed)
    made = visits(database)[0]
    assert page.headers["Location"] == f"/staff/clients/{agency.claire.id}/planning?day={FREE_DAY}#visit-{made.id}"
    assert "The visit is planned." in page.follow().words
    assert (str(made.local_start), made.state, made.sector_id) == ("2026-11-27 09:00:00", "planned", agency.north)
    assert (made.ends_at - made.starts_at, made.mission_order) == (timedelta(minutes=90), "Clé chez la voisine")
    assert database.all(select(VisitTask.label).order_by(VisitTask.position)) == ["Courses", "Repasser"]
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "visit.planned", AuditEntry.role == "coordinator"))
    assert entry.subject_id == made.id
    assert entry.after["workers"] == [agency.wassim.id]


def test_the_client_is_found_by_name_and_only_in_the_perimeter(agency: Agency, sign_in: SignIn) -> None:
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/visits/new?worker_id={agency.wassim.id}&day={FREE_DAY}&hour=14")
    assert "Lefèvre Claire" in page.words
    assert "D’Angelo" not in page.words
    page = page.form("Search").submit(q="more")
    assert "Lefèvre" not in page.words
    page = page.link("Moreau Denis").click()
    values = page.form("Save").values()
    assert (values["worker"], values["day"], values["hour"]) == (str(agency.wassim.id), FREE_DAY, "14:00")
    assert "No client of that name" in sofia.get("/staff/visits/new?q=angelo").words
    assert sofia.get(f"/staff/visits/new?client_id={agency.eloise.id}").status == 404
    assert sofia.get("/staff/visits/new?client_id=x&day=soon&hour=99").status == 200


def test_without_a_duration_the_service_proposes_one(agency: Agency, sign_in: SignIn, database: Database) -> None:
    sofia = sign_in(agency.sofia)
    sofia.act(address(agency), new_visit(agency, minutes=""))
    with database.writing():
        db.session.get_one(Service, agency.cleaning).default_minutes = 120
    sofia.act(address(agency), new_visit(agency, minutes="", hour="14:00"))
    assert [made.ends_at - made.starts_at for made in visits(database)] == [timedelta(hours=1), timedelta(hours=2)]


WRONG = [
    ({"service": ""}, "Please choose a service."),
    ({"worker": ""}, "Choose who goes, or keep the visit as a draft."),
    ({"day": ""}, "Please choose a day."),
    ({"day": "2020-01-01"}, "This day is more than a year ago."),
    ({"day": "2030-01-01"}, "This day is more than two years away."),
    ({"hour": ""}, "Please say at which hour it begins."),
    ({"minutes": "2"}, "Between 5 minutes and 24 hours"),
    ({"minutes": "1441"}, "Between 5 minutes and 24 hours"),
    ({"minutes": "9" * 400}, "Between 5 minutes and 24 hours"),
    ({"minutes": "-" + "9" * 5000}, "Between 5 minutes and 24 hours"),
    ({"until": "2026-11-20"}, "The last day lies before the first."),
    ({"until": "2028-01-01"}, "At most 52 weeks can be planned in one go."),
    ({"tasks": "\n".join(map(str, range(31)))}, "At most 30 tasks, please."),
    ({"tasks": "x" * 201}, "A task has at most 200 characters."),
    ({"second": "wassim"}, "This is the same worker as above."),
    ({"worker": "jean"}, "Please choose one of the values offered."),
    ({"second": "jean"}, "Please choose one of the values offered."),
    ({"service": "999"}, "Please choose one of the values offered."),
]


def test_what_is_wrong_is_said_at_the_field_where_the_keyboard_is_led_and_what_was_typed_stays(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    people = {"wassim": agency.wassim.id, "jean": agency.jean.id}
    sofia, before = sign_in(agency.sofia), database.fingerprint()
    for wrong, said in WRONG:
        typed = new_visit(agency, mission_order="Clé chez la voisine")
        typed |= {name: people.get(value, value) for name, value in wrong.items()}
        page = sofia.act(address(agency), typed)
        assert page.status == 422, wrong
        assert said in " ".join(page.errors())
        assert page.at("textarea[name=mission_order]").get_text().strip() == "Clé chez la voisine"
        assert page.at(f"[name={next(iter(wrong))}]")["aria-invalid"] == "true"
        assert [tag["name"] for tag in page.soup.select("[autofocus]")] == list(wrong)
    assert database.fingerprint() == before


def test_what_lies_upon_it_is_shown_first_and_may_be_saved_anyway(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        denis, eloise = db.session.get_one(Client, agency.denis.id), db.session.get_one(Client, agency.eloise.id)
        claire, wassim = db.session.get_one(Client, agency.claire.id), db.session.get_one(Worker, agency.wassim.id)
        rising = db.session.get_one(Service, agency.rising)
        factories.visit(denis, rising, [wassim], at(10, 9, 30))
        factories.visit(eloise, rising, [wassim], at(10, 10))
        factories.visit(claire, rising, [], at(10, 10, 15))
        factories.visit(claire, rising, [wassim], at(10, 10, 30))  # begins when the new one ends
        wassim.absences = [Absence(first_day=date(2026, 11, 27), last_day=date(2026, 11, 29), reason="leave")]
        before = db.session.query(Visit).count()
    sofia = sign_in(agency.sofia)
    page = sofia.get(address(agency)).form("Save").submit(**new_visit(agency, tasks="Courses"))
    assert page.status == 409
    said = objections(page)
    assert "Wassim Haddad is at Denis Moreau’s, Fri 27 November, 9:30–10:30." in said
    assert "Wassim Haddad is taken in another sector, Fri 27 November, 10:00–11:00." in said
    assert "Claire Lefèvre already has “Aide au lever”, Fri 27 November, 10:15–11:15." in said
    assert "Wassim Haddad is absent: Leave." in said
    assert "10:30–11:30" not in said
    assert "D’Angelo" not in page.html
    assert database.count(Visit) == before
    form = page.form("Save anyway")
    assert (form.values()["hour"], form.values()["tasks"]) == ("09:00", "Courses")
    other_hour = form.submit(hour="09:15")
    assert other_hour.status == 409, "what was seen was about another hour"
    assert form.submit().status == 303
    assert database.count(Visit) == before + 1


def test_hours_at_which_a_worker_cannot_be_sent_are_shown(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        db.session.get_one(Worker, agency.wassim.id).availabilities = [
            Availability(weekday=4, begins=time(8), ends=time(10)),
            Availability(weekday=4, begins=time(10), ends=time(12)),
            Availability(weekday=6, begins=time(20), ends=time(23, 59)),
            Availability(weekday=0, begins=time(0), ends=time(6)),
        ]
    sofia = sign_in(agency.sofia)
    assert "not available at these hours" in objections(sofia.act(address(agency), new_visit(agency, hour="11:00")))
    assert "not available" in objections(sofia.act(address(agency), new_visit(agency, day="2026-11-26")))
    assert sofia.act(address(agency), new_visit(agency)).status == 303, "the morning is in two parts"
    night = new_visit(agency, day="2026-11-29", hour="22:00", minutes="480")
    assert sofia.act(address(agency), night).status == 303, "from Sunday's night into Monday"


def test_every_week_until_a_day_is_a_series_at_the_same_hour_of_the_clock(
    agency: Agency, sign_in: SignIn, database: Database, time_machine
) -> None:
    time_machine.move_to(NOON - timedelta(days=36))
    sofia = sign_in(agency.sofia)
    page = sofia.act(address(agency), new_visit(agency, day="2026-10-16", until="2026-11-06"))
    assert "4 visits are planned." in page.follow().words
    made = visits(database)
    assert [f"{one.local_start:%d/%m %H:%M}" for one in made] == [
        "16/10 09:00", "23/10 09:00", "30/10 09:00", "06/11 09:00",
    ]  # fmt: skip
    assert [one.starts_at.hour for one in made] == [7, 7, 8, 8], "the clocks went back in between"
    assert len({one.series for one in made}) == 1
    assert made[0].series
    assert database.count(VisitWorker, VisitWorker.visit_id.in_([one.id for one in made])) == 4


def test_single_days_of_a_series_are_left_out(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        claire, wassim = db.session.get_one(Client, agency.claire.id), db.session.get_one(Worker, agency.wassim.id)
        factories.visit(claire, db.session.get_one(Service, agency.rising), [wassim], at(17, 9))  # Friday 4 December
    sofia, typed = sign_in(agency.sofia), new_visit(agency, until="2026-12-11")
    page = sofia.act(address(agency), typed)
    assert [tag["value"] for tag in page.soup.select("[name=skip]")] == ["2026-12-04"], "only where there is a doubt"
    seal = page.form("Save anyway").values()["seal"]
    page = sofia.act(address(agency), MultiDict([*typed.items(), ("seal", seal), ("skip", "2026-12-04")]))
    assert "2 visits are planned." in page.follow().words
    assert [one.local_start.date() for one in visits(database)] == [
        date(2026, 11, 27), date(2026, 12, 4), date(2026, 12, 11),
    ], "the one of before is still there"  # fmt: skip


@pytest.mark.parametrize(
    ("day", "said", "hour"),
    [("2027-03-28", "This hour does not exist that night: the visit would begin at 3:30.", 1),
     ("2026-10-25", "This hour comes twice that night: the first one is meant.", 0)],
)  # fmt: skip
def test_the_nights_in_which_the_clocks_change(
    agency: Agency, sign_in: SignIn, database: Database, day: str, said: str, hour: int
) -> None:
    sofia, typed = sign_in(agency.sofia), new_visit(agency, day=day, hour="02:30", minutes="30")
    page = sofia.act(address(agency), typed)
    assert said in objections(page)
    assert page.form("Save anyway").submit().status == 303
    assert database.one(select(Visit.starts_at).where(Visit.id > 7)).strftime("%H:%M") == f"0{hour}:30"


def test_a_night_whose_clocks_change_says_when_a_visit_ends(agency: Agency, sign_in: SignIn) -> None:
    sofia = sign_in(agency.sofia)
    long = sofia.act(address(agency), new_visit(agency, day="2027-03-27", hour="21:00", minutes="600"))
    assert (long.status, "it would end at 8:00" in objections(long)) == (409, True)
    short = sofia.act(address(agency), new_visit(agency, day="2027-10-31", hour="02:30", minutes="60"))
    assert "comes twice that night: the first one is meant" in objections(short)
    assert "would end" not in objections(short), "an hour later it is half past two again"
    ordinary = sofia.act(address(agency), new_visit(agency, day="2027-03-28", hour="21:00", minutes="600"))
    assert ordinary.status == 303


def test_a_duplicate_is_a_form_that_is_filled_in(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        db.session.get_one(Visit, agency.claires_done).tasks = [VisitTask(label="Courses", position=0)]
    sofia, before = sign_in(agency.sofia), database.count(Visit)
    page = sofia.get(f"/staff/visits/{agency.claires_done}/copy")
    values = page.form("Save").values()
    assert (values["day"], values["hour"], values["minutes"]) == ("2026-11-23", "09:00", "60")
    assert (values["service"], values["worker"], values["tasks"]) == (
        str(agency.rising), str(agency.wassim.id), "Courses",
    )  # fmt: skip
    assert database.count(Visit) == before
    assert page.form("Save").submit().status == 303
    assert database.count(Visit) == before + 1


def test_nothing_is_planned_for_a_file_that_is_closed(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        db.session.get_one(Client, agency.claire.id).active = False
    sofia = sign_in(agency.sofia)
    before = database.fingerprint()
    assert sofia.get(address(agency)).status == 409
    assert sofia.act(address(agency), new_visit(agency)).status == 409
    assert "Lefèvre Claire" not in sofia.get("/staff/visits/new").words
    assert database.fingerprint() == before


def test_a_draft_needs_nobody(agency: Agency, sign_in: SignIn, database: Database) -> None:
    sign_in(agency.sofia).act(address(agency), new_visit(agency, worker="", draft="y"))
    assert [(one.state, one.local_start.hour) for one in visits(database)] == [("draft", 9)]


def test_the_form_and_its_warnings_cost_few_statements(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        claire, wassim = db.session.get_one(Client, agency.claire.id), db.session.get_one(Worker, agency.wassim.id)
        for week in range(10):
            factories.visit(claire, db.session.get_one(Service, agency.rising), [wassim], at(10 + 7 * week, 9))
        wassim.absences = [Absence(first_day=date(2026, 11, 27), last_day=date(2026, 11, 29), reason="leave")]
        wassim.availabilities = [Availability(weekday=4, begins=time(8), ends=time(10))]
    sofia = sign_in(agency.sofia)
    assert len(sofia.get(address(agency)).statements) <= 12
    page = sofia.act(address(agency), new_visit(agency, until="2027-02-26"))
    assert len(page.soup.select("[name=skip]")) == 14
    assert len(page.statements) <= 12, "\n".join(page.statements)
