"""Starting what is measured and reading its meters from /proc: CPU of a tree of processes, memory, what others use."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
ROOT = Path(__file__).resolve().parent.parent


def tree(pid: int) -> list[int]:
    """The process and all that it has started and that still lives."""
    found = [pid]
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += tree(int(child))
    return found


def cpu_seconds(pids: list[int]) -> float:
    """What these processes have used, with their children that have ended."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
            ticks += sum(int(field) for field in fields[11:15])  # utime, stime, cutime, cstime
    return ticks / TICK


def pss_megabytes(pid: int) -> float:
    """Memory of a tree, pages shared by several counted once."""
    kilobytes = 0
    for one in tree(pid):
        text = Path(f"/proc/{one}/smaps_rollup").read_text()
        kilobytes += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return kilobytes / 1024


def busy_seconds() -> float:
    """CPU that anybody on this machine has used."""
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICK


@dataclass
class Span:
    """What a stretch of time has cost."""

    wall: float = 0.0
    cpu: float = 0.0  # of what is measured
    database: float = 0.0
    other: float = 0.0  # cores that nobody of ours kept busy


class Meters:
    """Reads all meters at the beginning and at the end of a block."""

    def __init__(self, measured: list[int], database: int | None) -> None:
        self.measured, self.database = measured, database

    def _read(self) -> tuple[float, float, float, float]:
        measured = cpu_seconds([one for pid in self.measured for one in tree(pid)])
        database = cpu_seconds(tree(self.database)) if self.database else 0.0
        return time.monotonic(), measured, database, busy_seconds()

    @contextlib.contextmanager
    def span(self) -> Generator[Span]:
        """Measure the block; children of the harness itself (visitors) count as ours, not as others."""
        made, before, own = Span(), self._read(), _own()
        yield made
        after = self._read()
        made.wall, made.cpu, made.database = (after[n] - before[n] for n in range(3))
        known = made.cpu + made.database + _own() - own
        made.other = max(0.0, after[3] - before[3] - known) / made.wall


def _own() -> float:
    times = os.times()
    return sum(times[:4])


@contextlib.contextmanager
def running(command: list[str], environ: Mapping[str, str]) -> Generator[subprocess.Popen]:
    """Run a program to the end of the block."""
    with (Path(environ["PORTAL_DATA_DIR"]) / "processes.log").open("ab") as log:
        process = subprocess.Popen(
            command, env=dict(environ), cwd=ROOT, start_new_session=True, stdout=log, stderr=log
        )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until(true: Callable[[], object], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.01)


def quiet_moment(patience: float) -> None:
    """Wait for a second in which the machine does next to nothing, but not for ever."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        before = busy_seconds()
        time.sleep(1)
        if busy_seconds() - before < 0.35:
            return
