"""*Notes et rappels*: every note of one's sectors, by the day on which it was written or falls due."""

from datetime import timedelta

import pytest

from portal import clock
from portal.notes.actions import end_note
from portal.organisation.lists import entry_of_code
from portal.organisation.models import ListName
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.pages import Page
from tests.reports.test_quality import figures

TABLE = "/staff/notes?period=this_year"


def titles(page: Page) -> list[str]:
    heads = [tag.get_text(" ", strip=True) for tag in page.soup.select("table.data thead th")]
    place = next(number for number, head in enumerate(heads) if "Title" in head)
    return sorted(row.select("td")[place].get_text(" ", strip=True) for row in page.soup.select("table.data tbody tr"))


def drawn(page: Page) -> list[str]:
    """The numbers of the chart."""
    return [" ".join(cell.get_text(" ").split()) for cell in page.soup.select(".drawn tbody td")]


@pytest.fixture
def written(agency: Agency, database: Database) -> None:
    """Sofia's about Claire: a call next month, an alert, one finished. Igor's about Éloïse, to be looked at soon."""
    with database.writing():
        call = entry_of_code(ListName.NOTE, "N04").id
        claire, soon = agency.claire.id, clock.now() + timedelta(minutes=1)
        factories.note(agency.sofia, "Appel", client_id=claire, category_id=call, worker_id=agency.wassim.id,
                       remind_at=clock.now() + timedelta(days=30))  # fmt: skip
        factories.note(agency.sofia, "Alerte", client_id=claire, alert=True, priority="urgent", remind_at=soon)
        end_note(agency.sofia.user, factories.note(agency.sofia, "Finie", client_id=claire, category_id=call))
        factories.note(agency.igor, "Chien", client_id=agency.eloise.id)


@pytest.mark.parametrize(("narrowed", "expected"), [
    ("", "Alerte Appel Finie"),
    ("&situation=waiting", "Alerte Appel"),
    ("&situation=done", "Finie"),
    ("&priority=urgent", "Alerte"),
    ("&client=lefevre", "Alerte Appel Finie"),
    ("&worker=haddad", "Appel"),
    ("&by=due", "Alerte Appel"),
    ("&overdue=yes", "Alerte"),
])  # fmt: skip
def test_the_filters_leave_what_they_say(
    agency: Agency, written: None, sign_in: SignIn, time_machine: object, narrowed: str, expected: str
) -> None:
    time_machine.shift(timedelta(minutes=5))  # ty: ignore[missing-attribute]
    page = sign_in(agency.sofia).get(TABLE + narrowed)
    assert " ".join(titles(page)) == expected
    assert len(page.statements) <= 6
    marked = ["17/11/2026 12:01 (overdue)"] if "Alerte" in expected else []
    assert [cell.get_text(strip=True) for cell in page.soup.select("tr.overdue .c-day")] == marked


def test_the_figures_count_all_that_the_filters_leave(agency: Agency, written: None, sign_in: SignIn) -> None:
    page = sign_in(agency.ines).get(TABLE)
    assert figures(page)["Notes"].startswith("4") and figures(page)["Not ended yet"].startswith("3")
    assert figures(page)["Alerts"] == "1"
    assert "Call to make" in page.words and "Without a category" in page.words
    assert "are hidden" not in page.words


def test_small_numbers_are_hidden_from_all_but_the_quality_lead_and_the_rows_stay(
    agency: Agency, written: None, sign_in: SignIn, database: Database
) -> None:
    few = "< 5"
    page = sign_in(agency.sofia).get(TABLE)
    assert figures(page) == {"Notes": few, "Not ended yet": few, "Alerts": few, "Overdue": "0"}
    assert set(drawn(page)) == {few}
    assert "Numbers below 5 are hidden" in page.words and len(titles(page)) == 3
    with database.writing():
        for number in range(5):
            factories.note(agency.sofia, f"Encore {number}", client_id=agency.claire.id)
    page = sign_in(agency.sofia).get(TABLE)
    assert figures(page) == {"Notes": "8", "Not ended yet": "…", "Alerts": few, "Overdue": "0"}, "one is finished"
    assert drawn(page) == ["…", few], "of 8 the 6 without a category would tell of the 2 others"
    assert set(drawn(sign_in(agency.ines).get(TABLE))) == {"2", "7"}
