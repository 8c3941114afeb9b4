"""Filters kept under a name: one's own, and those that colleagues show."""

from typing import Any

from sqlalchemy import select, update

from portal.audit.models import AuditEntry
from portal.controls.models import SavedFilter
from portal.extensions import db
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.pages import Browser, Page
from tests.reports.conftest import TABLE

LOW = f"{TABLE}?period=this_month&stars=0&stars=1&client=&sort=stars"
NAMES = select(SavedFilter.name).order_by(SavedFilter.id)
DEEDS = select(AuditEntry.kind, AuditEntry.before, AuditEntry.after).where(AuditEntry.kind.like("filter.%"))
DEEDS = DEEDS.order_by(AuditEntry.id)


def keep(browser: Browser, name: str, where: str = LOW, **more: Any) -> Page:
    return browser.get(where).form("Save").submit(name=name, **more)


def names(browser: Browser) -> list[str]:
    return [tag.get_text(" ", strip=True) for tag in browser.get(TABLE).soup.select(".kept li")]


def test_filters_are_kept_with_their_order_and_found_again(rated: Agency, sign_in: SignIn, database: Database) -> None:
    sofia = sign_in(rated.sofia)
    page = keep(sofia, "  Notes basses ").follow()
    assert "The filter is kept." in page.words
    again = sofia.get(TABLE).link("Notes basses").click()
    assert [tag["data-n"] for tag in again.soup.select("#result .control-table .stars")] == ["0", "1"]
    assert again.soup.select('[name="stars"][value="0"][checked]')
    assert database.one(select(SavedFilter.query)) == "period=this_month&stars=0&stars=1&sort=stars"
    assert database.all(DEEDS) == [("filter.saved", None, {"table": "quality", "shared": False})]


def test_the_same_name_replaces_ones_own_and_nobody_elses(rated: Agency, sign_in: SignIn, database: Database) -> None:
    sofia, ines = sign_in(rated.sofia), sign_in(rated.ines)
    keep(sofia, "Notes basses")
    keep(ines, "Notes basses")
    page = keep(sofia, "Notes basses", f"{TABLE}?period=last_month").follow()
    assert "The filter is replaced." in page.words
    assert database.all(select(SavedFilter.query).order_by(SavedFilter.account_id)) == [
        "period=last_month", "period=this_month&stars=0&stars=1&sort=stars"]  # fmt: skip


def test_a_colleague_sees_what_is_shared_within_their_own_sectors(
    rated: Agency, sign_in: SignIn, database: Database
) -> None:
    sofia, igor = sign_in(rated.sofia), sign_in(rated.igor)
    keep(sofia, "Pour moi")
    keep(sofia, "Pour tous", f"{TABLE}?period=this_month", shared="y")
    assert names(sofia) == ["Pour moi", "Pour tous shared"]
    assert names(igor) == ["Pour tous shared"]
    page = igor.get(TABLE).link("Pour tous").click()
    assert "Éloïse" in page.says("#result")
    assert "Claire" not in page.says("#result")
    assert not igor.get(TABLE).soup.select(".kept form"), "who has not kept it cannot delete it"
    kept = database.all(select(SavedFilter.id))
    assert [igor.act(f"/staff/filters/{number}/deletion").status for number in kept] == [404, 404]
    assert database.count(SavedFilter) == 2


def test_what_a_colleague_may_not_see_is_not_shown_to_them(rated: Agency, sign_in: SignIn, database: Database) -> None:
    sofia, igor, ines = sign_in(rated.sofia), sign_in(rated.igor), sign_in(rated.ines)
    keep(sofia, "Mon secteur", f"{TABLE}?period=this_month&sector={rated.north}", shared="y")
    keep(sofia, "Mes dossiers", f"{TABLE}?period=this_month&manager={rated.sofia.id}", shared="y")
    keep(sofia, "Levers", f"{TABLE}?period=this_month&service={rated.rising}", shared="y")
    keep(sofia, "Claire", f"{TABLE}?period=this_month&client=Lef%C3%A8vre")
    with database.writing():  # as it could be shared once
        db.session.execute(update(SavedFilter).where(SavedFilter.name == "Claire").values(shared=True))
    assert names(sofia) == ["Claire shared", "Levers shared", "Mes dossiers shared", "Mon secteur shared"]
    assert names(ines) == ["Levers shared", "Mes dossiers shared", "Mon secteur shared"]
    page = igor.get(TABLE)
    assert names(igor) == ["Levers shared"]
    for word in ("Mon secteur", "Mes dossiers", "Lef", f"sector={rated.north}", f"manager={rated.sofia.id}"):
        assert word not in page.html
    assert page.link("Levers").click().status == 200


def test_a_filter_with_a_name_typed_in_it_is_not_shared(rated: Agency, sign_in: SignIn, database: Database) -> None:
    sofia = sign_in(rated.sofia)
    assert "do not write anybody’s name in it" in sofia.get(LOW).words
    for field in ("client=lefevre", "worker=wassim"):
        where = f"{TABLE}?period=this_month&{field}"
        page = keep(sofia, "Mon suivi", where, shared="y")
        assert page.status == 422
        assert f"A filter with words typed in it ({field.partition('=')[0].title()}) is not shown" in page.errors()[0]
        assert page.at("#shared")["aria-invalid"] == "true"
        assert page.at("#name")["value"] == "Mon suivi"
        assert page.soup.select("#shared[checked]")
        assert page.soup.select("#result .control-table"), "the table is still there"
        assert database.count(SavedFilter) == 0
    assert keep(sofia, "Mon suivi", where).follow().status == 200
    assert names(sofia) == ["Mon suivi"]


def test_one_deletes_ones_own(rated: Agency, sign_in: SignIn, database: Database) -> None:
    sofia = sign_in(rated.sofia)
    page = keep(sofia, "Notes basses").follow()
    page = page.form("Delete the filter “Notes basses”").submit().follow()
    assert "The filter is deleted." in page.words
    assert names(sofia) == []
    assert database.all(DEEDS)[-1] == ("filter.deleted", {"table": "quality", "shared": False}, None)


def test_a_name_that_will_not_do_is_refused_and_stays_typed(rated: Agency, sign_in: SignIn, database: Database) -> None:
    sofia = sign_in(rated.sofia)
    for name, sentence in (("   ", "Please give the filter a name."), ("n" * 61, "Please use at most 60 characters.")):
        page = keep(sofia, name)
        assert page.status == 422
        assert sentence in page.errors()
        assert str(page.at("#name")["value"]).strip() == name.strip()
        assert page.soup.select("#result .control-table"), "the table is still there"
        assert "stars=0" in str(page.soup.select("#result thead a")[0]["href"])
    assert database.count(SavedFilter) == 0
    wrong = sofia.act(f"{TABLE}/filters", {"name": "Sud", "query": f"period=this_month&sector={rated.south}"})
    assert wrong.status == 422
    assert database.count(SavedFilter) == 0


def test_there_is_room_for_so_many(rated: Agency, sign_in: SignIn, database: Database, monkeypatch) -> None:
    monkeypatch.setattr("portal.controls.actions.MOST_KEPT", 1)
    sofia = sign_in(rated.sofia)
    keep(sofia, "Un")
    page = keep(sofia, "Deux")
    assert page.status == 409
    assert "as many filters as there is room for" in page.words
    assert database.all(NAMES) == ["Un"]
