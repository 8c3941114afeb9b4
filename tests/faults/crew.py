"""The processes of an installation, started again when they die as `flask up` does; and what strikes them."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from flask import Flask
from redis import Redis

from portal import valkey
from portal.processes import die_with_parent
from tests.outbox.sink import RUNNER, Event, read_log
from tests.servers import free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
FROZEN = 30.0  # seconds, six leases
SINK = "tests.outbox.sink"
GUNICORN = "--config python:portal.processes --no-control-socket --worker-class gthread --workers 1 --threads 4"


class Crew:
    """Processes by name: `worker1`, `ticker2`, `cron1` (sweeps in a loop), `web1`, `sink`."""

    def __init__(self, app: Flask, folder: Path) -> None:
        self.app, self.folder, self.log = app, folder, folder / "judge.log"
        self.tickets = folder / "tickets"
        self.tickets.mkdir()
        self.port, self.web_port = free_port(), free_port()
        self.running: dict[str, subprocess.Popen] = {}
        self.ended: dict[int, float] = {}  # when which process was found to be gone
        self.struck: Counter[str] = Counter()  # what the test itself has done
        self.restarts = 0
        self.patience = 1  # times the lease and the time-outs of ours
        self._numbers = iter(range(10_000))
        self.valkey_folder = Path(tempfile.mkdtemp(prefix="suivi-vk-"))
        self.valkey = valkey.start(self.valkey_folder)
        self.redis_url = app.config["PORTAL_REDIS_URL"] = self.valkey.url

    # ---- processes

    def start(self, *names: str) -> None:
        """Start some of ours; a name says which program, and its number."""
        for name in names:
            program = name.rstrip("0123456789")
            command = {
                "web": ["gunicorn", *GUNICORN.split(), "--bind", f"127.0.0.1:{self.web_port}", "tests.faults.web:app"],
                "cron": [RUNNER, "outbox", "sweep", "--inline"],
            }.get(program, [RUNNER, program])
            self._spawn(name, command)

    def start_sink(self, *greetings: str) -> None:
        """Start the judge; the next conversations begin with these greetings."""
        self._spawn("sink", [SINK, str(self.log), str(self.port), ",".join(greetings)])

    def _spawn(self, name: str, module: list[str]) -> None:
        with (self.folder / f"{name}.err").open("ab") as errors:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", *module], cwd=ROOT, env=self._environ(),
                stdout=subprocess.DEVNULL, stderr=errors, preexec_fn=die_with_parent,
            )  # fmt: skip

    def _environ(self) -> dict[str, str]:
        config = self.app.config
        return os.environ | {
            "PORTAL_DATA_DIR": str(self.folder),
            "PORTAL_DATABASE_URL": config["PORTAL_DATABASE_URL"],
            "PORTAL_SECRET_KEY": config["SECRET_KEY"],
            "PORTAL_LINK_KEYS": config["PORTAL_LINK_KEYS"][0],
            "PORTAL_BASE_URL": "http://localhost",
            "PORTAL_REDIS_URL": self.redis_url,
            "PORTAL_SMTP_URL": f"smtp://us:known@127.0.0.1:{self.port}",
            "PORTAL_TICK_SECONDS": "1",
            "SUIVI_STRIKES": str(self.tickets),
            "SUIVI_LOG": str(self.log),
            "SUIVI_PATIENCE": str(self.patience),
        }

    def plan(self, *strikes: str) -> None:
        """Whoever comes first to a point is struck there: `kill@after-claim`."""
        for deed in strikes:
            (self.tickets / f"{deed}.{next(self._numbers)}").touch()

    def tend(self) -> None:
        """Start again whoever died, and wake up whoever was frozen once somebody else has sent the message.

        If both sweepers are frozen, nobody else will: after a while they are woken up all the same.
        """
        for name, process in list(self.running.items()):
            if process.poll() is not None and name != "sink":
                self.ended[process.pid] = time.time()
                self.restarts += not name.startswith("cron")
                self.start(name)
        events = read_log(self.log)
        answered = Counter(event.to for event in events if event.what == "taken")
        for event in events:
            enough = answered[event.to] >= (1 if event.deed == "freeze-rcpt" else 2)
            if event.deed.startswith("freeze-") and (enough or time.time() > event.at + FROZEN):
                wake(event)

    def kill(self, *names: str) -> None:
        for name in names:
            self.running[name].kill()
            self.running.pop(name).wait()

    def kill_all(self, program: str) -> None:
        self.kill(*[name for name in self.running if name.startswith(program)])

    def seconds_to_leave(self, name: str) -> float:
        """Tell a process to stop, and how long that took."""
        process, begun = self.running.pop(name), time.monotonic()
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: process.poll() is not None, f"the end of {name}")
        return time.monotonic() - begun

    # ---- Valkey

    def strike_valkey(self, how: str) -> None:
        """`flushed`, `frozen`, `killed`, `full`, or `replaced`: an empty one is there at once."""
        self.struck[f"Valkey {how}"] += 1
        if how == "flushed":
            with Redis.from_url(self.valkey.url) as client:
                client.flushall()
        elif how == "frozen":
            self.valkey.process.send_signal(signal.SIGSTOP)
        elif how == "full":
            self._limit_valkey(1)
        else:
            self.valkey.process.send_signal(signal.SIGKILL)
            wait_until(lambda: self.valkey.process.poll() is not None, "the end of Valkey")
        if how == "replaced":
            for path in (self.valkey_folder / "valkey").glob("appendonlydir"):
                shutil.rmtree(path)
            self.heal_valkey()

    def heal_valkey(self) -> None:
        self.valkey.process.send_signal(signal.SIGCONT)
        if self.valkey.process.poll() is not None:
            self.valkey = valkey.start(self.valkey_folder)
        self._limit_valkey(0)

    def _limit_valkey(self, memory: int) -> None:
        with Redis.from_url(self.valkey.url) as client:
            client.config_set("maxmemory", memory)

    # ---- the end

    def last_words(self) -> list[str]:
        return [f"{path.name}: {path.read_text(encoding='utf-8')[-1500:]}" for path in self.folder.glob("*.err")]

    def stop(self) -> None:
        for event in read_log(self.log):
            if event.deed.startswith("freeze-"):
                wake(event)
        self.kill(*list(self.running))
        self.valkey.process.send_signal(signal.SIGCONT)
        self.valkey.process.send_signal(signal.SIGKILL)
        wait_until(lambda: self.valkey.process.poll() is not None, "the end of Valkey")
        shutil.rmtree(self.valkey_folder, ignore_errors=True)


def wake(event: Event) -> None:
    with suppress(ProcessLookupError):
        os.kill(event.pid, signal.SIGCONT)


def planned_deeds(lines: Iterable[str]) -> list[str]:
    """One deed for each attempt that is to go wrong: a line may hold several, for attempt after attempt."""
    return [deed for line in lines for deed in line.split(".") if deed]
