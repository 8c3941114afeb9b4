"""What the portal says of itself: a line for each request and job, every fault with its trace, and no personal data.

In production each line is one JSON object on standard error, for journald or a container's log; in development it is
for the eye. Never in a production line: addresses of people or machines, names, comments, tokens, the path of a request
(mailed links stand in paths, searches in queries). A request is known by its rule; who asked, by portal and role alone.
"""

import json
import logging
import logging.config
import re
import secrets
import time
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask, Request, g, has_request_context, request
from jinja2 import TemplateError
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError
from werkzeug.wrappers import Response

ROOT = Path(__file__).resolve().parent.parent
HEADER = "X-Request-ID"
METHODS = {"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"}
QUIET = {"static", "health.process", "health.database", "health.metrics"}  # asked all day long by machines
SPEAK_OF_CODE = (AttributeError, NameError, ImportError, TypeError, TemplateError, RecursionError, MemoryError)
PERSONAL = (
    (re.compile(r"(?<=://)[^\s/@]*@"), "…@"),
    (re.compile(r"[^\s<>()\[\]:;,@\"'«»/…]+@(?=\w)[^\s<>()\[\]:;,@\"'«»/]+"), "<address>"),
    (re.compile(r"(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{40,}"), "<token>"),
)
MACHINES = re.compile(  # IPv4, IPv6
    r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])|(?<![\w:])(?:[0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{0,4}"
)
QUOTED_VALUE = re.compile(r"(?<=: )\"[^\"]*\"|'[^']*'")  # names of constraints have no colon before them

requests = logging.getLogger("portal.requests")
_encode = json.JSONEncoder(ensure_ascii=False).encode  # made once: there is a line for every request
_speaker = {"process": "command"}  # which of the portal's processes this is


def init_app(app: Flask) -> None:
    """Give every request an id and a line. The tests look at lines with handlers of their own."""
    if not app.testing:
        logging.config.dictConfig(settings(production=app.config["PORTAL_ENV"] == "production"))
    app.before_request(_begin)
    app.after_request(_end)


def settings(*, production: bool) -> dict:
    """Return the configuration of Python's logging, for our own processes and for the web server's."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": "portal.logs.JsonLines" if production else "portal.logs.ReadableLines"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            "portal": {"level": "INFO"},
            "gunicorn.error": {"level": "WARNING", "handlers": [], "propagate": True},
        },
    }


def speak_as(process: str) -> None:
    """Say which process writes from now on: `web`, `worker`, `ticker`."""
    _speaker["process"] = process


def request_id() -> str:
    """What a person can quote on the telephone, and the log finds."""
    if "request_id" not in g:
        g.request_id = secrets.token_hex(4)
    return g.request_id


def _begin() -> None:
    g.request_id, g.begun = secrets.token_hex(4), time.perf_counter()


def _end(response: Response) -> Response:
    reference = response.headers[HEADER] = request_id()
    asked: Request = request._get_current_object()  # ty: ignore[missing-attribute]
    known, now = vars(g._get_current_object()), time.perf_counter()
    rule = asked.url_rule
    quiet = rule and (rule.endpoint in QUIET or response.status_code == 304)  # 304: pages that are open ask in vain
    if not quiet or response.status_code >= 500:
        user = known.get("user")
        facts = {
            "request": reference,
            "method": asked.method if asked.method in METHODS else "other",
            "rule": rule.rule if rule else None,
            "status": response.status_code,
            "ms": round((now - known.get("begun", now)) * 1000, 1),
            "portal": known.get("portal"),
            "role": str(user.role) if user else None,
        }
        requests.info("request", extra={"facts": facts})
    return response


class ReadableLines(logging.Formatter):
    """For the eye, on the machine of somebody who works on the portal: whole traces, nothing is left out."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        facts = vars(record).get("facts")
        if facts is None:
            return super().format(record)
        shown = {"ms": "{:g} ms", "request": "#{}"}
        words = [shown.get(name, "{}").format(value) for name, value in facts.items() if value is not None]
        return f"{self.formatTime(record, self.datefmt)} {record.getMessage()}: {' '.join(words)}"


class JsonLines(logging.Formatter):
    """One object a line. What others have put into a message or an exception is looked through."""

    def format(self, record: logging.LogRecord) -> str:
        facts = vars(record).get("facts", {})
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": _speaker["process"],
            "pid": record.process,
            "logger": record.name,
            "message": _message(record),
            "request": facts.get("request") or (request_id() if has_request_context() else None),
            **facts,
        }
        if record.exc_info and record.exc_info[1]:
            line["trace"] = list(trace_of(record.exc_info[1]))
        return _encode({name: value for name, value in line.items() if value is not None})


def _message(record: logging.LogRecord) -> str:
    if record.name == requests.name:
        return "request"
    if isinstance(record.msg, BaseException):
        return words_of(record.msg)
    if record.name.startswith("gunicorn"):
        return _without_what_was_asked(record)
    if isinstance(record.args, tuple) and any(isinstance(value, BaseException) for value in record.args):
        return str(record.msg) % tuple(_safe(value) for value in record.args)
    return masked(record.getMessage())


def _safe(value: object) -> object:
    if isinstance(value, BaseException):
        return words_of(value)
    return masked(value) if isinstance(value, str) else value


def _without_what_was_asked(record: logging.LogRecord) -> str:
    """The web server quotes addresses and headers of requests that it could not serve: only its own words stay."""
    if record.args and isinstance(record.args, tuple):
        kept = tuple(
            "…" if isinstance(value, str) and not re.fullmatch(r"[A-Z0-9]+", value) else value for value in record.args
        )
        return str(record.msg) % kept
    return masked(str(record.msg).partition(" from ip=")[0])


def masked(text: str) -> str:
    """Return a text without what looks like a mail address, a machine's address, a password or a token."""
    return MACHINES.sub("<ip>", _impersonal(text))


def _impersonal(text: str) -> str:
    for pattern, instead in PERSONAL:
        text = pattern.sub(instead, text)
    return text


def trace_of(error: BaseException) -> Iterator[str]:
    """Yield where an exception came from, the first cause first: places in the code, and the words of `words_of`."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and before is not error:
        yield from trace_of(before)
    for frame in traceback.extract_tb(error.__traceback__):
        place = Path(frame.filename)
        shown = place.relative_to(ROOT) if place.is_relative_to(ROOT) else Path(*place.parts[-3:])
        yield f"{shown}:{frame.lineno} {frame.name}"
    yield words_of(error)


def words_of(error: BaseException) -> str:
    """Return the kind of an exception, and what it says if that can only be about the machine or the code.

    What any other exception says may be what a person has typed: its kind and its place have to do.
    """
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    if isinstance(error, DBAPIError):  # of its words the first line alone: PostgreSQL repeats values in those below
        first = str(error.orig).partition("\n")[0]
        return f"{kind}: {_impersonal(QUOTED_VALUE.sub('…', first))}"
    if isinstance(error, OSError) and error.strerror:  # without the file's name, which somebody may have chosen
        return f"{kind}: {error.strerror}"
    if isinstance(error, (RedisError, *SPEAK_OF_CODE)):
        return f"{kind}: {_impersonal(str(error))}"
    return kind
