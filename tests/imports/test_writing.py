"""Writing a file: what was killed goes on, what changed meanwhile is left out, every deed is in the journal."""

import pytest
from sqlalchemy import func, select

from portal.audit.models import AuditEntry
from portal.errors import Refused
from portal.extensions import db, wires, writing
from portal.imports import actions, jobs
from portal.imports.models import ImportLine
from portal.people.models import Service
from portal.ratings.models import RatedWorker, RatingSubject
from portal.visits.actions import plan_visit
from portal.visits.models import Visit
from tests.factories import at
from tests.imports.conftest import Office, Seen

LINE = "Claire Lefèvre;20/11/2026;9h30;Ménage;Wassim Haddad;1h30;"


def many(count: int) -> list[str]:
    return [
        f"Claire Lefèvre;{1 + number % 28}/12/2026;{8 + number // 28}h;Ménage;Wassim Haddad;45;"
        for number in range(count)
    ]


class Killed(BaseException):
    """What a process feels of kill -9: nothing runs after it."""


def test_a_run_killed_half_way_goes_on_where_it_stopped(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "BATCH", 10)
    seen = office.preview(*many(35))
    with writing():
        actions.let_write(seen.imported, {})
        db.session.commit()

    def die_at_twenty(done: int, total: int | None = None) -> None:
        if done >= 20:
            raise Killed
        db.session.commit()

    with pytest.raises(Killed):
        jobs.write_import(seen.imported, die_at_twenty)
    db.session.rollback()
    assert len(office.visits()) == 10
    assert db.session.scalar(select(func.count()).select_from(ImportLine).where(ImportLine.written)) == 10
    jobs.write_import(seen.imported, lambda done, total=None: db.session.commit())
    assert len(office.visits()) == 35
    assert seen.imported.counts == {"create": 35}
    assert db.session.scalars(select(AuditEntry.kind)).all().count("visit.planned") == 35


def test_a_preview_killed_half_way_starts_anew(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "BATCH", 10)
    imported = actions.keep_file(
        None,
        "visits",
        "f.csv",
        "\n".join(["Client;Date;Prestation", *(["Claire Lefèvre;1/12/2026;Ménage"] * 25)]).encode(),
        {},
    )
    db.session.commit()

    def die_at_ten(done: int, total: int | None = None) -> None:
        db.session.commit()
        if done >= 10:
            raise Killed

    with pytest.raises(Killed):
        jobs.plan_import(imported, die_at_ten)
    db.session.rollback()
    jobs.plan_import(imported, lambda done, total=None: db.session.commit())
    assert Seen(imported).outcomes == ["draft"] + ["unchanged"] * 24


def test_two_processes_at_one_file_write_each_line_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second starts while the first is half-way, with a picture of the records from before."""
    monkeypatch.setattr(jobs, "BATCH", 10)
    seen = office.preview(*many(30))
    with writing():
        actions.let_write(seen.imported, {})
        db.session.commit()
    started = []

    def let_the_other_in(done: int, total: int | None = None) -> None:
        db.session.commit()
        if not started:
            started.append(done)
            jobs.write_import(seen.imported, lambda done, total=None: db.session.commit())

    jobs.write_import(seen.imported, let_the_other_in)
    assert len(office.visits()) == 30
    assert seen.imported.counts == {"create": 30}


def test_a_visit_planned_by_hand_after_the_preview_is_not_doubled(office: Office) -> None:
    seen = office.preview(LINE, LINE.replace("20/11", "21/11"))
    service = db.session.scalars(select(Service)).one()
    plan_visit(None, office.claire, service, [office.aissatou], at(3, 9, 30), 90)
    db.session.commit()
    seen.write()
    assert (seen.outcomes, seen.codes) == (["refused", "create"], ["changed_since"])
    assert len(office.visits()) == 2


def test_a_visit_planned_by_hand_while_the_file_is_written_is_not_doubled(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = office.preview(LINE, LINE.replace("20/11", "21/11"))
    service = db.session.scalars(select(Service)).one()
    batches = jobs._batches

    def meanwhile(*args):
        plan_visit(None, office.claire, service, [office.wassim], at(3, 9, 30), 90)
        db.session.commit()
        return batches(*args)

    monkeypatch.setattr(jobs, "_batches", meanwhile)
    seen.write()
    assert seen.outcomes == ["unchanged", "create"]
    assert len(office.visits()) == 2


def test_a_client_put_out_of_use_after_the_preview_is_left_out(office: Office) -> None:
    seen = office.preview(LINE)
    office.claire.active = False
    db.session.commit()
    seen.write()
    assert (seen.outcomes, seen.codes, office.visits()) == (["refused"], ["inactive_client"], [])


def test_a_visit_that_clients_have_rated_cannot_be_cancelled_and_the_others_go_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles = "Client;Date;Heure;Prestation;Intervenant;État"
    first, second = (f"Claire Lefèvre;{day}/11/2026;9h;Ménage;Wassim Haddad;" for day in (10, 11))
    office.bring_in(first, second, titles=titles)

    def refuse(visits: list[Visit]) -> None:
        if visits[0].local_start.day == 10:
            raise Refused("This visit has been rated.", "rated")

    monkeypatch.setitem(wires.reactions, "visit cancelled", [refuse])
    seen = office.bring_in(first + "Annulée", second + "Annulée", titles=titles)
    assert (seen.outcomes, [visit.state for visit in office.visits()]) == (
        ["refused", "change"],
        ["planned", "cancelled"],
    )
    assert seen.lines[0].notes == [["as_said", {"sentence": "This visit has been rated."}]]


def test_many_visits_done_at_once_open_their_ratings(office: Office) -> None:
    titles = "Client;Date;Heure;Prestation;Intervenant;État"
    lines = [
        f"Claire Lefèvre;{day}/11/2026;9h;Ménage;{who};Réalisée"
        for day in (10, 11)
        for who in ("Wassim Haddad", "N'Diaye Aïssatou")
    ]
    office.bring_in(*lines, titles=titles)
    assert db.session.scalar(select(func.count()).select_from(RatingSubject)) == 2
    assert db.session.scalar(select(func.count()).select_from(RatedWorker)) == 4


def test_the_lines_of_one_visit_are_never_parted_by_a_batch(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "BATCH", 1)
    test_many_visits_done_at_once_open_their_ratings(office)


def test_every_deed_is_in_the_journal_with_its_actor(office: Office) -> None:
    office.bring_in(LINE.replace("Ménage", "Jardin"), user=office.sofia)
    office.bring_in(LINE.replace("Ménage", "Jardin").replace("1h30", "2h"), user=office.sofia)
    entries = db.session.execute(select(AuditEntry.kind, AuditEntry.account_id).order_by(AuditEntry.id)).all()
    assert [kind for kind, _ in entries] == [
        "import.uploaded", "service.created", "visit.planned", "import.ran",
        "import.uploaded", "visit.changed", "import.ran",
    ]  # fmt: skip
    assert {account for _, account in entries} == {office.sofia.account_id}


def test_the_file_itself_is_forgotten_once_it_is_written(office: Office) -> None:
    seen = office.bring_in(LINE)
    assert (seen.imported.content, seen.imported.state) == (None, "done")


def test_a_failing_journal_writes_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = office.preview(LINE)
    monkeypatch.setattr("portal.visits.bulk.record_all", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        seen.write()
    db.session.rollback()
    assert office.visits() == []
