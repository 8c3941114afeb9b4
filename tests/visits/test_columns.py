"""The column *Évaluation*: on or off in every list of visits, for oneself."""

from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.settings.actions import set_option
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.pages import Browser


def stars(browser: Browser, agency: Agency) -> list[bool]:
    """Whether the list, the tab of a record and a planning speak of ratings."""
    record = f"/staff/clients/{agency.claire.id}"
    day = factories.at(-1, 9).date()
    planning = browser.get(f"{record}/planning?day={day}").soup.select(".slot-rating")
    tables = (browser.get(page).says("thead") for page in ("/staff/visits", f"{record}/workers"))
    return [*("Rating" in words for words in tables), bool(planning)]


def test_one_puts_the_column_away_and_takes_it_out_again_for_oneself(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        factories.rate(agency.claire, agency.claires_done, 4)
    sofia, ines = sign_in(agency.sofia), sign_in(agency.ines)
    assert all(stars(sofia, agency))
    assert sofia.get("/staff/visits").link("Columns").click().form("Save").values()["rating"]
    sofia.act("/staff/columns")  # the box is not ticked
    assert not any(stars(sofia, agency))
    assert all(stars(ines, agency)), "nobody else’s lists change"
    assert not any(stars(sign_in(agency.sofia), agency)), "it is kept with the person"
    assert "4 out of 5" in sofia.get(f"/staff/visits/{agency.claires_done}").words
    assert sofia.act(f"/staff/visits/{agency.claires_done}/cancellation", {"reason": "x"}).status == 409, "still rated"
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "account.columns_chosen"))
    assert entry.after == {"hidden": "rating"}
    sofia.get("/staff/visits").link("Columns").click().form("Save").submit(rating="y")
    assert all(stars(sofia, agency))


def test_a_list_without_the_column_is_lighter_and_asks_no_more(agency: Agency, sign_in: SignIn) -> None:
    sofia = sign_in(agency.sofia)
    with_it = sofia.get("/staff/visits")
    sofia.act("/staff/columns")
    without = sofia.get("/staff/visits")
    assert len(without.response.data) < len(with_it.response.data)
    assert len(without.statements) <= len(with_it.statements)


def test_one_goes_back_to_where_one_came_from_and_nowhere_else(agency: Agency, sign_in: SignIn) -> None:
    sofia, here = sign_in(agency.sofia), f"/staff/clients/{agency.claire.id}/workers"
    assert sofia.get(here).link("Columns").click().form("Save").submit().location.endswith(here)
    assert (
        sofia.get("/staff/columns?next=https://elsewhere.example")
        .form("Save")
        .submit()
        .location.endswith("/staff/visits")
    )


def test_without_ratings_there_is_nothing_to_choose(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        set_option(None, "ratings.enabled", "false")
    sofia = sign_in(agency.sofia)
    assert sofia.get("/staff/columns").status == 404
    assert "Columns" not in sofia.get("/staff/visits").words
