"""`flask backup`: the database, the data folder and what people attached in one file, taken while the portal runs.

The file is a tar: `manifest.json` (what it is, a checksum for each file), `database`, then `files/…` of the data folder
and `attached/…`, wherever that is kept; a bucket is not copied. The database is copied first: a file that comes in
between is only one too many, a row never points to a file that is not there.
"""

import gzip
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from hashlib import file_digest
from pathlib import Path

from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import URL, func, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from portal import clock
from portal.extensions import db
from portal.files.store import OURS, folder_of_files

FORM = 1  # of the backup file
MANIFEST, DATABASE, FILES, ATTACHED = "manifest.json", "database", "files", "attached"
LEFT_OUT = {"valkey", "valkey.url", "up.lock", "backups"}  # what the processes make anew, and older backups


class BackupError(Exception):
    """The backup was not written or not put back; the message is a sentence for the person at the keyboard."""


def make(app: Flask, target: Path) -> str:
    """Write a backup and return a line about it.

    Args:
        app: the portal.
        target: a folder, or the file to write. A file that is there is not written over.

    Raises:
        BackupError: it could not be written; nothing is left of it.
    """
    named = target / f"suivi-{clock.now():%Y-%m-%d-%H%M%S}.tar.gz" if target.is_dir() else target
    if named.exists():
        raise BackupError(f"{named} is there already.")
    partial = named.with_name(f".{named.name}.partial")
    try:
        with tempfile.TemporaryDirectory(dir=named.parent, prefix=".suivi-") as folder:
            manifest = _collect(app, Path(folder))
            _pack(Path(folder), app.config["PORTAL_DATA_DIR"], manifest, partial)
        partial.rename(named)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or type(error).__name__)
        raise BackupError(f"The database does not answer as it should: {reason}. Ask flask doctor.") from error
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"{named} could not be written: {error}.") from error
    finally:
        partial.unlink(missing_ok=True)
    rows = sum(manifest["rows"].values())
    size = named.stat().st_size / 1024**2
    left_out = "" if folder_of_files() else "; attached files stay in their bucket"
    return f"{named}: {rows} rows, {len(manifest['sums']) - 1} files, {size:.1f} MB{left_out}"


def _collect(app: Flask, folder: Path) -> dict:
    """Copy the database into the folder; return what the manifest says of everything."""
    copy = folder / DATABASE
    engine = db.engine.dialect.name
    rows = _rows()
    if engine == "sqlite":
        _copy_sqlite(db.engine.url, copy)
    else:
        only_ours = [
            "--schema=public",
            "--no-owner",
            "--no-privileges",
        ]  # whoever owns the database it is put back into
        run_postgres("pg_dump", db.engine.url, ["--format=custom", *only_ours, f"--file={copy}"])
    sums = {DATABASE: checksum(copy)}
    for top, root in _roots(app.config["PORTAL_DATA_DIR"]).items():
        for path in _files(root):
            sums[f"{top}/{path.relative_to(root)}"] = ""  # known once it is read into the tar
    with db.engine.connect() as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
    return {"form": FORM, "made_at": clock.now().isoformat(), "engine": engine, "revision": revision,
            "rows": rows, "sums": sums}  # fmt: skip


def _rows() -> dict[str, int]:
    """How much there was, for whoever compares after putting it back. Rows written meanwhile may be missing here."""
    there = set(inspect(db.engine).get_table_names())  # one takes a backup before the tables are brought up to date
    tables = [table for table in db.metadata.sorted_tables if table.name in there]
    counted = {table.name: select(func.count()).select_from(table) for table in tables}
    found = {name: db.session.scalar(statement) or 0 for name, statement in counted.items()}
    db.session.rollback()
    return found


def _copy_sqlite(url: URL, copy: Path) -> None:
    """Write a whole copy: a copied file without its write-ahead log would miss the latest rows."""
    if not url.database or url.database == ":memory:":
        raise BackupError("This database lives in memory: there is nothing to back up.")
    with closing(sqlite3.connect(f"file:{Path(url.database).resolve()}?mode=ro", uri=True)) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))
    with closing(sqlite3.connect(copy)) as connection:
        if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise BackupError("The database is damaged: its copy does not hold together. Keep your older backups.")


def run_postgres(program: str, url: URL, arguments: list[str], **options: object) -> None:
    """Run one of PostgreSQL's own programs on a database. The password goes by the environment: arguments are public.

    Raises:
        BackupError: it is not installed, or it failed; with its own words.
    """
    try:
        ended = subprocess.run([program, *arguments, f"--dbname={address(url)}"], env=environment(url), check=False,
                               stderr=subprocess.PIPE, text=True, **options)  # fmt: skip # ty: ignore[no-matching-overload]
    except FileNotFoundError:
        raise BackupError(f"{program} is not installed; on Debian: apt install postgresql-client") from None
    if ended.returncode:
        raise BackupError(f"{program} failed: {ended.stderr.strip()}")


def address(url: URL) -> str:
    """The database's address as PostgreSQL's programs read it, without the password."""
    bare = URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
    return bare.render_as_string(hide_password=False)


def environment(url: URL) -> dict[str, str]:
    return {**os.environ, **({"PGPASSWORD": str(url.password)} if url.password else {})}


def _roots(data_dir: Path) -> dict[str, Path]:
    """The folders that are copied, by what the tar calls them."""
    attached = folder_of_files()
    return {FILES: data_dir} | ({ATTACHED: attached} if attached else {})


def _files(root: Path) -> Iterator[Path]:
    """Yield the files below a folder that are worth keeping, and neither the database's own nor those of the store."""
    own, attached = own_files(), folder_of_files()
    for path in sorted(root.rglob("*")):
        top = path.relative_to(root).parts[0]
        wanted = OURS.fullmatch(path.name) if root == attached else attached not in path.parents
        if wanted and path.is_file() and not path.is_symlink() and path not in own and not is_passing(top):
            yield path


def own_files() -> set[Path]:
    """The files that are the database itself."""
    if db.engine.dialect.name != "sqlite" or not db.engine.url.database:
        return set()
    base = Path(db.engine.url.database).resolve()
    return {base.with_name(base.name + end) for end in ("", "-wal", "-shm", "-journal")}


def is_passing(name: str) -> bool:
    return name in LEFT_OUT or name.startswith(".suivi-") or name.endswith((".partial", ".tar.gz"))


def _pack(folder: Path, data_dir: Path, manifest: dict, partial: Path) -> None:
    """Write the tar: the files as they are at this moment, then the manifest with their sums."""
    roots = _roots(data_dir)
    descriptor = os.open(
        partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600
    )  # from its first moment for its owner alone
    with os.fdopen(descriptor, "wb") as raw:
        with (
            gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=3) as packed,
            tarfile.open(fileobj=packed, mode="w|") as tar,
        ):
            tar.add(folder / DATABASE, DATABASE)
            for name in [name for name in manifest["sums"] if name != DATABASE]:
                top, _slash, rest = name.partition("/")
                kept = folder / "file"  # a copy: the sum must be of what is in the tar, whatever happens to the file
                with suppress(FileNotFoundError):
                    shutil.copy2(roots[top] / rest, kept)
                    manifest["sums"][name] = checksum(kept)
                    tar.add(kept, name)
            manifest["sums"] = {name: value for name, value in manifest["sums"].items() if value}
            said = folder / MANIFEST
            said.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
            tar.add(said, MANIFEST)
        raw.flush()
        os.fsync(raw.fileno())


def checksum(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
