"""`flask up`, as the person who types `make run` meets it: it starts, survives, says what is wrong, and stops."""

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from portal.processes import die_with_parent
from tests.servers import free_port, postgres_cluster, wait_until

ROOT = Path(__file__).resolve().parents[2]
PARTS = {"web": "gunicorn", "worker": "--app wsgi worker", "ticker": "--app wsgi ticker", "Valkey": "valkey-server"}

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to see that no process is left"),
]


class Portal:
    """One installation: a data folder, a port and whatever runs on them."""

    def __init__(self, data_dir: Path, database_url: str = "") -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.log = data_dir.with_suffix(".log")
        self.job_id = f"test-{uuid4().hex}"
        self.process: subprocess.Popen | None = None
        self.environ = {key: value for key, value in os.environ.items() if not key.startswith(("PORTAL_", "FLASK_"))}
        self.environ |= {"PORTAL_DATA_DIR": str(data_dir), "PORT": str(self.port), "PYTHONUNBUFFERED": "1"}
        if database_url:
            self.environ["PORTAL_DATABASE_URL"] = database_url

    def start(self, **environ: str) -> None:
        """Start `flask up` and wait for the line with the address."""
        self.launch(**environ)
        wait_until(lambda: "Suivi is ready at" in self.said() or self.ended(), f"the start: {self.said()}")
        assert not self.ended(), self.said()

    def launch(self, **environ: str) -> None:
        """Start `flask up` in a process group of its own, as a shell does."""
        self.log.write_text("")
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "flask", "--app", "wsgi", "up"],
                cwd=ROOT,
                env=self.environ | environ,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def press_ctrl_c(self) -> None:
        """What a terminal does: SIGINT for the whole foreground group."""
        assert self.process
        os.killpg(self.process.pid, signal.SIGINT)

    def kill_supervisor(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()

    def exit_code(self) -> int:
        assert self.process
        return self.process.wait(60)

    def running(self) -> dict[int, str]:
        """Every living process of this installation, whoever its parent is now, with its command line."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it has just ended, or is not ours to look at
                if self._owns(folder):
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return found

    def _owns(self, process: Path) -> bool:
        """Tell a process by its environment; Valkey writes its title over that, but works inside the data folder."""
        mark = f"PORTAL_DATA_DIR={self.data_dir}".encode()
        in_folder = (process / "cwd").readlink().is_relative_to(self.data_dir)
        return in_folder or mark in (process / "environ").read_bytes().split(b"\0")

    def pid(self, part: str) -> int | None:
        """The process that the supervisor watches under that name."""
        assert self.process
        for pid, command in self.running().items():
            with contextlib.suppress(OSError):
                parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
                if PARTS[part] in command and parent == self.process.pid:
                    return pid
        return None

    def answers(self) -> bool:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as client:
            try:
                client.request("GET", "/healthz")
                return client.getresponse().status == 200
            except (OSError, http.client.HTTPException):
                return False

    def redis_url(self) -> str:
        return (self.data_dir / "valkey.url").read_text()

    def does_jobs(self) -> bool:
        """Hand in a job, and tell at a later call that a worker has done it; one that Valkey lost is handed in anew."""
        try:
            with Redis.from_url(self.redis_url(), socket_timeout=2) as client:
                queue = Queue("portal", connection=client, serializer=JSONSerializer)
                job = queue.fetch_job(self.job_id)
                if job is None:
                    queue.enqueue("portal.outbox.jobs.drain", job_id=self.job_id, result_ttl=60)
                return job is not None and job.is_finished
        except (OSError, RedisError):
            return False

    def end(self) -> None:
        """Leave nothing behind, whatever the test did."""
        if self.process and self.process.poll() is None:
            self.kill_supervisor()
        for pid in self.running():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def database_url(tmp_path_factory) -> Iterator[str]:
    """The engine that the whole suite runs on: the data folder's SQLite, or PostgreSQL."""
    if not os.environ.get("PORTAL_TEST_POSTGRES"):
        yield ""
        return
    with postgres_cluster() as cluster:
        yield cluster.new_database()


@pytest.fixture
def portal(tmp_path: Path, database_url: str) -> Iterator[Portal]:
    portal = Portal(tmp_path / "data", database_url)
    yield portal
    portal.end()


def test_it_starts_with_a_line_for_each_part_and_prints_an_address_that_works(portal: Portal) -> None:
    portal.start()
    assert portal.answers()
    said = portal.said()
    for part in ("database", "Valkey", "web", "worker", "ticker"):
        assert re.search(rf"^  {part}\b", said, re.MULTILINE), said
    assert f"http://127.0.0.1:{portal.port}" in said
    assert "Traceback" not in said


def test_ctrl_c_stops_everything_in_order_and_the_next_start_finds_the_data(portal: Portal) -> None:
    for _ in range(2):
        portal.start()
        kept = (portal.data_dir / "secret-key").read_text()
        portal.press_ctrl_c()
        assert portal.exit_code() == 0
        said = portal.said()
        order = [said.index(f"  {part:<9} stopped") for part in ("web", "ticker", "worker", "Valkey")]
        assert order == sorted(order)
        assert said.rstrip().endswith("Suivi has stopped.")
        assert portal.running() == {}
        assert (portal.data_dir / "secret-key").read_text() == kept


def test_ctrl_c_during_the_start_stops_it_too(portal: Portal) -> None:
    portal.launch()
    wait_until(lambda: "Valkey" in portal.said(), "the first process")
    portal.press_ctrl_c()
    assert portal.exit_code() == 0
    wait_until(lambda: portal.running() == {}, "the end of every process", 10)


@pytest.mark.parametrize("part", list(PARTS))
def test_a_killed_process_is_back_and_the_portal_goes_on(part: str, portal: Portal) -> None:
    portal.start()
    before = portal.pid(part)
    assert before
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: portal.pid(part) not in (None, before), f"another {part}: {portal.said()}", 30)
    wait_until(portal.answers, "an answer of the web server", 30)
    wait_until(portal.does_jobs, "a job done by a worker", 60)
    assert f"{part} stopped by itself (killed by SIGKILL)" in portal.said()
    assert all(portal.pid(other) for other in PARTS)


def test_a_process_that_keeps_dying_is_started_less_and_less_often(portal: Portal) -> None:
    portal.start()
    seen: set[int] = set()

    def killed_again() -> bool:
        pid = portal.pid("ticker")
        if pid and pid not in seen:
            seen.add(pid)
            os.kill(pid, signal.SIGKILL)
        return len(seen) == 3

    wait_until(killed_again, "three deaths of the ticker", 30)
    wait_until(lambda: portal.said().count("ticker stopped by itself") == 3, "three messages", 30)
    assert re.findall(r"ticker stopped by itself.* in ([\d.]+) s", portal.said()) == ["0.5", "1", "2"]


def test_killing_the_supervisor_leaves_nothing_and_the_next_start_works_at_once(portal: Portal) -> None:
    portal.start()
    # Supervisor, Valkey, gunicorn and its two, worker, ticker; the first answer may come before the last of them.
    wait_until(lambda: len(portal.running()) >= 7, "every process of the start")
    portal.kill_supervisor()
    portal.start()
    assert portal.answers()
    portal.press_ctrl_c()
    assert portal.exit_code() == 0
    wait_until(lambda: portal.running() == {}, "the end of every process of both starts", 10)


def test_killing_everything_loses_nothing_and_the_next_start_works(portal: Portal) -> None:
    portal.start()
    with Redis.from_url(portal.redis_url()) as client:
        client.set("test:kept", "yes")
        client.execute_command("WAITAOF", 1, 0, 5000)  # written to the disk, as it is after a second anyway
    for pid in portal.running():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    portal.exit_code()
    portal.start()
    assert portal.answers()
    with Redis.from_url(portal.redis_url()) as client:
        assert client.get("test:kept") == b"yes"


def test_a_used_port_is_said_in_one_sentence(portal: Portal) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", portal.port))
        other.listen()
        portal.launch()
        assert portal.exit_code() == 1
    assert portal.said().strip() == (
        f"Port {portal.port} is used by another program; "
        f"choose another port, for example: PORT={portal.port + 1} make run"
    )


def test_our_own_running_portal_is_recognised(portal: Portal, database_url: str) -> None:
    portal.start()
    second = Portal(portal.data_dir, database_url)
    second.log = portal.log.with_suffix(".second")
    second.launch(PORT=str(portal.port))
    assert second.exit_code() == 1
    assert second.said().startswith(f"Suivi is already running at http://127.0.0.1:{portal.port} (process ")
    assert portal.answers()


def test_a_redis_of_ones_own_is_used_and_none_is_started(portal: Portal) -> None:
    portal.start(PORTAL_REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")  # nobody there: the portal works all the same
    assert portal.answers()
    assert portal.pid("Valkey") is None
    assert "Valkey" not in portal.said()


def test_a_data_folder_with_a_long_path_gets_a_server_behind_a_password(tmp_path: Path, database_url: str) -> None:
    long = tmp_path / ("very-" * 20 + "long folder")
    long.mkdir()
    portal = Portal(long / "data", database_url)
    try:
        portal.start()
        wait_until(portal.does_jobs, "a job done by a worker", 60)
        url = portal.redis_url()
        assert re.fullmatch(r"redis://:[\w-]{40,}@127\.0\.0\.1:\d+/0", url)
        secret = url.split("@")[0].rpartition(":")[2]
        assert not any(secret in command for command in portal.running().values()), "arguments are public"
        private = [portal.data_dir / "valkey.url", *(portal.data_dir / "valkey").glob("*.[jc]*")]
        assert {path.name for path in private} == {"valkey.url", "valkey.conf", "address.json"}
        assert all(path.stat().st_mode & 0o077 == 0 for path in private)
        before = portal.pid("Valkey")
        assert before
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: portal.pid("Valkey") not in (None, before), "another Valkey", 30)
        assert portal.redis_url() == url, "the workers know this address"
    finally:
        portal.end()
