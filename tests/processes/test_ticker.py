"""The ticker looks for due work whatever happens to one of its sweeps, and to Redis."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from flask import Flask, current_app

from portal import cli
from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.processes


@pytest.fixture
def sweeps(monkeypatch) -> list[str]:
    """Two features: the first fails at every sweep, the second writes down where it was called."""
    called = []

    def failing() -> None:
        called.append("first")
        raise ValueError("the first sweep fails, as the test wants")

    for name, sweep in (("first", failing), ("second", lambda: called.append(f"second in {current_app.name}"))):
        module = ModuleType(f"sweeps_of_{name}")
        module.__dict__["sweep"] = sweep
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(cli, "SWEEPS", ("sweeps_of_first", "sweeps_of_second"))
    return called


def test_a_failing_sweep_is_logged_and_the_next_one_has_its_turn(sweeps, caplog) -> None:
    cli.Ticker(Flask("tiny"), 60).tick()
    assert sweeps == ["first", "second in tiny"]
    assert "as the test wants" in caplog.text


@pytest.mark.parametrize(("asked", "seconds"), [("", 60), ("5", 5), ("0", 1), ("0.2", 1)])
def test_the_interval_is_a_minute_and_never_less_than_a_second(asked, seconds, monkeypatch) -> None:
    monkeypatch.setenv("PORTAL_TICK_SECONDS", asked)
    assert cli._interval() == seconds


def test_it_ticks_without_redis_and_leaves_when_told(tmp_path: Path) -> None:
    """The real features sweep a database without tables: the ticker says so, goes on, and obeys SIGTERM."""
    environ = os.environ | {
        "PORTAL_DATA_DIR": str(tmp_path / "data"),
        "PORTAL_DATABASE_URL": f"sqlite:///{tmp_path}/empty.db",
        "PORTAL_REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
        "PORTAL_TICK_SECONDS": "1",
    }
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "ticker"]
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    try:
        failures = 0
        for line in process.stderr:  # two ticks: the failures of the first did not end it
            failures += "portal.outbox.jobs.sweep() failed" in line
            if failures == 2:
                break
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
