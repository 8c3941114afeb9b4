"""*Suivi des incidents*: every incident of one's sectors, how it stands, how fast the agency answered."""

import csv
import io
from datetime import date, timedelta
from urllib.parse import urlencode

import pytest
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal.controls.models import Export
from portal.extensions import db
from portal.incidents.following import Closing, Following, follow_incident, move_incident
from portal.incidents.models import Incident, State
from portal.people.models import Client, Service, Worker
from portal.visits.models import Visit
from portal.work import jobs
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency, Persona
from tests.pages import Browser, Page
from tests.reports.test_quality import figures, rows_of

TABLE = "/staff/incidents"
INTERNAL = "canari interne"


@pytest.fixture
def reported(agency: Agency, database: Database, time_machine: TimeMachineFixture) -> dict[str, int]:
    """Four incidents, by their reasons.

    North, Claire and Wassim, today at noon: *absent* (cleaning, start, urgent, by Wassim; answered after 1:30; Sofia's,
    due the same day), *casse* (cleaning, end, by Claire; answered after 4:00, closed as unfounded). Typed by Sofia:
    *retard* (rising, start; nobody waits for an answer). South, Éloïse and Jean: *chute* (rising, end, by her, without
    an answer, resolved). It is read the day after.
    """
    with database.writing():
        eloise, jean = db.session.get_one(Client, agency.eloise.id), db.session.get_one(Worker, agency.jean.id)
        rising = db.session.get_one(Service, agency.rising)
        south = factories.visit(eloise, rising, [jean], factories.at(0, 9)).id
        made = {
            "absent": _made(agency.wassim, agency.claires_past, "absent", "start", "urgent"),
            "casse": _made(agency.claire, agency.claires_past, "=casse", "end", "normal"),
            "retard": _made(agency.sofia, agency.claires_done, "retard", "start", "high"),
            "chute": _made(agency.eloise, south, "chute", "end", "normal"),
        }
        factories.message(agency.sofia, made["absent"].thread, INTERNAL, internal=True)
        time_machine.shift(timedelta(minutes=90))
        factories.message(agency.sofia, made["absent"].thread, "Nous appelons.")
        time_machine.shift(timedelta(minutes=150))
        factories.message(agency.ines, made["casse"].thread, "Nous regardons.")
        ines = agency.ines.user
        db.session.refresh(made["casse"])
        move_incident(ines, made["casse"], State.CLOSED, made["casse"].version, Closing("unfounded", INTERNAL))
        move_incident(ines, made["chute"], State.RESOLVED, made["chute"].version)
        db.session.refresh(made["absent"])
        follow_incident(ines, made["absent"], Following(agency.sofia.id, date(2026, 11, 17), "urgent"),
                        made["absent"].version)  # fmt: skip
        ids = {name: one.id for name, one in made.items()}
    time_machine.shift(timedelta(hours=20))
    return ids


def _made(who: Persona, visit_id: int, label: str, phase: str, urgency: str) -> Incident:
    why = factories.reason(db.session.get_one(Visit, visit_id).service_id, label)
    return factories.incident(who, visit_id, "Voilà.", phase=phase, urgency=urgency, why=why)


def asked(browser: Browser, **filters: object) -> Page:
    return browser.get(f"{TABLE}?{urlencode({'period': 'last_12_months', **filters}, doseq=True)}")


def reasons(page: Page) -> set[str]:
    return {row[4] for row in rows_of(page)}


def test_it_says_everything_about_an_incident(
    agency: Agency, reported: dict[str, int], sign_in: SignIn, database: Database
) -> None:
    sofia = sign_in(agency.sofia)
    page = sofia.get("/staff/home").link("Incident follow-up").click()
    assert not page.soup.select("#result table"), "nothing is computed before it is launched"
    page = asked(sofia, sort="reason")
    rows = rows_of(page)
    assert [row[1:] for row in rows] == [
        ["Claire Lefèvre", "Wassim Haddad", "Ménage", "=casse", "End of the visit", "Normal", "Closed", "4:00", "", "",
         "Nord", "Sofia Benali", "Claire Lefèvre", "Unfounded", "", "Tue 17 November 16:00"],
        ["Claire Lefèvre", "Wassim Haddad", "Ménage", "absent", "Start of the visit", "Urgent", "Under discussion",
         "1:30", "17/11/2026 (overdue)", "Sofia Benali", "Nord", "Sofia Benali", "Wassim Haddad", "", "", ""],
        ["Claire Lefèvre", "Wassim Haddad", "Aide au lever", "retard", "Start of the visit", "High", "Open", "", "", "",
         "Nord", "Sofia Benali", "Sofia Benali", "", "", ""],
    ]  # fmt: skip
    assert rows[0][0] == "Tue 17 November 12:00"
    assert page.link("Tue 17 November").click().location.startswith("/staff/threads/")
    assert INTERNAL not in page.html


def test_the_figures_are_those_computed_by_hand(agency: Agency, reported: dict[str, int], sign_in: SignIn) -> None:
    page = asked(sign_in(agency.ines))
    assert figures(page) == {
        "Incidents": "4 · 1 urgent",
        "Not resolved yet": "2 · 1 overdue",
        "First answer after (hours:minutes)": "2:45 · median 2:45, n = 2",
        "Without an answer of the agency": "1",
    }
    spreads = [[row.get_text(" ", strip=True) for row in each.select("tr")] for each in page.soup.select(".spread")]
    assert spreads == [["=casse 1", "absent 1", "chute 1", "retard 1"], ["Aide au lever 2", "Ménage 2"]]
    assert [each.get_text() for each in page.soup.select(".spread caption")] == ["By reason", "By service"]
    assert figures(asked(sign_in(agency.igor)))["First answer after (hours:minutes)"] == "— · n = 0"


FILTERS = (
    ({"service": "cleaning"}, {"absent", "=casse"}),
    ({"reason": "absent"}, {"absent"}),
    ({"phase": "end"}, {"=casse", "chute"}),
    ({"state": "unsettled"}, {"absent", "retard"}),
    ({"state": "closed"}, {"=casse"}),
    ({"urgency": "urgent"}, {"absent"}),
    ({"overdue": "yes"}, {"absent"}),
    ({"worker": "dupont"}, {"chute"}),
    ({"client": "lefevre"}, {"absent", "=casse", "retard"}),
    ({"sector": "south"}, {"chute"}),
    ({"manager": "igor"}, {"chute"}),
    ({"owner": "sofia"}, {"absent"}),
    ({"period": "free", "last_day": "2026-11-16"}, set()),
    ({"period": "free", "first_day": "2026-11-17", "last_day": "2026-11-17"}, {"absent", "=casse", "retard", "chute"}),
)


def test_each_filter_narrows_it_and_nobody_chooses_what_they_may_not_see(
    agency: Agency, reported: dict[str, int], sign_in: SignIn, database: Database
) -> None:
    ines, igor = sign_in(agency.ines), sign_in(agency.igor)
    numbers = {"absent": database.one(select(Incident.reason_id).where(Incident.id == reported["absent"]))}
    for chosen, expected in FILTERS:
        values = {
            name: numbers.get(value) or getattr(getattr(agency, value), "id", getattr(agency, value))
            if name in ("service", "reason", "sector", "manager", "owner") else value
            for name, value in chosen.items()
        }  # fmt: skip
        assert reasons(asked(ines, **values)) == expected, chosen
    assert reasons(asked(igor)) == {"chute"}
    for field, number in (("sector", agency.north), ("manager", agency.sofia.id), ("owner", agency.sofia.id)):
        page = asked(igor, **{field: number})
        assert page.status == 422 and page.errors(), field


def test_each_column_sorts_and_a_page_costs_six_statements_whatever_its_length(
    agency: Agency, reported: dict[str, int], sign_in: SignIn, database: Database
) -> None:
    sofia = sign_in(agency.sofia)
    page = asked(sofia)
    few = len(page.statements)
    assert few <= 6, "\n".join(page.statements)
    for head in page.soup.select(".control-table th a"):
        assert len(rows_of(sofia.get(str(head["href"])))) == 3
    assert [row[8] for row in rows_of(asked(sofia, sort="-answer"))] == ["4:00", "1:30", ""]
    assert [row[6] for row in rows_of(asked(sofia, sort="urgency"))] == ["Normal", "High", "Urgent"]
    with database.writing():
        for _number in range(60):
            factories.incident(agency.sofia, agency.claires_past)
    page = asked(sofia)
    assert len(page.statements) == few and len(rows_of(page)) == 50
    shown = page.soup.select(".spread")[0].select("tr")
    assert len(shown) == 11 and "others" in shown[-1].get_text()


def test_its_file_holds_what_is_shown_and_nothing_internal(
    agency: Agency, reported: dict[str, int], sign_in: SignIn, database: Database
) -> None:
    sofia = sign_in(agency.sofia)
    page = asked(sofia, sort="reason", urgency="normal")
    address = page.form("Export").submit(format="csv").location
    with database.app.app_context():
        jobs.run(database.one(select(Export.work_id)))
    text = sofia.get(f"{address}/file").get_data().decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text)))
    assert [line[4] for line in lines[1:]] == ["'=casse"], "no cell is a formula"
    assert lines[1][8] == "4:00" and INTERNAL not in text
