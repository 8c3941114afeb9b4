"""*Réclamations*: every complaint, by the day on which it was received."""

from datetime import date, timedelta

import pytest
from flask import Flask

from portal import clock
from portal.complaints import following
from portal.extensions import db
from portal.organisation.lists import entry_of_code
from portal.organisation.models import ListName
from tests import factories
from tests.conftest import Database, SignIn
from tests.controls.test_exports import export, sheet_of
from tests.factories import Agency
from tests.pages import Page
from tests.reports.test_quality import figures

TABLE = "/staff/complaints?period=this_year"


def said(page: Page, column: str) -> list[str]:
    heads = [tag.get_text(" ", strip=True) for tag in page.soup.select("table.data thead th")]
    place = heads.index(column) if heads else 0
    return [row.select("td")[place].get_text(" ", strip=True) for row in page.soup.select("table.data tbody tr")]


@pytest.fixture
def filed(agency: Agency, database: Database) -> None:
    """Of Claire about Wassim, nothing done for a week; about the agency, acknowledged; of Wassim about her, closed."""
    with database.writing():
        factories.complaint(agency.sofia, client=agency.claire.id, about=agency.wassim.id, channel="phone",
                            received_at=clock.now() - timedelta(days=7))  # fmt: skip
        known = factories.complaint(agency.claire, owner_id=agency.ines.id)
        following.acknowledge(agency.ines.user, known, known.version)
        ended = factories.complaint(agency.wassim, about=agency.claire.id)
        db.session.flush()
        following.resolve(agency.ines.user, ended, "unfounded", ended.version)


ABOUT_WORKER, ABOUT_AGENCY, BY_WORKER = "Client about a worker", "Client about the agency", "Worker about a client"


@pytest.mark.parametrize(("narrowed", "expected"), [
    ("", [ABOUT_WORKER, ABOUT_AGENCY, BY_WORKER]),
    ("&client=lefevre", [ABOUT_WORKER, ABOUT_AGENCY, BY_WORKER]),
    ("&client=nobody", []),
    ("&worker=haddad", [ABOUT_WORKER, BY_WORKER]),
    ("&subject={punctuality}", [ABOUT_WORKER, ABOUT_AGENCY, BY_WORKER]),
    ("&subject={conduct}", []),
    ("&direction=worker_client", [BY_WORKER]),
    ("&channel=phone", [ABOUT_WORKER]),
    ("&state=received", [ABOUT_WORKER]),
    ("&state=closed", [BY_WORKER]),
    ("&dealt=no", [ABOUT_WORKER, ABOUT_AGENCY]),
    ("&dealt=yes", [BY_WORKER]),
    ("&overdue=yes", [ABOUT_WORKER]),
    ("&sector={south}", []),
    ("&owner={ines}", [ABOUT_AGENCY]),
])  # fmt: skip
def test_the_filters_leave_what_they_say(
    agency: Agency, filed: None, sign_in: SignIn, database: Database, narrowed: str, expected: list[str]
) -> None:
    with database.app.app_context():
        subjects = {"punctuality": "C01", "conduct": "C02"}
        ids = {name: entry_of_code(ListName.COMPLAINT, code).id for name, code in subjects.items()}
    page = sign_in(agency.ines).get(TABLE + narrowed.format(**ids, south=agency.south, ines=agency.ines.id))
    assert sorted(said(page, "Direction")) == expected
    assert not expected or figures(page)["Complaints"] == str(len(expected))
    assert len(page.statements) <= 6


def test_it_is_sorted_by_the_deadline_that_it_shows(agency: Agency, filed: None, sign_in: SignIn) -> None:
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"{TABLE}&sort=due")
    assert said(page, "Due date") == ["13/11/2026 (overdue)", "02/12/2026", ""]
    assert page.says("tr.overdue .c-day") == "13/11/2026 (overdue)", "which the style sheet shows red"
    assert said(sofia.get(f"{TABLE}&sort=-due"), "Due date") == ["02/12/2026", "13/11/2026 (overdue)", ""]


def test_a_workbook_has_the_same_rows_and_its_days_are_dates(
    app: Flask, agency: Agency, filed: None, sign_in: SignIn, database: Database
) -> None:
    sofia, where = sign_in(agency.sofia), f"{TABLE}&sort=due"
    screen = said(sofia.get(where), "Direction")
    heads, *rows = sheet_of(export(app, database, sofia, "xlsx", where)).iter_rows()
    names = [cell.value for cell in heads]
    assert [row[names.index("Direction")].value for row in rows] == screen
    due = [row[names.index("Due date")] for row in rows]
    assert [cell.value and cell.value.date() for cell in due] == [date(2026, 11, 13), date(2026, 12, 2), None]
    assert "(overdue)" in due[0].number_format and "(overdue)" not in due[1].number_format
