"""*Événements indésirables*: every event of one's sectors, figures and deadlines, nothing of who reported it."""

import csv
import io
from datetime import timedelta
from itertools import count
from urllib.parse import urlencode

import pytest
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal import clock
from portal.adverse_events.follow_models import Analysis, AuthorityRoute
from portal.adverse_events.models import AdverseEvent, Reporter
from portal.controls.models import Export
from portal.extensions import db
from portal.notes.actions import end_note, follow
from portal.notes.models import Origin
from portal.organisation.lists import entry_of_code
from portal.organisation.models import ListEntry, ListName
from portal.work import jobs
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency, Persona
from tests.pages import Browser, Page
from tests.reports.test_quality import figures, rows_of

TABLE = "/staff/adverse-events"
CANARY = "canari de santé"
NUMBERS = count(1)


def event(agency: Agency, of: Persona | None, codes: str = "D01", **more: object) -> AdverseEvent:
    """An event of a client, reported by Wassim in confidence, now; of nobody, of the North."""
    number, now = next(NUMBERS), clock.now()
    sector = agency.south if of is not None and of.id == agency.eloise.id else agency.north
    made = AdverseEvent(**{
        "year": 2026, "number": number, "token": str(number), "mode": "confidential", "capacity": "partner",
        "sector_id": sector, "client_id": of.id if of else None, "discovered_at": now, "day": now, "place": "home",
        "nature": "accident", "facts": CANARY, "witnesses": CANARY, "severity": 2, "potential": 2, **more,
    })  # fmt: skip
    made.categories = [entry_of_code(ListName.EVENT, code) for code in codes.split()]
    factories.add(made)
    factories.add(Reporter(event_id=made.id, person_type="worker", person_id=agency.wassim.id, name="Wassim Haddad"))
    made.note = follow(Origin.EVENT, made.id, title="EI", client_id=made.client_id, owner_id=agency.sofia.id)
    return made


@pytest.fixture
def reported(agency: Agency, database: Database, time_machine: TimeMachineFixture) -> dict[str, int]:
    """Four events, by what they are about; read three days after the first three.

    North: *fall* (Claire, Wassim; G2, could have been G4; F3; acknowledged after 1 h, judged after 30 h, an authority
    told after 3 h, the causes not analysed yet), *hurt* (Claire; a month before, G1, closed after 10 days, dealt with),
    *home* (of no client; nobody has looked at it). South: *dog* (Éloïse, Jean; G5, F1; acknowledged after 5 h).
    """
    with database.writing():
        start, hour = clock.now(), timedelta(hours=1)
        fall = event(agency, agency.claire, "D01 D08", worker_id=agency.wassim.id, supervisor_id=agency.sofia.id,
                     potential=4, frequency=3, state="analysis", declared_at=start, acknowledged_at=start + hour,
                     triaged_at=start + 30 * hour)  # fmt: skip
        factories.add(AuthorityRoute(event_id=fall.id, route="R-ESSMS", status="told", since=start,
                                     told_at=start + 3 * hour, due_at=start + 51 * hour))  # fmt: skip
        factories.add(Analysis(event_id=fall.id, method="five_whys"))
        before = start - 31 * 24 * hour
        hurt = event(agency, agency.claire, "D01", severity=1, potential=1, nature="near_miss", day=before,
                     discovered_at=before, declared_at=before, state="closed", acknowledged_at=before + 2 * hour,
                     triaged_at=before + 20 * hour, closed_at=before + 240 * hour)  # fmt: skip
        assert hurt.note is not None
        end_note(agency.ines.user, hurt.note)
        home = event(agency, None, "D12", severity=3, potential=3, declared_at=start)
        dog = event(agency, agency.eloise, "D14", worker_id=agency.jean.id, supervisor_id=agency.igor.id, severity=5,
                    potential=5, frequency=1, state="triage", declared_at=start,
                    acknowledged_at=start + 5 * hour)  # fmt: skip
        ids = {"fall": fall.id, "hurt": hurt.id, "home": home.id, "dog": dog.id}
    time_machine.shift(timedelta(days=3))
    return ids


def asked(browser: Browser, **filters: object) -> Page:
    return browser.get(f"{TABLE}?{urlencode({'period': 'last_12_months', **filters}, doseq=True)}")


def grid(page: Page, place: int) -> list[list[str]]:
    lines = page.soup.select(".drawn")[place].select("tr")
    return [[" ".join(cell.get_text(" ").split()) for cell in line.select("th, td")] for line in lines]


def test_it_says_how_each_event_stands_and_nothing_of_who_reported_it(
    agency: Agency, reported: dict[str, int], sign_in: SignIn
) -> None:
    page = asked(sign_in(agency.sofia), sort="severity")
    rows = rows_of(page)
    assert [row[2:13] for row in rows] == [
        ["Claire Lefèvre", "Fall", "G1 · Minor", "", "Closed", "Tue 17 November 12:00", "", "", "", "Nord",
         "Near miss"],
        ["Claire Lefèvre", "Fall, Violence / aggression", "G2 · Significant (could have been G4)", "12 · Reduce",
         "Under analysis", "", "19/11/2026 15:00 (overdue)", "Wassim Haddad", "Sofia Benali", "Nord", "Accident"],
        ["", "Home / environment", "G3 · Major", "", "Reported", "", "18/11/2026 12:00 (overdue)", "", "", "Nord",
         "Accident"],
    ]  # fmt: skip
    assert [row[14] for row in rows] == ["Tue 27 October 12:00", "", ""]
    assert page.link(rows[1][0]).href == f"/staff/adverse-events/{reported['fall']}"
    for canary in (CANARY, "Partner", "Aide au lever"):
        assert canary not in page.html
    assert [row.count("Wassim Haddad") for row in rows] == [0, 1, 0], "as the worker concerned alone"


def test_the_figures_are_those_computed_by_hand(agency: Agency, reported: dict[str, int], sign_in: SignIn) -> None:
    page = asked(sign_in(agency.ines))
    assert figures(page) == {
        "Adverse events": "4", "Not dealt with yet": "3", "Overdue": "3", "Severe": "2",
    }  # fmt: skip
    assert grid(page, 0) == [
        ["", "Oct 26", "Nov 26"], ["Fall", "1", "1"], ["Animals", "0", "1"], ["Home / environment", "0", "1"],
        ["Violence / aggression", "0", "1"],
    ]  # fmt: skip
    matrix = grid(page, 1)
    assert matrix[1][0] == "G5 · Catastrophic" and matrix[1][1:] == ["1", "0", "0", "0", "0"]
    assert matrix[2][1:] == ["0", "0", "1", "0", "0"], "the fall could have been a G4"
    zones = [str(cell["data-zone"]) for cell in page.soup.select(".zoned tbody td")]
    assert zones[:5] == ["red"] * 5 and zones[5:7] == ["orange"] * 2 and zones[-1] == "yellow"
    assert grid(page, 2)[1:] == [
        ["Receipt acknowledged", "≤ 24 h", "2", "50%", "2:00"],
        ["Receipt acknowledged, severe ones", "≤ 2 h", "2", "50%", "3:00"],
        ["Judged", "≤ 48 h", "4", "50%", "25:00"],
        ["Authorities told without delay", "≤ 24 h", "1", "100%", "3:00"],
        ["Causes analysed", "≤ 30 days", "0", "—", "—"],
        ["Closed", "—", "1", "—", "10 days"],
    ]
    assert "are hidden" not in page.words


def test_small_numbers_are_hidden_from_all_but_the_quality_lead_and_the_rows_stay(
    agency: Agency, reported: dict[str, int], sign_in: SignIn, database: Database
) -> None:
    for who, number in ((agency.sofia, 3), (agency.ada, 4)):
        page = asked(sign_in(who))
        few = "< 5"  # with a no-break space, that `split` takes for one
        assert len(figures(page)) == 4 and set(figures(page).values()) == {few}
        assert {cell for row in grid(page, 0)[1:] for cell in row[1:]} == {"0", few}
        assert {cell for row in grid(page, 1)[1:] for cell in row[1:]} == {"0", few}
        assert grid(page, 2)[3] == ["Judged", "≤ 48 h", few, "…", "…"]
        assert not page.soup.select(".drawn svg, .drawn progress"), "no bar tells what is hidden"
        assert "Numbers below 5 are hidden" in page.words
        assert len(rows_of(page)) == number


FILTERS = (
    ({"client": "lefevre"}, {"fall", "hurt"}),
    ({"worker": "dupont"}, {"dog"}),
    ({"supervisor": "sofia"}, {"fall"}),
    ({"sector": "south"}, {"dog"}),
    ({"category": "D01"}, {"fall", "hurt"}),
    ({"category": "D08"}, {"fall"}),
    ({"severity": "2"}, {"fall"}),
    ({"zone": "orange"}, {"fall"}),
    ({"zone": "red"}, {"dog"}),
    ({"zone": "none"}, {"hurt", "home"}),
    ({"state": "open"}, {"fall", "home", "dog"}),
    ({"state": "closed"}, {"hurt"}),
    ({"dealt_with": "yes"}, {"hurt"}),
    ({"dealt_with": "no"}, {"fall", "home", "dog"}),
    ({"overdue": "yes"}, {"fall", "home", "dog"}),
    ({"period": "last_month"}, {"hurt"}),
    ({"period": "free", "first_day": "2026-11-18", "last_day": "2026-11-19"}, set()),
)


def test_each_filter_narrows_it_and_nobody_chooses_what_they_may_not_see(
    agency: Agency, reported: dict[str, int], sign_in: SignIn, database: Database
) -> None:
    ines, igor = sign_in(agency.ines), sign_in(agency.igor)
    with database.app.app_context():
        known = {name: db.session.get_one(AdverseEvent, number).reference for name, number in reported.items()}
        codes = {code: db.session.scalar(select(ListEntry.id).where(ListEntry.code == code)) for code in ("D01", "D08")}
    for chosen, expected in FILTERS:
        values = {name: codes.get(value) or getattr(getattr(agency, value, value), "id", getattr(agency, value, value))
                  for name, value in chosen.items()}  # fmt: skip
        assert {row[0] for row in rows_of(asked(ines, **values))} == {known[name] for name in expected}, chosen
    assert {row[0] for row in rows_of(asked(igor))} == {known["dog"]}
    for field, number in (("sector", agency.north), ("supervisor", agency.sofia.id)):
        page = asked(igor, **{field: number})
        assert page.status == 422 and page.errors(), field


def test_a_finer_category_is_found_under_the_one_it_belongs_to(
    agency: Agency, reported: dict[str, int], sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        parent = entry_of_code(ListName.EVENT, "D12").id
        finer = ListEntry(list="event", parent_id=parent)
        finer.set_labels({"en": "No heating"})
        factories.add(finer)
        db.session.get_one(AdverseEvent, reported["home"]).categories = [finer]
    page = asked(sign_in(agency.ines), category=parent)
    assert [row[3] for row in rows_of(page)] == ["Home / environment – No heating"]
    assert grid(page, 0)[1][0] == "Home / environment", "the chart counts it under the category it belongs to"


def test_each_column_sorts_and_a_page_costs_six_statements_whatever_its_length(
    agency: Agency, reported: dict[str, int], sign_in: SignIn, database: Database
) -> None:
    ines = sign_in(agency.ines)
    page = asked(ines)
    few = len(page.statements)
    assert few <= 6, "\n".join(page.statements)
    for head in page.soup.select(".control-table th a"):
        assert len(rows_of(ines.get(str(head["href"])))) == 4
    assert [row[5] for row in rows_of(asked(ines, sort="-criticality"))][:2] == ["12 · Reduce", "5 · Unacceptable"]
    with database.writing():
        for _number in range(60):
            event(agency, agency.claire)
    page = asked(ines)
    assert len(page.statements) == few and len(rows_of(page)) == 50


def test_its_file_holds_what_is_shown_and_nobody_who_reported(
    agency: Agency, reported: dict[str, int], sign_in: SignIn, database: Database
) -> None:
    sofia = sign_in(agency.sofia)
    page = asked(sofia, sort="severity")
    address = page.form("Export").submit(format="csv").location
    with database.app.app_context():
        jobs.run(database.one(select(Export.work_id)))
    text = sofia.get(f"{address}/file").get_data().decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text)))
    assert [line[4] for line in lines[1:]] == ["G1 · Minor", "G2 · Significant (could have been G4)", "G3 · Major"]
    for canary in (CANARY, "Partner", "confidential", "In confidence"):
        assert canary not in text
