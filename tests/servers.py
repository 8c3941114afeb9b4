"""Real servers for the tests: a throw-away PostgreSQL and a throw-away Valkey, each gone when its block ends.

Every pytest-xdist worker starts its own: a second or two each, and nothing to share, lock or clean between them.
The servers die with the process that started them, even with `kill -9`. Run as a program (`python -m tests.servers`)
this module starts both once and prints their versions, so that a log of the tests says what they ran against.
"""

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psycopg
from redis import Redis

from portal import valkey
from portal.processes import die_with_parent

PATIENCE = 60.0  # seconds for a server to answer; the two cores may be busy with the other tests
LOCALE = "C.UTF-8" if sys.platform == "linux" else "C"  # the former knows upper and lower case of every script
SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200", "shared_buffers=64MB")


def wait_until(true: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Poll until `true()` says so; fail, naming what was waited for, after that many seconds."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s in vain for: {what}")
        time.sleep(0.02)


def free_port() -> int:
    """Return a port of loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Cluster:
    """A running PostgreSQL with as many databases as a test asks for."""

    folder: Path
    version: str = ""
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def url(self, name: str) -> str:
        """The address of a database, for SQLAlchemy and psycopg alike."""
        return f"postgresql://portal@/{name}?host={self.folder}"

    def new_database(self, template: str = "template0") -> str:
        """Create a database, empty or the copy of another one that nobody is connected to; return its address."""
        name = f"portal_{next(self._numbers)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        name = url.partition("@/")[2].partition("?")[0]
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def execute(self, statement: str) -> str:
        """Run one statement as the cluster's owner; return its first value, if it has one."""
        with psycopg.connect(self.url("postgres"), autocommit=True, connect_timeout=2) as connection:
            cursor = connection.execute(statement)  # ty: ignore[no-matching-overload]
            row = cursor.fetchone() if cursor.description else None
            return str(row[0]) if row else ""

    def answers(self) -> bool:
        """Tell whether the server takes connections."""
        try:
            return self.execute("SELECT 1") == "1"
        except psycopg.OperationalError:
            return False


@contextlib.contextmanager
def postgres_cluster(*more: str, kept: Path | None = None) -> Generator[Cluster]:
    """Run a PostgreSQL made from the system's binaries on a socket in a folder of its own.

    Args:
        more: settings beside the usual ones, or in their place.
        kept: a folder in which it stays, for another time; otherwise it is removed at the end.
    """
    binaries = _postgres_binaries()
    owner = _unprivileged()
    if kept:
        kept.mkdir(parents=True, exist_ok=True)
    folder = kept or Path(tempfile.mkdtemp(prefix="suivi-pg-"))
    try:
        if owner:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        data = folder / "data"
        initdb = [str(binaries / "initdb"), "-D", str(data), "-U", "portal", "-A", "trust", "-E", "UTF8"]
        if not data.exists():
            _run_as(owner, [*initdb, f"--locale={LOCALE}", "--no-sync"], folder)
        settings = [part for setting in (*SETTINGS, *more) for part in ("-c", setting)]
        command = [str(binaries / "postgres"), "-D", str(data), "-k", str(folder), "-h", "", *settings]
        log = folder / "postgres.log"
        with log.open("wb") as out, _started(owner, command, out, folder) as process:
            cluster = Cluster(folder)
            wait_until(lambda: cluster.answers() or process.poll() is not None, "PostgreSQL")
            if process.poll() is not None:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')}")
            cluster.version = cluster.execute("SHOW server_version")
            yield cluster
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def valkey_server(folder: Path | None = None) -> Generator[str]:
    """Run a Valkey in that folder or in one of its own, which is removed at the end; give its address."""
    folder = folder or Path(tempfile.mkdtemp(prefix="suivi-vk-"))
    server = valkey.start(folder)
    try:
        yield server.url
    finally:
        server.process.send_signal(signal.SIGCONT)  # a test may have frozen it
        server.process.send_signal(signal.SIGKILL)
        wait_until(lambda: server.process.poll() is not None, "the end of Valkey")
        shutil.rmtree(folder, ignore_errors=True)


def _postgres_binaries() -> Path:
    """Return the folder of `initdb` and `postgres`, the newest if there are several."""
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    asked = shutil.which("pg_config")
    told = [Path(subprocess.check_output([asked, "--bindir"], text=True).strip())] if asked else []
    found = shutil.which("initdb")
    on_path = [Path(found).resolve().parent] if found else []
    for folder in (*packaged, *told, *on_path):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise RuntimeError("PostgreSQL's server programs are not installed; on Debian: apt install postgresql")


def _unprivileged() -> pwd.struct_passwd | None:
    """Return who must run PostgreSQL, which refuses root; None when we are nobody special ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("Running as root, and there is neither a user postgres nor nobody to run PostgreSQL as")


def _run_as(owner: pwd.struct_passwd | None, command: list[str], folder: Path) -> None:
    """Run a program to its end as that user."""
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        user=owner.pw_uid if owner else None,
        group=owner.pw_gid if owner else None,
        extra_groups=[] if owner else None,
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr or done.stdout}")


@contextlib.contextmanager
def _started(
    owner: pwd.struct_passwd | None, command: list[str], out: IO[bytes], folder: Path
) -> Generator[subprocess.Popen]:
    """Run a server that is stopped at the end of the block and killed with this process."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdout=out,
        stderr=out,
        preexec_fn=die_with_parent,
        start_new_session=True,
        user=owner.pw_uid if owner else None,
        group=owner.pw_gid if owner else None,
        extra_groups=[] if owner else None,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGQUIT)  # immediate: there is nothing to save
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main() -> None:
    """Print which servers the tests run against."""
    with valkey_server() as url, Redis.from_url(url) as client:
        sys.stdout.write(f"Valkey {client.info('server').get('valkey_version')}\n")
    with postgres_cluster() as cluster:
        sys.stdout.write(f"PostgreSQL {cluster.version}\n")


if __name__ == "__main__":
    main()
