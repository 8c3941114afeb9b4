"""A worker that knows some more jobs, so that a test sees what has run, with what, and where.

Started as a program: `python -m tests.processes.probe ADDRESS` does what waits in the queue, then ends.
"""

import json
import os
import sys
import time
from pathlib import Path
from types import ModuleType

from flask import current_app

from portal import queue

NAME = "portal.probe.jobs"


def note(path: str, *args: object) -> None:
    """Write down the arguments, the process and the application that the job saw."""
    Path(path).write_text(json.dumps({"args": args, "pid": os.getpid(), "app": current_app.name}), encoding="utf-8")


def fail(path: str) -> None:
    """Leave a mark and fail."""
    Path(path).touch()
    raise ValueError("this job fails, as the test wants")


def take_long(path: str, seconds: float) -> None:
    """Leave a mark and have something in hand for a while."""
    Path(path).touch()
    time.sleep(seconds)


def install() -> ModuleType:
    """Make the functions importable under a name that workers accept."""
    module = ModuleType(NAME)
    for function in (note, fail, take_long):
        function.__module__ = NAME
        setattr(module, function.__name__, function)
    sys.modules[NAME] = module
    return module


if __name__ == "__main__":
    from app import create_app

    install()
    queue.work(create_app(), sys.argv[1], burst=True, logging_level="WARNING")
