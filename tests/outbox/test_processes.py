"""Real workers, tickers, Valkey and mail server, killed, stopped, flushed and refused: nothing is lost.

The judge is a mail server in a process of its own (tests/outbox/sink.py). It writes down what it takes before it says
so, and strikes at exact points of the dialogue.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Iterable
from contextlib import suppress
from datetime import UTC
from itertools import zip_longest
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import func, select, text
from time_machine import TimeMachineFixture, escape_hatch

from portal import queue, valkey
from portal.extensions import db, writing
from portal.outbox import jobs, queries
from portal.outbox.models import OPEN, Attempt, Channel, Message
from portal.processes import die_with_parent
from portal.settings.actions import set_option
from tests import factories
from tests.conftest import Database, on_postgres
from tests.outbox.sink import LOST, Event, read_log
from tests.servers import free_port, wait_until

pytestmark = pytest.mark.processes
ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 150.0  # seconds for a wave; the lease of tests/outbox/runner.py is 5
KILLS = ("kill-rcpt", "kill-data", "kill-text", "kill-dot", "kill-250", "slay-dot", "slay-250", "slay-rcpt")
REFUSALS = ("rcpt451", "data451", "dot451", "rcpt421", "dot421", "rcpt-close", "data-close")
FINAL = ("rcpt550", "data550", "dot552")
SILENCES = ("rcpt-silent", "dot-lost", "dot-mute", "dot-close", "dot-garbage", "dot-lost.dot-lost", "rcpt-drip")
FREEZES = ("freeze-rcpt", "freeze-dot")


class Crew:
    """The processes of an installation, started again when they die, as `flask up` does."""

    def __init__(self, app: Flask, folder: Path) -> None:
        self.app, self.folder, self.log = app, folder, folder / "judge.log"
        self.port = free_port()
        self.running: dict[str, subprocess.Popen] = {}
        self.struck: Counter[str] = Counter()  # what the test itself has done
        self.restarts = 0
        self.valkey_folder = Path(tempfile.mkdtemp(prefix="suivi-vk-"))
        self.valkey = valkey.start(self.valkey_folder)
        app.config["PORTAL_REDIS_URL"] = self.valkey.url

    def start(self, name: str, *arguments: str) -> None:
        """Start one of ours; `name` says which program, and its number."""
        program = name.rstrip("0123456789")
        module = "tests.outbox.sink" if program == "sink" else "tests.outbox.runner"
        with (self.folder / f"{name}.err").open("ab") as errors:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", module, *(arguments or [program])], cwd=ROOT, env=self._environ(),
                stdout=subprocess.DEVNULL, stderr=errors, preexec_fn=die_with_parent,
            )  # fmt: skip

    def start_sink(self, *greetings: str) -> None:
        self.start("sink", str(self.log), str(self.port), ",".join(greetings))

    def _environ(self) -> dict[str, str]:
        config = self.app.config
        return os.environ | {
            "PORTAL_DATA_DIR": str(self.folder),
            "PORTAL_DATABASE_URL": config["PORTAL_DATABASE_URL"],
            "PORTAL_SECRET_KEY": config["SECRET_KEY"],
            "PORTAL_LINK_KEYS": config["PORTAL_LINK_KEYS"][0],
            "PORTAL_BASE_URL": "http://localhost",
            "PORTAL_REDIS_URL": self.valkey.url,
            "PORTAL_SMTP_URL": f"smtp://127.0.0.1:{self.port}",
            "PORTAL_TICK_SECONDS": "1",
        }

    def tend(self) -> None:
        """Start again whoever died, and wake up whoever was frozen once somebody else has sent the message."""
        for name, process in list(self.running.items()):
            if process.poll() is not None and name != "sink":
                self.restarts += 1
                self.start(name)
        events = read_log(self.log)
        answered = Counter(event.to for event in events if event.what == "taken")
        for event in events:
            if event.what == "fault" and event.deed in FREEZES:
                enough = 1 if event.deed == "freeze-rcpt" else 2
                if answered[event.to] >= enough:
                    with suppress(ProcessLookupError):
                        os.kill(event.pid, signal.SIGCONT)

    def kill(self, name: str) -> None:
        self.running[name].kill()
        self.running.pop(name).wait()

    def strike_valkey(self, how: str) -> None:
        self.struck[f"valkey {how}"] += 1
        with Redis.from_url(self.valkey.url) as client:
            if how == "flushed":
                client.flushall()
        if how == "frozen":
            self.valkey.process.send_signal(signal.SIGSTOP)
        if how == "killed":
            self.valkey.process.send_signal(signal.SIGKILL)
            wait_until(lambda: self.valkey.process.poll() is not None, "the end of Valkey")

    def heal_valkey(self) -> None:
        self.valkey.process.send_signal(signal.SIGCONT)
        if self.valkey.process.poll() is not None:
            self.valkey = valkey.start(self.valkey_folder)

    def stop(self) -> None:
        for event in read_log(self.log):
            if event.deed in FREEZES and event.pid:
                with suppress(ProcessLookupError):
                    os.kill(event.pid, signal.SIGCONT)
        for name in list(self.running):
            self.kill(name)
        self.valkey.process.send_signal(signal.SIGCONT)
        self.valkey.process.send_signal(signal.SIGKILL)
        wait_until(lambda: self.valkey.process.poll() is not None, "the end of Valkey")
        shutil.rmtree(self.valkey_folder, ignore_errors=True)


@pytest.fixture
def crew(app: Flask, tmp_path: Path, time_machine: TimeMachineFixture, database: Database) -> Generator[Crew]:
    """Nobody works yet. The clock is the real one: the processes have no other."""
    time_machine.move_to(escape_hatch.datetime.datetime.now(UTC))
    with database.writing():
        set_option(None, "ratings.request_window", "always")
        set_option(None, "ratings.request_delay_minutes", "0")
    made = Crew(app, tmp_path)
    yield made
    made.stop()


class Campaign:
    """Promises messages in waves and waits until each is dealt with."""

    def __init__(self, crew: Crew, database: Database) -> None:
        self.crew, self.database = crew, database
        self.planned: list[str] = []  # one deed for each attempt that is to go wrong
        self.numbers = iter(range(1000))

    def wave(self, deeds: Iterable[str], clean: int) -> None:
        """Promise a mail for each line of deeds, and some that go well: visits of clients with telling addresses."""
        lines = [line for pair in zip_longest(deeds, [""] * clean, fillvalue=None) for line in pair if line is not None]
        self.planned += [deed for line in lines for deed in line.split(".") if deed]
        with self.database.writing():
            within = factories.sector(f"Secteur {next(self.numbers)}")
            service = factories.service(f"Service {next(self.numbers)}")
            for line in lines:
                number = next(self.numbers)
                address = f"w{number}{'+' if line else ''}{line}@example.org"
                client = factories.client("Client", str(number), within, address)
                factories.done_visit(client, service, [], ask=True)

    def open_ones(self) -> int:
        return self.database.count(Message, Message.state.in_((*OPEN, "sending")))

    def settle(self) -> None:
        """Wait until nothing is open; nobody helps but the sweeps."""

        def settled() -> bool:
            self.crew.tend()
            time.sleep(0.1)
            return not self.open_ones()

        try:
            wait_until(settled, "an empty outbox", PATIENCE)
        except AssertionError as error:
            rows = self.database.all(
                select(Message.dedupe_key, Message.state, Message.last_answer, Message.lease_until)
            )
            said = [path.read_text(encoding="utf-8")[-1500:] for path in self.crew.folder.glob("*.err")]
            raise AssertionError("\n".join([str(error), *map(str, rows), *said])) from error

    def judge(self) -> str:
        """Compare the judge's log with the rows; return the summary in one line."""
        events = read_log(self.crew.log)
        copies = Counter(event.message_id for event in events if event.what == "taken")
        messages = self.database.all(select(Message))
        lost = [message.address for message in messages if not _final(message) and not copies[_id(message)]]
        unexplained = [m.address for m in messages if copies[_id(m)] > 1 + m.ambiguous]
        unprovoked = [m.address for m in messages if copies[_id(m)] > 1 and not _answer_was_lost(m.address)]
        assert (lost, unexplained, unprovoked) == ([], [], [])
        assert {m.address for m in messages if m.state == "failed"} == {m.address for m in messages if _final(m)}
        assert all(m.state in ("sent", "failed", "uncertain") for m in messages)
        assert max(copies.values()) <= 2
        assert not set(copies) - {_id(message) for message in messages}
        fired = Counter(event.deed for event in events if event.what == "fault")
        missing = Counter(self.planned) - fired
        assert not missing, f"planned, but did not happen: {missing}"
        attempts = self.database.count(Attempt)
        return (
            f"{fired.total() + self.crew.struck.total()} faults fired ({fired.total()} by the judge, "
            f"{', '.join(f'{k} {v}' for k, v in self.crew.struck.items())}), {len(messages)} messages, "
            f"{attempts} attempts, lost {len(lost)}, {copies.total()} copies taken, "
            f"{sum(c - 1 for c in copies.values())} extra, ambiguous {sum(m.ambiguous for m in messages)}, "
            f"{self.crew.restarts} processes started again"
        )


def _id(message: Message) -> str:
    return f"<mr-{message.public_id}@localhost>"


def _deeds(address: str) -> list[str]:
    return address.partition("@")[0].partition("+")[2].split(".")


def _final(message: Message) -> bool:
    return bool(set(_deeds(message.address or "")) & set(FINAL))


def _answer_was_lost(address: str) -> bool:
    return bool(set(_deeds(address)) & {*LOST, "freeze-dot"})


def horse_of(worker: subprocess.Popen) -> int | None:
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text(encoding="ascii").split()
    return int(children[0]) if children else None


def waits_at_the_claim(horse: int | None, app: Flask) -> bool:
    """Whether a drain has reached the database, which the test holds."""
    if horse is None:
        return False
    if on_postgres():
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'message'::regclass")
        with app.app_context(), db.engine.connect() as connection:
            return bool(connection.scalar(waiting))
    with suppress(OSError):
        return any("portal.db" in str(link.readlink()) for link in Path(f"/proc/{horse}/fd").iterdir())
    return False


def kill_before_the_claim(crew: Crew, *, with_worker: bool) -> None:
    """Hold the database, let a worker take a job, and kill it while it waits to claim its first messages."""
    worker = crew.running["worker1"]
    with crew.app.app_context(), writing():
        db.session.execute(text("LOCK TABLE message IN ACCESS EXCLUSIVE MODE" if on_postgres() else "SELECT 1"))
        assert queue.enqueue(jobs.drain)
        wait_until(lambda: waits_at_the_claim(horse_of(worker), crew.app), "a drain at its claim")
        horse = horse_of(worker)
        assert horse
        if with_worker:
            worker.kill()
            worker.wait()
        with suppress(ProcessLookupError):  # the kernel has killed it with its worker
            os.kill(horse, signal.SIGKILL)
        crew.struck["killed before the claim"] += 1
        db.session.rollback()
    if not with_worker:
        wait_until(lambda: horse_of(worker) is None, "the end of the drain")


def test_nothing_is_lost_whatever_is_killed_stopped_flushed_or_refused(crew: Crew, database, capsys) -> None:
    campaign = Campaign(crew, database)
    crew.start_sink("421", "close", "ok", "554")
    campaign.wave(KILLS, clean=10)
    crew.strike_valkey("flushed")
    crew.start("worker1")
    kill_before_the_claim(crew, with_worker=False)
    kill_before_the_claim(crew, with_worker=True)
    assert read_log(crew.log) == []  # nobody has sent anything yet
    for name in ("worker2", "ticker1", "ticker2"):  # two sweep, two drain
        crew.start(name)
    campaign.settle()

    campaign.wave([*REFUSALS, *FINAL], clean=20)
    crew.strike_valkey("flushed")
    campaign.settle()

    crew.strike_valkey("killed")
    campaign.wave(SILENCES, clean=20)
    campaign.settle()  # the tickers send by themselves
    crew.heal_valkey()

    campaign.wave(FREEZES, clean=20)
    crew.strike_valkey("flushed")
    campaign.settle()

    crew.strike_valkey("frozen")
    campaign.wave(["kill-250", "slay-dot"], clean=10)
    campaign.settle()
    crew.heal_valkey()

    crew.kill("sink")
    crew.struck["mail server away"] += 1
    campaign.wave(["kill-dot", "rcpt451.dot-lost"], clean=20)
    wait_until(lambda: database.count(Channel, Channel.answer.contains("refused")), "somebody at the closed door")
    crew.start_sink("421")
    campaign.settle()

    line = campaign.judge()
    with crew.app.app_context():
        assert queries.broken_promises() == []
    assert crew.struck.total() >= 7
    with capsys.disabled():
        sys.stdout.write(f"\n{line}\n")


def test_the_events_of_the_judge_are_what_it_was_told(tmp_path: Path) -> None:
    """The judge itself can be wrong: a log that it wrote is read back as it was."""
    from tests.outbox.sink import Sink

    sink = Sink(tmp_path / "log")
    sink.note(Event("taken", "ok", "a@example.org", "<1@x>", at=1.0))
    sink._server.server_close()
    assert read_log(tmp_path / "log") == sink.events


def test_messages_that_are_promised_at_once_leave_within_seconds_through_the_queue(crew: Crew, database) -> None:
    """No ticker runs: the hint after the commit is what brings the worker."""
    crew.start_sink()
    crew.start("worker1")
    campaign = Campaign(crew, database)
    campaign.wave([], clean=3)
    wait_until(lambda: database.count(Message, Message.state == "sent") == 3, "three mails without a ticker")
    assert database.one(select(func.count()).select_from(Attempt)) == 3
