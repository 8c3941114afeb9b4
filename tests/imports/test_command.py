"""`flask import`, and the sample files, on the demo agency."""

import csv
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from portal import clock
from portal.demo import build
from portal.extensions import db
from portal.imports import cli, jobs
from portal.imports.models import Import, ImportLine
from portal.people.models import Client, Service, Worker
from portal.settings.actions import set_option
from portal.visits.models import Visit
from portal.work import jobs as jobs_of_work
from portal.work.models import Work
from tests.conftest import Database

SAMPLES = Path(__file__).parents[2] / "docs" / "samples"


@pytest.fixture
def demo(app: Flask, database: Database) -> Database:
    with database.writing():
        build()
        set_option(None, "agency.language", "en")
    return database


def run(app: Flask, *words: str | Path) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["import", *map(str, words)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.exit_code, result.output


def outcomes(database: Database) -> list[str]:
    return list(database.all(select(ImportLine.outcome).order_by(ImportLine.import_id.desc(), ImportLine.number)))


def test_the_french_sample(app: Flask, demo: Database) -> None:
    code, said = run(app, "visits", SAMPLES / "visits-fr.csv")
    assert code == 2
    assert outcomes(demo) == [
        "create", "create", "create", "change", "create", "refused", "draft", "refused", "create", "refused",
    ]  # fmt: skip
    assert "the clocks go forward" in said
    assert "“31/11/2026” is not a date" in said
    assert demo.count(Service, Service.name == "Repassage d’été") == 1
    before = demo.count(Visit)
    assert run(app, "visits", SAMPLES / "visits-fr.csv")[0] == 2
    assert demo.count(Visit) == before


@pytest.mark.parametrize(
    ("kind", "name", "code", "expected"),
    [
        ("visits", "visits-ru.csv", 0, ["create", "create", "draft"]),
        ("visits", "visits.xlsx", 0, ["create", "create", "create", "create"]),
        ("clients", "clients.csv", 2, ["change", "unchanged", "create", "create", "refused", "refused"]),
        ("workers", "workers.csv", 0, ["change", "change", "unchanged", "create"]),
    ],
)
def test_the_other_samples(app: Flask, demo: Database, kind: str, name: str, code: int, expected: list[str]) -> None:
    assert (run(app, kind, SAMPLES / name)[0], outcomes(demo)) == (code, expected)


def test_an_interrupted_import_is_not_in_the_way_of_the_next(
    app: Flask, demo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "_write_batch", interrupt)
        result = app.test_cli_runner().invoke(args=["import", "visits", str(SAMPLES / "visits-ru.csv")])
        assert result.exit_code == 1
    assert demo.all(select(Import.state)) == ["ready"]
    assert demo.all(select(Work.state).order_by(Work.id)) == ["done", "failed"]
    assert run(app, "visits", SAMPLES / "visits-ru.csv")[0] == 0


def test_a_killed_import_is_finished_by_a_worker_and_the_next_is_told_to_wait(
    app: Flask, demo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(cli, "run", lambda work_id: jobs_of_work.run(work_id) if work_id == 1 else None)
        run(app, "visits", SAMPLES / "visits-ru.csv")
    assert demo.all(select(Import.state)) == ["running"]
    code, said = run(app, "visits", SAMPLES / "visits-fr.csv")
    assert (code, "Another file is being written" in said) == (1, True)
    with demo.writing():
        long_ago = clock.now() - timedelta(minutes=5)
        db.session.execute(update(Work).where(Work.state == "waiting").values(beat_at=long_ago))
    with app.app_context():
        jobs_of_work.sweep()
    assert demo.all(select(Import.state).where(Import.id == 1)) == ["done"]


def test_a_dry_run_writes_nothing(app: Flask, demo: Database) -> None:
    counts = [demo.count(kind) for kind in (Visit, Client, Worker, Service)]
    for kind, name in (("visits", "visits-fr.csv"), ("clients", "clients.csv"), ("workers", "workers.csv")):
        _, said = run(app, kind, SAMPLES / name, "--dry-run")
        assert "To c" in said
    assert [demo.count(kind) for kind in (Visit, Client, Worker, Service)] == counts
    assert demo.count(ImportLine) == 0
    assert set(demo.all(select(Import.state))) == {"discarded"}


def test_refused_lines_are_written_to_a_file(app: Flask, demo: Database, tmp_path: Path) -> None:
    run(app, "visits", SAMPLES / "visits-fr.csv", "--refused", tmp_path / "refused.csv")
    with (tmp_path / "refused.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file, delimiter=";"))
    assert [line[0] for line in lines] == ["Client", "D'ANGELO Eloise", "Claire Lefèvre", "Paul Personne"]


def test_an_unreadable_file_says_why(app: Flask, demo: Database, tmp_path: Path) -> None:
    (tmp_path / "photo.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(30))
    assert run(app, "visits", tmp_path / "photo.csv") == (1, "This is neither a CSV nor an XLSX file.\n")


def test_a_wrong_kind_or_a_missing_file_is_a_usage_error(app: Flask, demo: Database, tmp_path: Path) -> None:
    assert run(app, "notes", SAMPLES / "clients.csv")[0] == 2
    assert run(app, "visits", tmp_path / "nowhere.csv")[0] == 2
