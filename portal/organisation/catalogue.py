"""What an agency works with besides people: its services, and the skills of workers with their levels."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.attributes import flag_modified

from portal.accounts.models import User
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db
from portal.folding import without_accents
from portal.people.models import Sector, Service, Skill, SkillLevel, Versioned, WorkerSkill

Named = Sector | Service | Skill
Value = str | int | bool | None
Change = tuple[dict[str, object], dict[str, object]]


def add_named(thing: Named, typed: Mapping[str, Value]) -> None:
    """Keep something new under a name that nothing else of its kind has.

    Raises:
        Refused: the name is taken.
    """
    _refuse_taken(type(thing), None, typed["name"])
    for name, value in typed.items():
        setattr(thing, name, value)
    db.session.add(thing)
    _flush_named()


def change_named(thing: Named, typed: Mapping[str, Value], version: int) -> Change | None:
    """Write what was typed; return what it was and what it is now for the journal, None when all is as it was.

    Args:
        thing: of the catalogue.
        typed: by the names of its columns.
        version: of the thing, as the form showed it.

    Raises:
        Refused: somebody was faster, or the name is taken.
    """
    refuse_late(thing, version)
    before = {name: getattr(thing, name) for name in typed}
    changed = {name: value for name, value in typed.items() if value != before[name]}
    if not changed:
        return None
    _refuse_taken(type(thing), thing.id, typed["name"])
    for name, value in changed.items():
        setattr(thing, name, value)
    _flush_named()
    return {name: before[name] for name in changed}, changed | {"fields": sorted(changed)}


def refuse_late(thing: Versioned, version: int) -> None:
    """Let nobody write over what they have not seen.

    Raises:
        Refused: the thing has another version than the form showed.
    """
    if thing.version != version:
        raise Refused(_l("Somebody changed this in the meantime. Nothing of yours is saved yet: please look at what "
                         "differs, then save again."), "stale")  # fmt: skip


def _refuse_taken(kind: type[Named], own: int | None, name: Value) -> None:
    names = db.session.execute(select(kind.id, kind.name)).all()
    if any(row.id != own and without_accents(row.name) == without_accents(str(name)) for row in names):
        raise Refused(_l("There is one with this name already."), "name")


def _flush_named() -> None:
    try:
        with db.session.begin_nested():
            db.session.flush()
    except IntegrityError as clash:
        raise Refused(_l("There is one with this name already."), "name") from clash


# ---- services ----


def list_services() -> list[Service]:
    """All services, those that are offered first: what lists of visits are narrowed to, also to former ones."""
    return list(db.session.scalars(select(Service).order_by(Service.active.desc(), Service.name)))


def active_services() -> list[Service]:
    """The services that visits can be planned for."""
    return list(db.session.scalars(select(Service).where(Service.active).order_by(Service.name)))


def add_service(user: User, typed: Mapping[str, Value]) -> Service:
    """Add a service that visits can be planned for.

    Raises:
        Refused: the name is taken.
    """
    service = Service()
    add_named(service, typed)
    record("service.created", user, ("service", service.id), after={"name": service.name})
    return service


def change_service(user: User, service: Service, typed: Mapping[str, Value], version: int) -> None:
    """Change a service. One that is no longer offered stays with the visits that have it.

    Raises:
        Refused: somebody was faster, or the name is taken.
    """
    if changed := change_named(service, typed, version):
        record("service.changed", user, ("service", service.id), before=changed[0], after=changed[1])


# ---- skills and their levels ----


def list_skills() -> list[tuple[Skill, int]]:
    """All skills with their levels, and how many workers have each; those in use first."""
    having = select(func.count()).where(WorkerSkill.skill_id == Skill.id).scalar_subquery()
    chosen = select(Skill, having).options(selectinload(Skill.levels)).order_by(Skill.active.desc(), Skill.name)
    return [(row[0], row[1]) for row in db.session.execute(chosen)]


def skill_to_change(skill_id: int) -> Skill | None:
    """Return a skill, held: its levels are put in order by one person at a time."""
    return db.session.scalar(select(Skill).where(Skill.id == skill_id).with_for_update())


def add_skill(user: User, name: str, levels: list[str]) -> Skill:
    """Add a skill with its levels, the lowest first.

    Raises:
        Refused: the name is taken, or a level stands there twice.
    """
    skill = Skill()
    if len(set(map(without_accents, levels))) < len(levels):
        raise Refused(_l("Two levels have the same name."), "levels")
    add_named(skill, {"name": name, "active": True})
    skill.levels = [SkillLevel(rank=rank, name=level) for rank, level in enumerate(levels, 1)]
    db.session.flush()
    record("skill.created", user, ("skill", skill.id), after={"name": name, "levels": levels})
    return skill


def change_skill(user: User, skill: Skill, typed: Mapping[str, Value], version: int) -> None:
    """Rename a skill or take it out of use; workers who have it keep it.

    Raises:
        Refused: somebody was faster, or the name is taken.
    """
    if changed := change_named(skill, typed, version):
        record("skill.changed", user, ("skill", skill.id), before=changed[0], after=changed[1])


def add_level(user: User, skill: Skill, name: str) -> None:
    """Add a level above the others.

    Raises:
        Refused: the skill has a level of this name.
    """
    _refuse_twice(skill, None, name)
    skill.levels.append(SkillLevel(rank=len(skill.levels) + 1, name=name))
    _record_levels(user, skill, [level.name for level in skill.levels[:-1]])


def rename_level(user: User, skill: Skill, level: SkillLevel, name: str) -> None:
    """Give a level another name; whoever has it has it under the new one.

    Raises:
        Refused: the skill has another level of this name.
    """
    _refuse_twice(skill, level, name)
    before, level.name = [one.name for one in skill.levels], name
    _record_levels(user, skill, before)


def move_level(user: User, skill: Skill, level: SkillLevel, steps: int) -> None:
    """Move a level by some places among the others: -1 is towards the lowest. At the end it stays where it is."""
    before, levels = [one.name for one in skill.levels], list(skill.levels)
    place = levels.index(level)
    levels.insert(max(place + steps, 0), levels.pop(place))
    for rank, one in enumerate(levels, 1):
        one.rank = rank
    skill.levels.sort(key=lambda one: one.rank)
    _record_levels(user, skill, before)


def remove_level(user: User, skill: Skill, level: SkillLevel) -> None:
    """Take a level away that nobody has.

    Raises:
        Refused: workers have it.
    """
    having = db.session.scalar(select(func.count()).where(WorkerSkill.level_id == level.id)) or 0
    if having:
        raise Refused(_l("Workers have this level: give them another one first, or rename it."), "used")
    before = [one.name for one in skill.levels]
    skill.levels.remove(level)
    for rank, one in enumerate(skill.levels, 1):
        one.rank = rank
    _record_levels(user, skill, before)


def _refuse_twice(skill: Skill, own: SkillLevel | None, name: str) -> None:
    if any(level is not own and without_accents(level.name) == without_accents(name) for level in skill.levels):
        raise Refused(_l("This skill has a level of this name already."), "name")


def _record_levels(user: User, skill: Skill, before: list[str]) -> None:
    after = [level.name for level in skill.levels]
    if after == before:
        return
    flag_modified(skill, "name")  # levels alone would not count the version up
    db.session.flush()
    record("skill.changed", user, ("skill", skill.id), before={"levels": before}, after={"levels": after})
