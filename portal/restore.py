"""`flask restore`: put a backup back, whole or not at all, with every message held until a person lets it go.

Messages that left after the backup was taken are waiting in it: let go unseen, they would leave a second time.
"""

import json
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from shutil import copyfile, copyfileobj

from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import URL, inspect, literal, select, text

from portal.backup import (
    ATTACHED,
    DATABASE,
    FILES,
    FORM,
    MANIFEST,
    BackupError,
    address,
    checksum,
    environment,
    is_passing,
    own_files,
)
from portal.extensions import db, writing
from portal.files.store import OURS, store, try_out
from portal.outbox.actions import hold_channel

WHY = "A backup of {made_at} was put back. What has left since then waits here once more: look before you let it go."
# a process that starts in the same second must find the hold: it is written with the rows
HOLD = """
INSERT INTO message_channel (name, held_since, held_why) VALUES ('mail', CURRENT_TIMESTAMP, 'restore')
ON CONFLICT (name) DO UPDATE SET held_since = CURRENT_TIMESTAMP, held_why = 'restore';
"""


def check(file: Path) -> str:
    """Return a line about a backup that is whole.

    Raises:
        BackupError: it is not.
    """
    with _unpacked(file) as (_, manifest):
        rows = sum(manifest["rows"].values())
        return f"{file} is whole: {manifest['made_at'][:16]} UTC, {manifest['engine']}, {rows} rows."


def put_back(app: Flask, file: Path, *, replace: bool) -> str:
    """Put a backup into the database and the data folder of this installation; return what to do next.

    The last word, why messages are held, is left for the caller to commit.

    Args:
        app: the portal, whose processes do not run.
        file: as `flask backup` wrote it.
        replace: what the database holds now may go.

    Raises:
        BackupError: the file is not whole or not for this database, or that one is not empty, or in use.
    """
    with _unpacked(file) as (folder, manifest):
        _refuse_what_does_not_fit(app, manifest)
        _refuse_files_that_are_not_ours_to_write(app.config["PORTAL_DATA_DIR"], folder / FILES)
        _refuse_a_full_database(replace=replace)
        if complaint := try_out():
            raise BackupError(f"Nothing was changed. Attached files cannot be put back: {complaint}")
        db.session.remove()
        url = db.engine.url
        db.engine.dispose()
        if manifest["engine"] == "sqlite":
            _put_back_sqlite(url, folder / DATABASE)
        else:
            _put_back_postgres(url, folder / DATABASE)
        _put_back_files(app.config["PORTAL_DATA_DIR"], folder / FILES)
        for path in sorted((folder / ATTACHED).rglob("*")):
            if path.is_file():
                store().write(path.name, path.read_bytes())
    upgrade()
    _say_why(manifest["made_at"][:16])
    return (
        f"{sum(manifest['rows'].values())} rows of {manifest['made_at'][:16]} UTC are back. All messages are held.\n"
        "Start the portal, look at Outgoing messages, cancel what has left already, then let them go there."
    )


@contextmanager
def _unpacked(file: Path) -> Generator[tuple[Path, dict]]:
    """Unpack a backup beside the system's temporary files, and compare every sum before anybody reads it."""
    with tempfile.TemporaryDirectory(prefix="suivi-") as name:
        folder = Path(name)
        try:
            _unpack(file, folder)
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            form, sums = manifest["form"], _names_and_sums(manifest)
        except (tarfile.TarError, EOFError, OSError, ValueError, KeyError, TypeError) as error:
            raise BackupError(f"{file} is no whole backup of the portal: {error}.") from error
        if form != FORM:
            raise BackupError(f"{file} was written by another version of the portal.")
        there = {str(PurePosixPath(path.relative_to(folder))) for path in folder.rglob("*") if path.is_file()}
        if there != {*sums, MANIFEST}:
            raise BackupError(f"{file} does not hold the files that it says it holds.")
        for name_, value in sums.items():
            if checksum(folder / name_) != value:
                raise BackupError(f"{file} is damaged: {name_} is not what was written.")
        yield folder, manifest


def _names_and_sums(manifest: dict) -> dict[str, str]:
    """Return the sums of a manifest that says all that is asked of it later, when it is too late to refuse.

    Raises:
        ValueError: it does not.
    """
    sums, rows = manifest["sums"], manifest.get("rows")
    texts = [manifest.get("made_at"), manifest.get("engine"), manifest.get("revision")]
    if not all(isinstance(text_, str) for text_ in [*texts, *dict(sums).values()]):
        raise ValueError("its manifest does not say when, of what and at which version it was made")
    if not isinstance(rows, dict) or not all(isinstance(number, int) for number in rows.values()):
        raise ValueError("its manifest does not say how many rows it holds")
    strange = [name for name in sums if name != DATABASE and not _is_known(PurePosixPath(name))]
    if DATABASE not in sums or strange:
        raise ValueError(f"it holds {strange[0]!r}" if strange else "it holds no database")
    return dict(sums)


def _is_known(name: PurePosixPath) -> bool:
    """Whether a backup of ours may hold it."""
    return name.parts[0] == FILES or (name.parts[0] == ATTACHED and bool(OURS.fullmatch(name.name)))


def _unpack(file: Path, folder: Path) -> None:
    """Write the files of a tar below a folder, plain files only, none of them elsewhere."""
    with tarfile.open(file, "r|gz") as tar:
        for member in tar:
            name, source = PurePosixPath(member.name), tar.extractfile(member)
            if not member.isfile() or source is None or name.is_absolute() or ".." in name.parts:
                raise ValueError(f"it holds {member.name!r}")
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("wb") as target:
                copyfileobj(source, target)


def _refuse_what_does_not_fit(app: Flask, manifest: dict) -> None:
    engine = db.engine.dialect.name
    if manifest["engine"] != engine:
        raise BackupError(f"This backup is of {manifest['engine']}, PORTAL_DATABASE_URL names {engine}.")
    scripts = ScriptDirectory(str(Path(app.root_path) / "migrations"))
    try:
        scripts.get_revision(manifest["revision"])
    except CommandError:
        raise BackupError("This backup was written by a newer portal: install that version first.") from None


def _refuse_files_that_are_not_ours_to_write(data_dir: Path, folder: Path) -> None:
    """No backup of ours holds the database among its files, or what the running processes keep beside them."""
    own = own_files()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        place = data_dir / name
        if is_passing(name.parts[0]) or place.resolve() in own:
            raise BackupError(
                f"Nothing was changed. No backup of the portal holds {FILES}/{name}: do not trust this one."
            )
        if place.exists() and path.is_dir() != place.is_dir():
            raise BackupError(f"Nothing was changed. {place} is in the way of {FILES}/{name} of this backup.")


def _refuse_a_full_database(*, replace: bool) -> None:
    found = inspect(db.engine)
    tables = [table for table in db.metadata.sorted_tables if found.has_table(table.name)]
    full = any(db.session.scalar(select(literal(1)).select_from(table).limit(1)) for table in tables)
    db.session.rollback()
    if full and not replace:
        raise BackupError("The database is not empty. Make a backup of it, then say --replace if it may go.")


def _put_back_sqlite(url: URL, copy: Path) -> None:
    """Prepare the copy, hold and all, beside the database, then put it in its place in one step."""
    place = Path(str(url.database)).resolve()
    _refuse_company(place)
    ready = place.with_name(f".{place.name}.restored")
    try:
        copyfile(copy, ready)
        ready.chmod(0o600)
        with closing(sqlite3.connect(ready, isolation_level=None)) as connection:
            whole = connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            connection.execute(HOLD)
    except (sqlite3.Error, OSError) as error:
        ready.unlink(missing_ok=True)
        raise BackupError(f"Nothing was changed. The database of this backup cannot be used: {error}.") from error
    if not whole:
        ready.unlink(missing_ok=True)
        raise BackupError("Nothing was changed. The database in this backup is damaged.")
    for end in ("-wal", "-shm"):
        place.with_name(place.name + end).unlink(missing_ok=True)
    ready.replace(place)


def _refuse_company(place: Path) -> None:
    """SQLite leaves its write-ahead log only when nobody else has the database open."""
    if not place.exists():
        return
    try:
        with closing(sqlite3.connect(place, timeout=1, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError:
        raise BackupError("The portal is running: stop it first.") from None
    except sqlite3.DatabaseError:
        return  # what is there is damaged: that is what backups are for


def _put_back_postgres(url: URL, dump: Path) -> None:
    """Everything in one transaction: the tables that were there go, those of the backup come, messages are held."""
    with db.engine.connect() as connection:
        company = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        if connection.execute(company).scalar_one():
            raise BackupError("The portal is running (somebody is connected to its database): stop it first.")
    db.engine.dispose()
    dumped = ["pg_restore", "--no-owner", "--no-privileges", "--file=-", str(dump)]
    target = ["psql", "--quiet", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1", "--file=-"]
    target.append(f"--dbname={address(url)}")
    pipe, told = subprocess.PIPE, environment(url)
    try:
        with (
            subprocess.Popen(dumped, stdout=pipe) as reader,
            subprocess.Popen(target, stdin=pipe, stdout=subprocess.DEVNULL, stderr=pipe, env=told) as writer,
        ):
            complaint = _feed(reader, writer)
    except FileNotFoundError as error:
        raise BackupError(f"{error.filename} is not installed; on Debian: apt install postgresql-client") from None
    if complaint:
        raise BackupError(f"Nothing was changed. {complaint}")


def _feed(reader: subprocess.Popen, writer: subprocess.Popen) -> str | None:
    """Pour one program into the other, with our own words around; return a complaint, or None when it went well.

    A reader that fails half-way must not be taken for one that is done: the transaction then ends with its connection.
    """
    assert reader.stdout and writer.stdin and writer.stderr  # noqa: S101 - opened as pipes
    try:
        writer.stdin.write(b"SET client_min_messages = warning; DROP SCHEMA public CASCADE;\n")
        copyfileobj(reader.stdout, writer.stdin)
        if reader.wait():
            writer.kill()
        writer.stdin.write(f"\nSET search_path = public;{HOLD}".encode())
        writer.stdin.close()
    except BrokenPipeError:
        reader.kill()
    said = writer.stderr.read().decode("utf-8", "replace").strip()
    return None if writer.wait() == 0 and reader.wait() == 0 else said or "pg_restore could not read the backup."


def _put_back_files(data_dir: Path, folder: Path) -> None:
    """Copy the files of the backup to where they were; others stay."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            place = data_dir / path.relative_to(folder)
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            copyfile(path, place)
            place.chmod(0o600)


@writing()
def _say_why(made_at: str) -> None:
    """Write the hold once more as a deed, with words for whoever wonders why nothing leaves."""
    db.session.execute(text("UPDATE message_channel SET held_since = NULL WHERE held_why = 'restore'"))
    hold_channel(None, WHY.format(made_at=f"{made_at} UTC"))
