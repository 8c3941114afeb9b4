"""The catalogue of skills: what workers can be good at, and how good."""

from typing import Any

from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.people.models import Skill, SkillLevel, WorkerSkill
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.pages import Browser, Page


def levels(database: Database) -> list[str]:
    return list(database.all(select(SkillLevel.name).order_by(SkillLevel.rank)))


def added(agency: Agency, sign_in: SignIn) -> tuple[Browser, Page]:
    ada = sign_in(agency.ada)
    form = ada.get("/staff/skills").link("Add a skill").click().form("Save")
    page = form.submit(name="Premiers secours", levels="Initiation\r\n\r\n  Confirmé \r\nFormateur").follow()
    assert "Initiation → Confirmé → Formateur" in page.words
    return ada, page.link("Premiers secours").click()


def pressed(page: Page, place: int, deed: str, **typed: Any) -> Page:
    level = page.soup.select("ol.levels li")[place]
    return page.press(f'#{level["id"]} [value="{deed}"]', **typed)


def test_a_skill_is_added_with_levels_that_can_be_put_in_another_order(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    _ada, page = added(agency, sign_in)
    page = pressed(page, 2, "up").follow()
    assert levels(database) == ["Initiation", "Formateur", "Confirmé"]
    page = pressed(page, 0, "down").follow()
    page = pressed(page, 0, "rename", name="Maître").follow()
    assert levels(database) == ["Maître", "Initiation", "Confirmé"]
    page = pressed(page, 1, "remove").follow()
    page = page.form("Add").submit(name="Expert").follow()
    assert levels(database) == ["Maître", "Confirmé", "Expert"]
    assert page.soup.select("ol.levels li:first-child [value=up]")[0].has_attr("disabled")
    with database.app.app_context():
        kinds = db.session.scalars(
            select(AuditEntry.kind).where(AuditEntry.subject_type == "skill").order_by(AuditEntry.id)
        ).all()
        ranks = db.session.scalars(select(SkillLevel.rank).order_by(SkillLevel.rank)).all()
    assert kinds == ["skill.created"] + 5 * ["skill.changed"]
    assert ranks == [1, 2, 3]


def test_a_level_that_workers_have_is_not_removed(agency: Agency, sign_in: SignIn, database: Database) -> None:
    _ada, page = added(agency, sign_in)
    with database.writing():
        skill = db.session.scalars(select(Skill)).one()
        db.session.add(WorkerSkill(worker_id=agency.wassim.id, skill_id=skill.id, level_id=skill.levels[1].id))
    refused = pressed(page, 1, "remove")
    assert refused.status == 409
    assert "Workers have this level" in refused.words
    assert levels(database) == ["Initiation", "Confirmé", "Formateur"]
    listed = sign_in(agency.ada).get("/staff/skills")
    assert "Wassim Haddad" in listed.link("1").click().words
    assert len(listed.statements) <= 6


def test_names_are_given_once(agency: Agency, sign_in: SignIn, database: Database) -> None:
    ada, page = added(agency, sign_in)
    before = database.fingerprint()
    twice = page.form("Add").submit(name="confirmé")
    assert (twice.status, twice.errors()) == (409, ["This skill has a level of this name already."])
    assert twice.at("#new-level")["value"] == "confirmé"
    renamed = pressed(page, 0, "rename", name="Formateur")
    assert renamed.status == 409
    assert renamed.at('[aria-describedby^="level-error"]')["value"] == "Formateur"
    empty = pressed(page, 0, "rename", name=" ")
    assert (empty.status, empty.errors()) == (422, ["Please give a name."])
    form = ada.get("/staff/skills/new").form("Save")
    same = form.submit(name="PREMIERS SECOURS", levels="a")
    assert (same.status, same.errors()) == (409, ["There is one with this name already."])
    assert same.form("Save").values()["levels"].strip() == "a"
    double = form.submit(name="Autre", levels="a\r\nA")
    assert (double.status, double.errors()) == (409, ["Two levels have the same name."])
    long = form.submit(name="Autre", levels="a\r\n" + "b" * 81)
    assert (long.status, long.says("#levels-error")) == (422, "A level has at most 80 characters.")
    assert "b" * 81 in long.at("#levels").get_text()
    assert ada.act("/staff/skills/1/levels/99", {"deed": "up", "name": "x"}).status == 404
    assert ada.act("/staff/skills/1/levels/1", {"deed": "burn", "name": "x"}).status == 400
    assert database.fingerprint() == before


def test_a_second_editor_gets_both_texts_also_when_only_the_levels_were_changed(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    _ada, page = added(agency, sign_in)
    pressed(page, 0, "down")
    late = page.form("Save").submit(name="Secourisme")
    assert late.status == 409
    assert late.form("Save").submit().status == 303
    assert database.all(select(Skill.name)) == ["Secourisme"]


def test_who_renames_a_level_second_is_told_its_new_name(agency: Agency, sign_in: SignIn, database: Database) -> None:
    _ada, page = added(agency, sign_in)
    pressed(page, 1, "rename", name="Avancé")
    for deed in ("rename", "up", "remove"):
        late = pressed(page, 1, deed, name="Solide")
        assert late.status == 409
        assert "Somebody changed this in the meantime." in late.words
        assert "What stands there now: Avancé" in late.says("ol.levels li:nth-child(2)")
        assert late.at("ol.levels li:nth-child(2) [name=name]")["value"] == "Solide"
    assert levels(database) == ["Initiation", "Avancé", "Formateur"]
    assert pressed(late, 1, "rename", name="Solide").status == 303
    assert levels(database) == ["Initiation", "Solide", "Formateur"]


def test_a_skill_out_of_use_is_marked(agency: Agency, sign_in: SignIn) -> None:
    ada, page = added(agency, sign_in)
    form = page.form("Save")
    values = {name: value for name, value in form.values().items() if name != "active"}
    assert ada.act(form.action, values).status == 303
    assert "No longer in use" in ada.get("/staff/skills").words
