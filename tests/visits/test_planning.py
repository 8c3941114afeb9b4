"""The planning of a client and of a worker: what stands where in the week, and who sees what of it."""

import re
from datetime import date, datetime, time

import pytest
from bs4 import Tag
from flask import Flask
from flask_babel import force_locale

from portal.extensions import db
from portal.i18n import exact
from portal.people.models import Absence, Availability, Client, Service, Worker
from portal.visits.models import Visit
from portal.visits.planning import Span, Week, week_of_client
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import NOON, PARIS, Agency, at
from tests.pages import Page

AUTUMN, SPRING = date(2026, 10, 25), date(2027, 3, 28)  # the days on which the clocks change


def planned(
    agency: Agency, start: datetime, minutes: int = 60, *, of: int = 0, who: tuple[int, ...] = (), **more: object
) -> int:
    """Plan a visit of Claire's with Wassim, unless said otherwise; inside `database.writing()`."""
    client = db.session.get_one(Client, of or agency.claire.id)
    workers = [db.session.get_one(Worker, number) for number in who or (agency.wassim.id,)]
    return factories.visit(client, db.session.get_one(Service, agency.cleaning), workers, start, minutes, **more).id


def slot(page: Page, visit: int) -> str:
    return page.says(f"#visit-{visit}").replace(" –", "–")


def classes(page: Page, visit: int) -> list[str]:
    return list(page.at(f"#visit-{visit}")["class"])


def parts_of(slot: Tag) -> list[Tag]:
    """What a slot says, without its menu."""
    return [part for part in slot.find_all(recursive=False) if not str(part.get("class")).startswith("['slot-m")]


def days(page: Page) -> dict[str, list[str]]:
    """What stands in each day, by its heading."""
    found = {}
    for day in page.soup.select(".plan-day"):
        assert day.h3
        found[" ".join(day.h3.get_text(" ").split())] = [
            " ".join(" ".join(part.get_text(" ") for part in parts_of(tag)).split()).replace(" –", "–")
            for tag in day.select(".slot")
        ]
    return found


def test_the_week_of_a_client_shows_each_visit_in_its_day(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        factories.rate(agency.claire, agency.claires_done, 4)
    page = sign_in(agency.sofia).get(f"/staff/clients/{agency.claire.id}/planning")
    shown = days(page)
    assert list(shown)[:2] == ["Mon 16 Nov", "Tue 17 Nov Today"]
    assert "9:00–10:00 Wassim Haddad Aide au lever Completed 4 out of 5" in shown["Mon 16 Nov"]
    assert shown["Tue 17 Nov Today"] == ["8:00–9:00 Wassim Haddad Ménage Past, not closed"]
    assert shown["Fri 20 Nov"] == ["9:00–10:00 Nobody yet Aide au lever Draft"]
    assert {"draft", "at-9", "min-0", "for-1", "and-0"} <= set(classes(page, agency.draft))
    assert page.at(".record-tabs [aria-current]").get_text() == "Planning"
    before = page.at('[rel="prev"]')
    assert str(before["href"]).endswith("planning?day=2026-11-10")
    assert "Denis" not in page.words


def test_the_week_before_has_what_was_cancelled_and_the_way_back(agency: Agency, sign_in: SignIn) -> None:
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/clients/{agency.claire.id}/planning?day=2026-11-15")
    assert "Absence prévue de la cliente" in slot(page, agency.claires_cancelled)
    assert "cancelled" in classes(page, agency.claires_cancelled)
    assert page.link("Today").href == f"/staff/clients/{agency.claire.id}/planning"
    part = sofia.part(page.link("Today").href)
    assert part.is_fragment
    assert part.at("#planning h2").get_text() == "16–22 Nov 2026"


@pytest.mark.parametrize(
    ("code", "week", "day", "moment"),
    [
        ("fr", "26 oct. – 1er nov. 2026", "dim. 1er nov.", "1er novembre 2026, 11:21"),
        ("ru", "26 окт. – 1 нояб. 2026 г.", "вс, 1 нояб.", "1 ноября 2026, 11:21"),
    ],
)
def test_the_first_of_a_month_is_written_as_its_language_does(
    code: str, week: str, day: str, moment: str, app: Flask, agency: Agency, sign_in: SignIn
) -> None:
    page = sign_in(agency.sofia).get(f"/staff/clients/{agency.claire.id}/planning?day=2026-11-01&lang={code}")
    assert re.sub(r"\s+", " ", page.says("#planning-title")) == week
    assert list(days(page))[-1] == day
    with app.app_context(), force_locale(code):
        assert exact(at(1 - NOON.day, 11, 21).replace(tzinfo=PARIS)) == moment


def test_an_odd_address_is_this_week(agency: Agency, sign_in: SignIn) -> None:
    sofia = sign_in(agency.sofia)
    for odd in ("?day=yesterday&view=month", "?day=0001-01-01", "?view=&day=", "?day=2026-02-30"):
        page = sofia.get(f"/staff/workers/{agency.wassim.id}/planning{odd}")
        assert (page.says("#planning-title"), len(days(page))) == ("16–22 Nov 2026", 7), odd


def test_a_day_and_a_list_are_the_same_visits_in_another_shape(agency: Agency, sign_in: SignIn) -> None:
    sofia = sign_in(agency.sofia)
    week = sofia.get(f"/staff/clients/{agency.claire.id}/planning")
    as_list = week.link("List").click()
    assert days(as_list) == days(week)
    assert as_list.at("#planning")["data-view"] == "list"
    day = as_list.link("Day").click()
    assert list(days(day)) == ["Tue 17 Nov Today"]
    assert list(days(sofia.get(str(day.at('[rel="next"]')["href"])))) == ["Wed 18 Nov"]


def test_a_new_visit_begins_with_the_day_that_is_shown(agency: Agency, sign_in: SignIn) -> None:
    sofia = sign_in(agency.sofia)
    of_claire, of_wassim = f"clients/{agency.claire.id}", f"workers/{agency.wassim.id}"
    begins = {"": "2026-11-17", "?day=2026-12-03": "2026-11-30", "?view=day&day=2026-12-03": "2026-12-03"}
    for shown, day in begins.items():
        page = sofia.get(f"/staff/{of_claire}/planning{shown}").link("New visit").click()
        assert page.form("Save").values()["day"] == day
        page = sofia.get(f"/staff/{of_wassim}/planning{shown}").link("New visit").click().link("Lefèvre Claire").click()
        values = page.form("Save").values()
        assert (values["day"], values["worker"]) == (day, str(agency.wassim.id))


def test_the_stars_of_an_hour_say_whether_the_agency_entered_them_and_whether_they_count(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        typed = factories.rate(agency.claire, agency.claires_done, 4)
        typed.channel, typed.typed_by, typed.given_how = "staff", "Sofia Benali", "telephone"
        left_out = factories.rate(agency.denis, agency.denis_done, 1)
        left_out.excluded_at, left_out.exclude_reason = NOON, "Une autre visite"
    page = sign_in(agency.sofia).get(f"/staff/workers/{agency.wassim.id}/planning")
    claires, deniss = (page.at(f"#visit-{visit} .slot-rating") for visit in (agency.claires_done, agency.denis_done))
    assert (claires.get("title"), len(claires.select("svg")), claires.select("s")) == ("Entered by the agency", 1, [])
    assert (deniss.get("title"), deniss.select("svg"), len(deniss.select("s .stars"))) == (None, [], 1)
    assert "Entered by the agency" in slot(page, agency.claires_done)
    assert "Not counted" in slot(page, agency.denis_done)


def test_the_week_of_a_worker_names_the_clients_and_the_absences(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        wassim = db.session.get_one(Worker, agency.wassim.id)
        wassim.absences = [Absence(first_day=date(2026, 11, 19), last_day=date(2026, 11, 20), reason="sick")]
        wassim.availabilities = [
            Availability(weekday=1, begins=time(8), ends=time(12)),
            Availability(weekday=1, begins=time(14), ends=time(18)),
        ]
        away = planned(agency, at(2, 15))
        done = factories.done(db.session.get_one(Visit, planned(agency, at(-1, 15)))).id
        absent_then = Absence(first_day=date(2026, 11, 16), last_day=date(2026, 11, 16), reason="other")
        wassim.absences.append(absent_then)
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/workers/{agency.wassim.id}/planning")
    for planning in (page, sofia.get(f"/staff/clients/{agency.claire.id}/planning")):
        assert "The worker is absent" in slot(planning, away)
        assert "The worker is absent" not in slot(planning, done), "who was there was not away"
    said = {
        str(day.h3.get_text())[:3]: " ".join(day.get_text(" ").split())
        for day in page.soup.select(".plan-day")
        if day.h3
    }
    assert "Claire Lefèvre" in said["Tue"]
    assert "Available 8:00–12:00, 14:00–18:00" in said["Tue"]
    assert "Not available this day" in said["Wed"]
    assert "Absent: Sick leave" in said["Thu"]
    assert "Absent: Sick leave" in said["Fri"]
    assert "Absent" not in said["Sat"]
    assert len(page.soup.select(".plan-day:nth-of-type(2) .plan-off")) == 3


def test_who_is_taken_twice_is_marked_and_lies_side_by_side(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        first = planned(agency, at(4, 10), 90)
        second = planned(agency, at(4, 11), of=agency.denis.id)
        third = planned(agency, at(4, 14), who=(agency.wassim.id,))
        fourth = planned(agency, at(4, 14, 30), who=(agency.jean.id,))
        after = planned(agency, at(4, 15, 30))
    sofia = sign_in(agency.sofia)
    worker = sofia.get(f"/staff/workers/{agency.wassim.id}/planning")
    assert "the worker is taken twice" in slot(worker, first)
    assert "the worker is taken twice" in slot(worker, second)
    assert {"lane-0", "of-2"} <= set(classes(worker, first))
    assert {"lane-1", "of-2", "at-11"} <= set(classes(worker, second))
    client = sofia.get(f"/staff/clients/{agency.claire.id}/planning")
    assert "the worker is taken twice" in slot(client, first), "though the other visit is at a neighbour's"
    assert "another visit at this client" in slot(client, third)
    assert "another visit at this client" in slot(client, fourth)
    assert "Overlaps" not in slot(client, after), "one after the other is no overlap"
    assert {"lane-0", "of-1"} <= set(classes(client, after))
    sofia.act(f"/staff/visits/{second}/cancellation", {"reason": "Absence"})
    assert "Overlaps" not in slot(sofia.get(f"/staff/workers/{agency.wassim.id}/planning"), first)


def test_hours_in_another_sector_are_taken_and_nothing_more_is_told(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        ours = planned(agency, at(4, 10))
        theirs = planned(agency, at(4, 10, 30), of=agency.eloise.id, mission_order="un secret")
        planned(agency, at(5, 10), of=agency.eloise.id, draft=True)
        sure = planned(agency, at(5, 10))
    page = sign_in(agency.sofia).get(f"/staff/workers/{agency.wassim.id}/planning")
    assert days(page)["Sat 21 Nov"][1] == "10:30–11:30 Taken (another sector)"
    assert "the worker is taken twice" in slot(page, ours)
    assert not [word for word in ("Éloïse", "D’Angelo", "secret", f"/staff/visits/{theirs}") if word in page.html]
    assert len(days(page)["Sun 22 Nov"]) == 1, "what another sector is not sure of takes nobody"
    assert "Overlaps" not in slot(page, sure)
    page = sign_in(agency.ines).get(f"/staff/workers/{agency.wassim.id}/planning")
    assert "D’Angelo" in slot(page, theirs)
    assert "the worker is taken twice" in slot(page, sure), "but those who see the draft are told"


def test_the_planning_of_somebody_of_another_sector_is_not_there(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    """Once the file goes to the South its planning opens there, but what took place in the North is not told."""
    igor, sofia = sign_in(agency.igor), sign_in(agency.sofia)
    claires = f"/staff/clients/{agency.claire.id}/planning"
    assert igor.get(claires).status == 404
    assert igor.get(f"/staff/workers/{agency.wassim.id}/planning").status == 404
    assert sofia.get(f"/staff/clients/{agency.eloise.id}/planning").status == 404
    assert sofia.get(f"/staff/workers/{agency.jean.id}/planning").status == 404
    with database.writing():
        db.session.get_one(Client, agency.claire.id).sector_id = agency.south
    page = igor.get(claires)
    assert page.status == 200
    assert not page.soup.select(".slot")
    assert sofia.get(claires).status == 404


def test_a_visit_over_midnight_stands_in_both_days(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        night = planned(agency, at(4, 22), 9 * 60)
        evening = planned(agency, at(6, 22), 2 * 60)
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/clients/{agency.claire.id}/planning")
    assert days(page)["Sat 21 Nov"] == ["22:00–7:00 Wassim Haddad Ménage To do"]
    assert days(page)["Sun 22 Nov"] == ["22:00–7:00 began the day before Wassim Haddad Ménage To do"]
    assert {"at-22", "for-2"} <= set(classes(page, night))
    assert {"from-0", "till-24"} <= set(page.at("#planning")["class"])
    page = sofia.get(f"/staff/clients/{agency.claire.id}/planning?day=2026-11-23")
    assert "22:00–0:00" in slot(page, evening)
    assert days(page)["Tue 24 Nov"] == [], "what ends at midnight is not in the next day"


# ---- the nights in which the clocks change ----


def week(app: Flask, agency: Agency, span: Span) -> Week:
    """Claire's planning, as Sofia sees it."""
    with app.test_request_context():
        return week_of_client(agency.sofia.user, db.session.get_one(Client, agency.claire.id), span)


def places(app: Flask, agency: Agency, day: date) -> dict[int, tuple[int, int]]:
    """Minutes of that day at which Claire's visits lie."""
    shown = week(app, agency, Span("day", day))
    return {each.row.id: (each.begins, each.ends) for each in shown.days[0].slots if each.row}


@pytest.mark.parametrize(("day", "hours"), [(AUTUMN, 25), (SPRING, 23)])
def test_on_the_day_of_the_clock_change_all_stands_at_its_wall_clock_hour(
    app: Flask, agency: Agency, sign_in: SignIn, database: Database, day: date, hours: int
) -> None:
    with database.writing():
        early = planned(agency, datetime.combine(day, time(0, 30)))
        across = planned(agency, datetime.combine(day, time(1, 30)), 3 * 60)
        late = planned(agency, datetime.combine(day, time(9)))
        last = planned(agency, datetime.combine(day, time(23)), 60)
    with app.test_request_context():
        assert [each.hours for each in week(app, agency, Span("week", day)).days] == [24] * 6 + [hours]
    assert places(app, agency, day) == {
        early: (30, 90),
        across: (90, (90 + 180 + 60 * (24 - hours))),
        late: (540, 600),
        last: (23 * 60, 24 * 60),
    }
    page = sign_in(agency.sofia).get(f"/staff/clients/{agency.claire.id}/planning?day={day}&view=day")
    assert f"this day has {hours} hours" in page.words
    assert "9:00–10:00" in slot(page, late)


def test_in_the_hour_that_comes_twice_a_visit_may_end_before_it_began_by_the_clock(
    app: Flask, agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        visit = planned(agency, datetime.combine(AUTUMN, time(2, 45)), 30)
    assert places(app, agency, AUTUMN) == {visit: (165, 165)}
    page = sign_in(agency.sofia).get(f"/staff/clients/{agency.claire.id}/planning?day={AUTUMN}&view=day")
    assert slot(page, visit).startswith("2:45–2:15 (30 min)")
    for address in (f"/staff/visits/{visit}", "/staff/visits", f"/staff/visits/{visit}/move"):
        assert "2:45–2:15 (30 min)" in page.browser.get(address).words, address
    assert {"at-2", "min-45", "for-0", "and-30"} <= set(classes(page, visit)), "and is drawn tall enough to be read"


# ---- what it costs ----


@pytest.mark.parametrize("kind", ["clients", "workers"])
def test_a_planning_costs_the_same_few_statements_whatever_is_in_it(
    agency: Agency, sign_in: SignIn, database: Database, kind: str
) -> None:
    sofia = sign_in(agency.sofia)
    number = agency.claire.id if kind == "clients" else agency.wassim.id
    few = sofia.get(f"/staff/{kind}/{number}/planning").statements
    with database.writing():
        for day in range(-1, 5):
            for hour in range(6, 21):
                planned(agency, at(day, hour), who=(agency.wassim.id, agency.jean.id))
    page = sofia.get(f"/staff/{kind}/{number}/planning")
    assert len(page.soup.select(".slot")) > 80
    assert len(page.statements) == len(few) <= 12, "\n".join(page.statements)
