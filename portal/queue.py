"""The queue: how work is handed to RQ, and the worker that does it.

The database decides what is to be done; a job is a hint that somebody should look now. So a lost hint costs a minute
(the ticker looks too) and a request never waits for Redis: a quarter of a second, no second try, no error; and for some
seconds after a failure nobody else of this process asks.
"""

import json
import logging
import os
import re
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FunctionType
from typing import Any

from flask import Flask, current_app
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.exceptions import DeserializationError, StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import Worker
from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction, scoped_session

from portal.extensions import db
from portal.processes import die_with_parent, leaving

QUEUE = "portal"
HINT_TIMEOUT = 55  # seconds: a drain ends by itself before its rows' lease (60 s) does
WORK_TIMEOUT = 3600  # seconds, for imports, exports and other long work
CLIENT_TIMEOUT = 0.25  # seconds a request may lose to a Redis that does not answer
QUIET = 5.0  # seconds after a failure in which this process does not ask again
FAILURES_KEPT = 86400  # seconds
FAREWELL = 5.0  # seconds for one that leaves to tell Redis that it does
RECONNECT = 1.0  # seconds between two tries of a worker that has lost Redis
JOBS = re.compile(r"portal(\.[a-z_]+)*\.jobs\.[a-z]\w*")  # the only functions that a job may name

_PENDING = "portal.queue.pending"
log = logging.getLogger(__name__)

Hint = tuple[str, tuple[Any, ...], int]  # the function's name, its arguments, its bound in seconds


def enqueue(function: FunctionType, *args: object, job_id: str | None = None, timeout: int = HINT_TIMEOUT) -> bool:
    """Ask the workers to call `function(*args)` soon; tell whether the request was heard.

    `job_id` must never be the same for ever: a dead job would keep it and refuse all that follow. Put the time in it.

    Raises:
        ValueError: the function is not one of a `jobs` module, or the id has other signs than letters, digits, _ and -.
        TypeError: an argument cannot be written as JSON.
    """
    return _send(_name(function), args, timeout, job_id)


def _send(name: str, args: tuple[Any, ...], timeout: int, job_id: str | None = None) -> bool:
    client = _client(current_app)
    silent_until = current_app.extensions.get("portal.queue.silent_until", 0.0)
    if client is None or time.monotonic() < silent_until:
        return False
    try:
        Queue(QUEUE, connection=client, serializer=JSONSerializer, job_class=PortalJob).enqueue_call(
            name, args=args, timeout=timeout, job_id=job_id, result_ttl=0, failure_ttl=FAILURES_KEPT
        )
    except (RedisError, OSError) as error:
        _say_once(current_app, error)
        current_app.extensions["portal.queue.silent_until"] = time.monotonic() + QUIET
        return False
    current_app.extensions["portal.queue.silent"] = False
    return True


def enqueue_after_commit(
    session: Session | scoped_session, function: FunctionType, *args: object, timeout: int = HINT_TIMEOUT
) -> None:
    """Do the same once the session's transaction is committed; never, if it is rolled back.

    Workers are fast: enqueued any earlier, they would look before the row is there.
    """
    hint = (_name(function), args, timeout)
    json.dumps(args)  # what cannot be sent fails here, inside the transaction, and not after it
    real = session() if isinstance(session, scoped_session) else session
    hints: list[Hint] = real.info.setdefault(_PENDING, [])
    if hint not in hints:
        hints.append(hint)


def _name(function: FunctionType) -> str:
    """Return the name by which workers find the function."""
    name = f"{function.__module__}.{function.__qualname__}"
    if not JOBS.fullmatch(name):
        raise ValueError(f"{name} is not a function of a `jobs` module: workers would refuse it")
    return name


@event.listens_for(Session, "after_commit")
def _send_hints(session: Session) -> None:
    if session.in_nested_transaction():
        return  # a savepoint promises nothing
    for name, args, timeout in session.info.pop(_PENDING, ()):
        if not _send(name, args, timeout):
            return  # do not wait once more for a server that has just not answered


@event.listens_for(Session, "after_transaction_end")
def _drop_hints(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_PENDING, None)  # rolled back or closed: a commit has taken them before


def connection(url: str) -> Redis:
    """Return the worker's connection, which may wait where a request may not."""
    return Redis.from_url(url, socket_timeout=60, socket_connect_timeout=5, retry=Retry(NoBackoff(), 0))


def _client(app: Flask) -> Redis | None:
    """Return the impatient client of this process, or None where the installation has no Redis."""
    url = app.config.get("PORTAL_REDIS_URL")
    if not url:
        return None
    clients = app.extensions.setdefault("portal.queue.clients", {})
    if url not in clients:
        clients[url] = Redis.from_url(
            url, socket_timeout=CLIENT_TIMEOUT, socket_connect_timeout=CLIENT_TIMEOUT, retry=Retry(NoBackoff(), 0)
        )
    return clients[url]


def is_reachable() -> bool:
    """Whether Redis answers, for those who watch over the portal."""
    client = _client(current_app)
    try:
        return bool(client and client.ping())
    except (RedisError, OSError):
        return False


def live_workers() -> int:
    """How many workers there are, 0 when Redis does not answer. One that says nothing for two minutes is forgotten."""
    client = _client(current_app)
    if client is None:
        return 0
    try:
        return len(Worker.all(connection=client, serializer=JSONSerializer))
    except (RedisError, OSError):
        return 0


def _say_once(app: Flask, error: Exception) -> None:
    """Log the first failure of an outage: the hundredth would say nothing new."""
    if not app.extensions.get("portal.queue.silent"):
        log.warning("Redis does not take jobs (%s); what is due waits for the next minute's sweep.", error)
    app.extensions["portal.queue.silent"] = True


class PortalJob(Job):
    """A job that can only name functions of our `jobs` modules: whoever writes to Redis must not choose what we run."""

    @property
    def func(self) -> Callable[..., Any] | None:
        if not JOBS.fullmatch(self.func_name or ""):
            raise PermissionError(f"{self.func_name} is not a job of the portal")
        return super().func

    def restore(self, raw_data: dict) -> Any:
        """Read the job; forget callbacks and webhooks, which we never send."""
        hooks = ("success_callback_name", "failure_callback_name", "stopped_callback_name", "webhooks")
        return super().restore({key: value for key, value in raw_data.items() if _text(key) not in hooks})


def _text(key: bytes | str) -> str:
    return key.decode() if isinstance(key, bytes) else key


def _told(job: Job) -> str | None:
    """What the log calls a job: its function, if that is one of ours."""
    try:
        return job.func_name if JOBS.fullmatch(job.func_name or "") else None
    except DeserializationError:
        return None


class PortalWorker(Worker):
    """RQ's worker, at home in the application: each job has its own process, database connections and context."""

    max_connection_wait_time = 5.0  # seconds; RQ's own minute would delay mails after an outage
    log_result_lifespan = False

    def __init__(self, app: Flask, redis: Redis) -> None:
        self.app = app
        queue = Queue(QUEUE, connection=redis, serializer=JSONSerializer, job_class=PortalJob)
        super().__init__(
            [queue],
            connection=redis,
            serializer=JSONSerializer,
            job_class=PortalJob,
            worker_ttl=60,  # it waits 45 s for a job, not 405 s, before it looks after dead ones
            maintenance_interval=60,
        )

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """First steps of the forked process: it ends with its worker and opens its own database connections.

        An orphan would carry on unseen, and a connection used by two processes garbles both. It never waits for a job,
        so it need not wait long for Redis when its own is done.
        """
        die_with_parent()
        self.connection.connection_pool.connection_kwargs["socket_timeout"] = FAREWELL
        with self.app.app_context():
            for engine in db.engines.values():
                engine.dispose(close=False)
        super().main_work_horse(job, queue)

    def perform_job(self, *args: Any, **kwargs: Any) -> bool:
        """Run the job inside an application context, closed (and the session with it) when the job has ended."""
        begun, done = time.monotonic(), False
        try:
            with self.app.app_context():
                done = super().perform_job(*args, **kwargs)
        finally:
            taken = round((time.monotonic() - begun) * 1000, 1)
            log.info("job", extra={"facts": {"job": _told(args[0]), "ok": done, "ms": taken}})
        return done

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """Log a failure with its trace but without what RQ would add: the arguments and the exception's own words."""
        log.error("job failed", exc_info=exc_info, extra={"facts": {"job": _told(job)}})

    def setup_work_horse_signals(self) -> None:
        """A job that is told to stop ends what it has in hand; RQ's would die in the middle of a mail."""
        super().setup_work_horse_signals()
        signal.signal(signal.SIGTERM, lambda *_: leaving.set())
        if self._stop_requested:  # it came while this process was being born
            leaving.set()

    def handle_warm_shutdown_request(self) -> None:
        """Let the job know; the worker leaves when it has ended. Saying it twice does not kill the mail in hand."""
        super().handle_warm_shutdown_request()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second Ctrl-C still waits for nobody
        if self.horse_pid:
            with suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGTERM)
        threading.Thread(target=self._leave_without_redis, daemon=True).start()

    def _leave_without_redis(self) -> None:
        """Leave once there was no job in hand for some seconds: a Redis that says nothing is not waited for."""
        idle_since = time.monotonic()
        while time.monotonic() - idle_since < FAREWELL:
            time.sleep(0.1)
            if self._has_job_in_hand():
                idle_since = time.monotonic()
        os._exit(0)

    def _has_job_in_hand(self) -> bool:
        """Whether the process of a job lives: `busy`, RQ's own word, ends only when Redis has heard of the end."""
        if not self.horse_pid:
            return False
        try:  # without taking the end away from RQ, which may be waiting for Redis instead of looking
            return os.waitid(os.P_PID, self.horse_pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        except ChildProcessError:
            return False

    @property
    def asked_to_stop(self) -> bool:
        return self._shutdown_requested_date is not None


def work(app: Flask, url: str, *, burst: bool = False, logging_level: str = "WARNING") -> None:
    """Do jobs until told to stop (SIGTERM, SIGINT); `burst`: until there are none left.

    RQ's own loop ends at some Redis errors, so this one begins again until Redis is back.
    """
    while True:
        for number in (signal.SIGINT, signal.SIGTERM):  # RQ's handlers outlive their loop
            signal.signal(number, _leave)
        worker = None
        try:
            worker = PortalWorker(app, connection(url))
            worker.work(burst=burst, logging_level=logging_level)
        except StopRequested:
            return
        except (RedisError, OSError) as error:
            if burst:
                raise
            log.warning("The worker waits for Redis: %s", error)
        if burst or (worker and worker.asked_to_stop):
            return
        time.sleep(RECONNECT)


def _leave(*_: object) -> None:
    raise SystemExit(0)
