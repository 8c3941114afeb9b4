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


def test_the_figures_count_all_that_the_filters_leave(agency: Agency, written: None, sign_in: SignIn) -> None:
    page = sign_in(agency.ines).get(TABLE)
    assert figures(page)["Notes"].startswith("4") and figures(page)["Not ended yet"].startswith("3")
    assert "Call to make" in page.words and "Without a category" in page.words
