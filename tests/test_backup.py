"""A backup that was put back is the agency as it was, whole, and sends nothing until a person says so."""

import io
import json
import shutil
import tarfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import create_engine, delete, select, text
from werkzeug.datastructures import FileStorage

from portal.backup import address, environment
from portal.extensions import db
from portal.files.actions import keep
from portal.files.store import store
from portal.outbox import jobs
from portal.outbox.actions import release_channel
from portal.outbox.models import Channel, Message
from portal.people.models import Client, Service, Worker
from portal.settings.actions import set_option
from tests import factories
from tests.conftest import Database, Mailbox, Templates, close, make_app, on_postgres
from tests.factories import Agency
from tests.files.test_keeping import content_of
from tests.servers import Cluster

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Run:
    """Run a command of `flask`, with the tests' own connections closed."""

    def run(*arguments: object, of: Flask = app) -> Result:
        with of.app_context():
            db.session.remove()
            db.engine.dispose()
        return of.test_cli_runner().invoke(args=[str(argument) for argument in arguments])

    return run


@dataclass
class Elsewhere:
    """Another machine: an empty database and an empty data folder."""

    app: Flask
    folder: Path
    database: Database


@pytest.fixture
def elsewhere(tmp_path: Path, templates: Templates, cluster: Cluster | None) -> Iterator[Elsewhere]:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    url = cluster.new_database() if cluster else f"sqlite:///{folder / 'portal.db'}"
    made = make_app(url, folder)
    yield Elsewhere(made, folder, Database(made))
    close(made)
    if cluster:
        cluster.drop_database(url)


@pytest.fixture
def backup(app: Flask, agency: Agency, run: Run, tmp_path: Path) -> Path:
    """The story, with a file in the data folder, in a backup."""
    attached = tmp_path / "attachments" / "17"
    attached.mkdir(parents=True)
    (attached / "photo.jpg").write_bytes(b"a photo")
    file = tmp_path / "of-today.tar.gz"
    ended = run("backup", file)
    assert ended.exit_code == 0, ended.output
    return file


def without_the_hold(rows: dict[str, list]) -> dict[str, list]:
    return {name: found for name, found in rows.items() if name not in ("message_channel", "audit_entry")}


def test_what_is_put_back_elsewhere_is_the_same_row_for_row_and_file_for_file(
    database: Database, backup: Path, run: Run, elsewhere: Elsewhere
) -> None:
    ended = run("restore", backup, of=elsewhere.app)
    assert ended.exit_code == 0, ended.output
    assert "All messages are held" in ended.output
    assert without_the_hold(elsewhere.database.fingerprint()) == without_the_hold(database.fingerprint())
    assert (elsewhere.folder / "attachments/17/photo.jpg").read_bytes() == b"a photo"
    again = elsewhere.folder / "again.tar.gz"
    assert run("backup", again, of=elsewhere.app).exit_code == 0
    assert run("restore", again, "--replace", of=elsewhere.app).exit_code == 0, "a second time round works as well"
    assert without_the_hold(elsewhere.database.fingerprint()) == without_the_hold(database.fingerprint())
    with elsewhere.database.writing():
        factories.sector("A new row finds its number")


def test_what_people_attached_comes_back_wherever_it_is_kept_now(
    app: Flask, agency: Agency, database: Database, run: Run, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    with database.writing():
        (made,) = keep(agency.claire.user, [FileStorage(io.BytesIO(factories.picture()), "photo.png")])
        content = content_of(app, made.public_id)
        store().write("not-ours", b"x")
    (tmp_path / "files" / made.public_id[0] / ".half.0a1b2c3d.partial").write_bytes(b"half")
    assert run("backup", tmp_path / "b.tar.gz").exit_code == 0
    elsewhere.app.config["PORTAL_STORAGE_URL"] = str(tmp_path / "disk of its own")
    ended = run("restore", tmp_path / "b.tar.gz", of=elsewhere.app)
    assert ended.exit_code == 0, ended.output
    assert content_of(elsewhere.app, made.public_id) == content
    assert content_of(elsewhere.app, made.thumbnail_name)
    found = [path.name for path in (tmp_path / "disk of its own").rglob("*") if path.is_file()]
    assert sorted(found) == sorted([made.public_id, made.thumbnail_name])
    with opened(tmp_path / "b.tar.gz") as files:
        plant("attached/../planted")(files)
    assert "no whole backup" in run("restore", tmp_path / "b.tar.gz", "--replace", of=elsewhere.app).output
    elsewhere.app.config["PORTAL_STORAGE_URL"] = str(tmp_path / "b.tar.gz" / "x")
    assert run("backup", tmp_path / "c.tar.gz").exit_code == 0
    ended = run("restore", tmp_path / "c.tar.gz", "--replace", of=elsewhere.app)
    assert "Nothing was changed. Attached files cannot be put back" in ended.output


def test_a_message_that_left_after_the_backup_waits_for_a_person_and_one_that_was_promised_is_not_lost(
    app: Flask, agency: Agency, database: Database, run: Run, tmp_path: Path, mailbox: Mailbox
) -> None:
    with database.writing():
        for key, value in (("ratings.request_delay_minutes", "0"), ("ratings.request_window", "always")):
            set_option(None, key, value)
        client, service = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.cleaning)
        factories.done_visit(client, service, [db.session.get_one(Worker, agency.wassim.id)], hour=7, ask=True)
    file = tmp_path / "before.tar.gz"
    assert run("backup", file).exit_code == 0
    assert len(mailbox.collect()) == 1
    ended = run("restore", file, "--replace")
    assert ended.exit_code == 0, ended.output
    with app.app_context():
        assert jobs.sweep(inline=True) >= 1
    assert mailbox.collect() == []
    why = database.one(select(Channel.held_why))
    assert why.startswith("A backup of 2026-11-17")
    with database.writing():
        release_channel(None)
    assert [mail["To"] for mail in mailbox.collect()] == [mailbox.received[0]["To"]]
    assert database.all(select(Message.state).where(Message.kind == "ratings.request")) == ["sent"]


def test_a_database_that_holds_something_is_not_written_over_unasked(
    database: Database, backup: Path, run: Run
) -> None:
    with database.writing():
        factories.sector("Only here")
    before = database.fingerprint()
    ended = run("restore", backup)
    assert ended.exit_code == 1
    assert "The database is not empty" in ended.output
    assert database.fingerprint() == before
    assert run("restore", backup, "--replace").exit_code == 0
    assert database.all(text("SELECT name FROM sector WHERE name = 'Only here'")) == []  # ty: ignore[invalid-argument-type]


def test_while_the_portal_runs_nothing_is_put_back(app: Flask, database: Database, backup: Path, run: Run) -> None:
    before, engine = database.fingerprint(), create_engine(app.config["SQLALCHEMY_DATABASE_URI"])
    with engine.connect() as connection:
        connection.execute(text("SELECT 1 FROM sector"))
        ended = run("restore", backup, "--replace")
    engine.dispose()
    assert ended.exit_code == 1
    assert "stop it first" in ended.output
    assert database.fingerprint() == before


@contextmanager
def opened(file: Path) -> Generator[dict[str, bytes]]:
    """The files of a backup, to be changed; written back at the end."""
    with tarfile.open(file) as tar:
        found = {member.name: (tar.extractfile(member) or io.BytesIO()).read() for member in tar}
    yield found
    with tarfile.open(file, "w:gz") as tar:
        for name, content in found.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def damaged(files: dict[str, bytes]) -> None:
    files["database"] = flip(files["database"])


def missing(files: dict[str, bytes]) -> None:
    del files["files/attachments/17/photo.jpg"]


def added(files: dict[str, bytes]) -> None:
    files["files/planted"] = b"x"


def outside(files: dict[str, bytes]) -> None:
    files["files/../../../planted"] = b"x"


def no_manifest(files: dict[str, bytes]) -> None:
    del files["manifest.json"]


def other_engine(files: dict[str, bytes]) -> None:
    manifest = json.loads(files["manifest.json"])
    manifest["engine"] = "sqlite" if on_postgres() else "postgresql"
    files["manifest.json"] = json.dumps(manifest).encode()


def newer(files: dict[str, bytes]) -> None:
    manifest = json.loads(files["manifest.json"])
    manifest["revision"] = "9999"
    files["manifest.json"] = json.dumps(manifest).encode()


def half_a_database(files: dict[str, bytes]) -> None:
    """The sums fit, the content does not: whatever made this file, nothing of ours may be lost to it."""
    half = files["database"][: len(files["database"]) // 2]
    manifest = json.loads(files["manifest.json"])
    manifest["sums"]["database"] = sha256(half).hexdigest()
    files |= {"database": half, "manifest.json": json.dumps(manifest).encode()}


def plant(name: str) -> Callable[[dict[str, bytes]], None]:
    """A file more, with its sum: only its name is wrong."""

    def planted(files: dict[str, bytes]) -> None:
        manifest = json.loads(files["manifest.json"])
        manifest["sums"][name] = sha256(b"planted").hexdigest()
        files |= {name: b"planted", "manifest.json": json.dumps(manifest).encode()}

    return planted


def say(**values: object) -> Callable[[dict[str, bytes]], None]:
    """A manifest that says something else, or nothing (None)."""

    def changed(files: dict[str, bytes]) -> None:
        manifest = json.loads(files["manifest.json"]) | values
        kept = {key: value for key, value in manifest.items() if value is not None}
        files["manifest.json"] = json.dumps(kept).encode()

    return changed


@pytest.mark.parametrize(
    "name",
    ["portal.db", "portal.db-wal", "portal.db/x", "valkey.url", "valkey/dump.rdb", "up.lock", "backups/a", "a.partial"],
)
def test_a_tampered_backup_writes_over_neither_the_database_nor_what_the_processes_keep(
    app: Flask, database: Database, backup: Path, run: Run, tmp_path: Path, name: str
) -> None:
    if name.startswith("portal.db") and on_postgres():
        pytest.skip("this database is no file")
    name = name.replace("portal.db", Path(str(app.config["SQLALCHEMY_DATABASE_URI"])).name)
    before = database.fingerprint()
    with opened(backup) as files:
        plant(f"files/{name}")(files)
    ended = run("restore", backup, "--replace")
    assert ended.exit_code == 1, ended.output
    assert f"Error: Nothing was changed. No backup of the portal holds files/{Path(name).parts[0]}" in ended.output
    assert database.fingerprint() == before
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.read_bytes() == b"planted"]


def test_a_file_that_cannot_be_put_where_it_was_is_found_out_before_anything_is_changed(
    database: Database, backup: Path, run: Run, tmp_path: Path
) -> None:
    with database.writing():
        factories.sector("Only here")
    before = database.fingerprint()
    photo = tmp_path / "attachments/17/photo.jpg"
    photo.unlink()
    photo.mkdir()
    ended = run("restore", backup, "--replace")
    assert (ended.exit_code, database.fingerprint()) == (1, before)
    assert "is in the way of files/attachments/17/photo.jpg" in ended.output


@pytest.mark.parametrize(
    "spoil",
    [say(rows=None), say(rows=[1]), say(rows={"client": "many"}), say(made_at=None), say(revision=7), say(engine=None),
     say(sums=None), say(sums=[]), say(sums={"database": 1}), plant("elsewhere")],
    ids=range(10),
)  # fmt: skip
def test_a_manifest_that_lacks_something_is_refused_in_a_sentence(
    database: Database, backup: Path, run: Run, spoil: Callable
) -> None:
    with database.writing():
        factories.sector("Only here")
    before = database.fingerprint()
    with opened(backup) as files:
        spoil(files)
    for arguments in (("--check", backup), (backup, "--replace")):
        ended = run("restore", *arguments)
        assert ended.exit_code == 1, ended.output
        assert ended.output.startswith(f"Error: {backup} is no whole backup of the portal")
    assert database.fingerprint() == before


@pytest.mark.parametrize(
    ("spoil", "said"),
    [(damaged, "is damaged: database"), (missing, "does not hold the files"), (added, "does not hold the files"),
     (outside, "no whole backup"), (no_manifest, "no whole backup"), (other_engine, "PORTAL_DATABASE_URL names"),
     (newer, "by a newer portal"), (half_a_database, "")],
    ids=lambda value: getattr(value, "__name__", None),
)  # fmt: skip
def test_a_backup_that_is_not_whole_or_not_ours_changes_nothing(
    database: Database, backup: Path, run: Run, tmp_path: Path, spoil: Callable, said: str
) -> None:
    before = database.fingerprint()
    with opened(backup) as files:
        spoil(files)
    ended = run("restore", backup, "--replace")
    assert ended.exit_code == 1, ended.output
    assert ended.output.startswith("Error: ")
    assert said in ended.output
    assert database.fingerprint() == before
    assert not list(tmp_path.rglob("planted"))


def test_a_file_that_was_cut_off_is_refused_by_the_check_too(backup: Path, run: Run) -> None:
    assert run("restore", "--check", backup).output.startswith(f"{backup} is whole: 2026-11-17")
    backup.write_bytes(backup.read_bytes()[:-200])
    ended = run("restore", "--check", backup)
    assert (ended.exit_code, "no whole backup" in ended.output) == (1, True)


def test_a_backup_is_private_and_leaves_nothing_beside_it(backup: Path, run: Run, tmp_path: Path) -> None:
    assert backup.stat().st_mode & 0o077 == 0
    assert not list(tmp_path.glob(".*"))
    with tarfile.open(backup) as tar:
        names = tar.getnames()
    assert not [name for name in names if "valkey" in name or "portal.db" in name or name.endswith(".tar.gz")]
    ended = run("backup", backup)
    assert (ended.exit_code, "is there already" in ended.output) == (1, True)


def test_a_backup_that_cannot_be_written_leaves_nothing(run: Run, agency: Agency, tmp_path: Path) -> None:
    folder = tmp_path / "nowhere"
    ended = run("backup", folder / "x.tar.gz")
    assert ended.exit_code == 1
    assert "could not be written" in ended.output
    assert not folder.exists()


def test_a_target_that_is_a_folder_gets_a_file_with_the_date_in_its_name(
    run: Run, agency: Agency, tmp_path: Path
) -> None:
    (tmp_path / "backups").mkdir()
    assert run("backup", tmp_path / "backups").exit_code == 0
    (made,) = (tmp_path / "backups").iterdir()
    assert made.name.startswith("suivi-2026-11-17-")
    shutil.rmtree(tmp_path / "backups")


@pytest.mark.skipif(on_postgres(), reason="this is about SQLite's files")
def test_a_copy_of_sqlites_file_without_its_log_would_miss_rows_and_a_backup_does_not(
    database: Database, agency: Agency, run: Run, tmp_path: Path, elsewhere: Elsewhere
) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/portal.db")  # somebody who is always connected keeps the log alive
    with engine.connect() as company:
        company.execute(text("SELECT 1 FROM sector"))
        with database.writing():
            factories.sector("In the log alone")
        naive = (tmp_path / "portal.db").read_bytes()
        ended = database.app.test_cli_runner().invoke(args=["backup", str(tmp_path / "b.tar.gz")])
        assert ended.exit_code == 0, ended.output
    engine.dispose()
    assert b"In the log alone" not in naive
    assert run("restore", tmp_path / "b.tar.gz", of=elsewhere.app).exit_code == 0
    assert elsewhere.database.all(text("SELECT count(*) FROM sector WHERE name = 'In the log alone'")) == [1]  # ty: ignore[invalid-argument-type]


def test_the_password_of_the_database_is_in_no_argument() -> None:
    url = create_engine("postgresql://suivi:s3cret@db.example.org:5433/portal?sslmode=require").url
    assert address(url) == "postgresql://suivi@db.example.org:5433/portal?sslmode=require"
    assert environment(url)["PGPASSWORD"] == "s3cret"


def test_a_restored_row_that_is_deleted_stays_deleted(database: Database, backup: Path, run: Run) -> None:
    """The database that was put back is an ordinary one: it writes, and it keeps its rules."""
    assert run("restore", backup, "--replace").exit_code == 0
    with database.writing():
        db.session.execute(delete(Channel))
    assert database.count(Channel) == 0
