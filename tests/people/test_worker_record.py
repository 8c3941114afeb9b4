"""The record of a worker: sectors, skills with levels, hours of the week, absences; two people at one record."""

from datetime import date, time

import pytest
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.people.models import Absence, Availability, Sector, Service, Skill, SkillLevel, Worker, WorkerSkill
from tests import factories
from tests.conftest import Database, Mailbox, SignIn
from tests.factories import Agency, at
from tests.pages import Browser, Page


@pytest.fixture
def sofia(agency: Agency, sign_in: SignIn) -> Browser:
    return sign_in(agency.sofia)


@pytest.fixture
def skills(agency: Agency, database: Database) -> dict[str, str]:
    """The catalogue: what the form offers, by name."""
    with database.writing():
        cooking, driving = Skill(name="Cuisine", active=True), Skill(name="Permis B", active=True)
        cooking.levels = [SkillLevel(rank=1, name="Débutant"), SkillLevel(rank=2, name="Confirmé")]
        factories.add(cooking)
        factories.add(driving)
        first, second = cooking.levels
        return {"beginner": f"{cooking.id}:{first.id}", "able": f"{cooking.id}:{second.id}", "drives": f"{driving.id}:",
                "odd": f"{driving.id}:{first.id}", "cooking": str(cooking.id)}  # fmt: skip


def record_of(browser: Browser, agency: Agency) -> Page:
    return browser.get(f"/staff/workers/{agency.wassim.id}")


def deeds(database: Database) -> list[AuditEntry]:
    chosen = select(AuditEntry).where(AuditEntry.subject_type == "worker", AuditEntry.kind == "person.changed")
    return list(database.all(chosen.order_by(AuditEntry.id.desc())))


def test_a_worker_is_made_changed_and_invited(
    sofia: Browser, agency: Agency, database: Database, mailbox: Mailbox
) -> None:
    form = sofia.get("/staff/workers").link("New worker").click().form("Save")
    assert form.values()["sector_ids"] == str(agency.north), "there is no other to choose from"
    page = form.submit(first_name="Wassim", last_name="HADDAD")
    assert page.status == 409
    assert page.link("Wassim Haddad").click().status == 200
    page = page.form("Create all the same").submit(first_name="Nadia", email="nadia@example.org").follow()
    assert page.h1 == "Nadia HADDAD"
    page = page.link("Edit").click().form("Save").submit(city="Nantes", language="ru").follow()
    assert "Русский" in page.words
    assert deeds(database)[0].after == {"fields": ["city", "language"], "language": "ru"}
    page.press("button[name=person]")
    assert mailbox.one()["To"].addresses[0].addr_spec == "nadia@example.org"
    assert "No password chosen yet" in sofia.get(page.request.path).words


def test_of_two_who_change_a_worker_the_second_gets_both_texts(
    sofia: Browser, agency: Agency, sign_in: SignIn, database: Database
) -> None:
    ines = sign_in(agency.ines)
    first, second = (browser.get(f"/staff/workers/{agency.wassim.id}/editing") for browser in (ines, sofia))
    typed = {**first.form("Save").values(), "phone": "01 11 11 11 11", "sector_ids": [agency.north, agency.south]}
    assert ines.act(f"/staff/workers/{agency.wassim.id}/editing", typed).status == 303
    late = second.form("Save").submit(phone="02 22 22 22 22")
    assert late.status == 409
    assert late.at("#phone")["value"] == "02 22 22 22 22"
    assert "What stands there now: 01 11 11 11 11" in late.says("#phone-rival")
    assert "Inès Caron" in late.says("#phone-rival")
    late.form("Save").submit()
    with database.writing():
        wassim = db.session.get_one(Worker, agency.wassim.id)
        assert wassim.phone == "02 22 22 22 22"
        assert {sector.id for sector in wassim.sectors} == {agency.north, agency.south}, "not Sofia's to see or change"


def test_only_who_sees_all_sectors_gives_all_of_them(agency: Agency, sign_in: SignIn, database: Database) -> None:
    address = f"/staff/workers/{agency.wassim.id}/editing"
    igor, sofia, ines = sign_in(agency.igor), sign_in(agency.sofia), sign_in(agency.ines)
    version = sofia.get(address).form("Save").values()["version"]
    assert not sofia.get(address).soup.select("[name=all_sectors]")
    before = database.fingerprint()
    assert sofia.act(address, {"version": version, "sector_ids": [agency.north, agency.south]}).status == 422
    assert sofia.act(address, {"version": version}).status == 422, "no sector at all"
    assert igor.act(address, {"version": version, "sector_ids": agency.south}).status == 404
    assert database.fingerprint() == before
    sofia.act(address, {"version": version, "sector_ids": agency.north, "all_sectors": "y"})
    assert igor.get(f"/staff/workers/{agency.wassim.id}").status == 404
    page = ines.get(address).form("Save").submit(all_sectors="y").follow()
    assert "All sectors" in page.words
    assert igor.get(f"/staff/workers/{agency.wassim.id}").status == 200
    moved = ines.get(f"/staff/workers/{agency.jean.id}/editing").form("Save").submit(sector_ids=str(agency.north))
    assert moved.status == 303
    assert igor.get(f"/staff/workers/{agency.jean.id}").status == 404


def test_a_skill_has_a_level_of_its_own_and_no_other(
    sofia: Browser, agency: Agency, database: Database, skills: dict[str, str]
) -> None:
    for level in ("beginner", "able"):
        page = record_of(sofia, agency).form("Add the skill").submit(skill=skills[level]).follow()
    assert "Cuisine · Confirmé" in page.says("#skills .entries")
    assert deeds(database)[0].after == {
        "fields": ["skills"],
        **dict(zip(("skill_id", "level_id"), map(int, skills["able"].split(":")), strict=True)),
    }
    page.form("Add the skill").submit(skill=skills["drives"])
    before = database.fingerprint()
    address = f"/staff/workers/{agency.wassim.id}/skills"
    for odd in (skills["odd"], skills["cooking"], "", "x:y", "987654:"):
        refused = sofia.act(address, {"skill": odd})
        assert refused.status == 422, odd
        assert refused.says("#skill-error")
    assert sofia.act(f"{address}/987654/removal").status == 404
    assert database.fingerprint() == before
    page = record_of(sofia, agency)
    assert page.press("#skills .entries li:first-child button").status == 303
    assert database.count(WorkerSkill) == 1


def test_hours_of_a_day_do_not_lie_across_each_other(sofia: Browser, agency: Agency, database: Database) -> None:
    page = record_of(sofia, agency)
    assert "No hours are noted" in page.words
    for begins, ends in (("09:00", "12:00"), ("14:00", "18:00"), ("12:00", "13:00")):
        page = page.form("Add the hours").submit(weekday="0", begins=begins, ends=ends).follow()
    assert [line.get_text(" ", strip=True).split(" Remove")[0] for line in page.soup.select("#availability li")] == [
        "Monday 09:00–12:00", "Monday 12:00–13:00", "Monday 14:00–18:00",
    ]  # fmt: skip
    refused = page.form("Add the hours").submit(weekday="0", begins="11:30", ends="12:30")
    assert refused.status == 409
    assert "lie across others" in refused.says("#begins-error")
    assert refused.at("#begins")["value"] == "11:30"
    refused = page.form("Add the hours").submit(weekday="1", begins="23:59", ends="00:00")
    assert (refused.status, refused.says("#ends-error")) == (422, "The end has to come after the beginning.")
    assert page.form("Add the hours").submit(weekday="1", begins="25:00", ends="").status == 422
    for odd in ("x", "7", ""):
        hours = {"weekday": odd, "begins": "09:00", "ends": "12:00"}
        refused = sofia.act(f"/staff/workers/{agency.wassim.id}/availability", hours)
        assert refused.status == 422
        assert refused.says("#weekday-error")
    with database.writing():
        factories.add(Availability(worker_id=agency.jean.id, weekday=0, begins=time(9), ends=time(10)))
    foreign = database.one(select(Availability.id).where(Availability.worker_id == agency.jean.id))
    assert sofia.act(f"/staff/workers/{agency.wassim.id}/availability/{foreign}/removal").status == 404
    page.press("#availability li:first-child button")
    assert database.count(Availability, Availability.worker_id == agency.wassim.id) == 2
    assert deeds(database)[0].before == {"weekday": 0, "begins": "09:00", "ends": "12:00"}


def test_an_end_at_or_before_the_beginning_is_on_the_next_day(
    sofia: Browser, agency: Agency, database: Database
) -> None:
    page = record_of(sofia, agency)
    assert "An end at or before the beginning is on the next day" in page.words
    for weekday, begins, ends in (("6", "20:00", "08:00"), ("2", "20:00", "00:00")):
        page = page.form("Add the hours").submit(weekday=weekday, begins=begins, ends=ends).follow()
    assert [line.get_text(" ", strip=True).split(" Remove")[0] for line in page.soup.select("#availability li")] == [
        "Monday 00:00–08:00", "Wednesday 20:00–00:00", "Sunday 20:00–00:00",
    ]  # fmt: skip
    assert [deed.after for deed in deeds(database)[:1]] == [
        {"fields": ["availability"], "weekday": 2, "begins": "20:00", "ends": "00:00"}
    ]
    refused = page.form("Add the hours").submit(weekday="0", begins="07:00", ends="06:00")
    assert (refused.status, database.count(Availability)) == (409, 3), "it lies across Monday’s, and nothing is kept"
    new = f"/staff/visits/new?client_id={agency.claire.id}"
    for day, hour, is_free in (("2026-11-22", "23:00", True), ("2026-11-22", "19:00", False),
                               ("2026-11-25", "22:00", True), ("2026-11-25", "23:00", False)):  # fmt: skip
        page = (
            sofia.get(new)
            .form("Save")
            .submit(service=str(agency.rising), day=day, hour=hour, minutes="90", worker=str(agency.wassim.id))
        )
        assert (page.status == 303) is is_free, (day, hour)
        assert is_free or "is not available at these hours" in page.words


def test_an_absence_lists_the_visits_that_it_meets(sofia: Browser, agency: Agency, database: Database) -> None:
    wrong = record_of(sofia, agency).form("Add the absence").submit(first_day="2026-11-20", last_day="2026-11-18")
    assert wrong.status == 422
    assert wrong.at("#first_day")["value"] == "2026-11-20"
    assert wrong.says("#last_day-error") == "The last day cannot come before the first."
    page = wrong.form("Add the absence").submit(first_day="2026-11-18", last_day="2026-11-20", reason="sick").follow()
    assert "These visits are planned while the worker is away" in page.words
    assert page.link("Wed 18 November, 9:00–10:00").click().h1.startswith("Claire Lefèvre")
    assert "Sick leave" in page.says("#absences")
    assert "sick" not in str(deeds(database)[0].after), "why somebody is away is not for the journal"
    again = page.form("Add the absence").submit(first_day="2026-11-20", last_day="2026-11-22")
    assert (again.status, database.count(Absence)) == (409, 1)
    assert page.form("Add the absence").submit(first_day="9999-12-31", last_day="9999-12-31").status == 422
    page.press("#absences .entries button")
    assert database.count(Absence) == 0
    assert "planned while the worker is away" not in record_of(sofia, agency).words


def test_the_page_of_a_worker_costs_few_statements_however_much_it_says(
    sofia: Browser, agency: Agency, database: Database, skills: dict[str, str]
) -> None:
    with database.writing():
        wassim = db.session.get_one(Worker, agency.wassim.id)
        rose = factories.client("Rose", "Blanc", db.session.get_one(Sector, agency.north))
        rising = db.session.get_one(Service, agency.rising)
        for number in range(30):
            skill = Skill(name=f"Savoir {number}", active=True, levels=[SkillLevel(rank=1, name="Bien")])
            factories.add(skill)
            factories.add(WorkerSkill(worker_id=wassim.id, skill_id=skill.id, level_id=skill.levels[0].id))
            day = date(2026, 12, 1 + number)
            factories.add(Absence(worker_id=wassim.id, first_day=day, last_day=day, reason="leave"))
            factories.visit(rose, rising, [wassim], at(14 + number, 9))
    page = record_of(sofia, agency)
    assert len(page.statements) <= 12
    assert len(page.soup.select("#absences .note li")) == 21
    assert len(page.link("Edit").click().statements) <= 12


def test_a_name_has_one_line_and_can_be_seen(sofia: Browser, agency: Agency, database: Database) -> None:
    for typed, kept in (
        ("Jean\nX", "Jean X"),
        ("  Anne\u2028\t\x0b\r\nMarie\x1f\xa0\u200b", "Anne Marie"),
        ("\u202aL\u2067é\u202ea\u200f\x00\x07\x9f\u202c", "Léa"),
        ("نور\u200cا", "نور\u200cا"),
        ("\u200b\u200e\u3164", ""),
    ):
        form = sofia.get(f"/staff/workers/{agency.wassim.id}/editing").form("Save")
        assert sofia.act(form.action, {**form.values(), "first_name": typed}).status == 303
        assert database.one(select(Worker.first_name).where(Worker.id == agency.wassim.id)) == kept
        assert f"{kept} Haddad".strip() in sofia.get(f"/staff/visits/{agency.claires_next}").words
    assert sofia.act(form.action, {**form.values(), "first_name": "\u200b", "last_name": "\u200e\n"}).status == 422
