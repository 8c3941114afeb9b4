"""The queue never delays a request, never speaks of what was rolled back, and runs nothing but our jobs."""

import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from flask import Flask
from redis import Redis
from rq import Queue, Worker
from rq.serializers import JSONSerializer, PickleSerializer
from sqlalchemy import text

from portal import queue
from portal.extensions import db
from tests.processes import probe
from tests.servers import free_port, valkey_server, wait_until

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def valkey_url() -> Iterator[str]:
    with valkey_server() as url:
        yield url


@pytest.fixture
def redis(valkey_url: str) -> Iterator[Redis]:
    with Redis.from_url(valkey_url) as client:
        client.flushall()
        yield client


@pytest.fixture(scope="module")
def jobs() -> Iterator[ModuleType]:
    yield probe.install()
    del sys.modules[probe.NAME]


@pytest.fixture
def make_app(tmp_path: Path) -> Iterator:
    """A portal of two lines: the queue needs an application and a session, nothing else."""
    contexts = []

    def make(url: str | None) -> Flask:
        app = Flask("tiny")
        app.config.update(PORTAL_REDIS_URL=url, SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path}/tiny.db")
        db.init_app(app)
        contexts.append(app.app_context())
        contexts[-1].push()
        return app

    yield make
    for context in reversed(contexts):
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()
        for client in context.app.extensions.get("portal.queue.clients", {}).values():
            client.close()
        context.pop()


def waiting(redis: Redis) -> list[tuple[str, tuple]]:
    """What is in the queue, oldest first."""
    found = Queue(queue.QUEUE, connection=redis, serializer=JSONSerializer).jobs
    return [(str(job.func_name), tuple(job.args or ())) for job in found]


def failed(redis: Redis) -> list[str]:
    return Queue(queue.QUEUE, connection=redis, serializer=JSONSerializer).failed_job_registry.get_job_ids()


def states(redis: Redis) -> list[str]:
    """What the workers say of themselves."""
    return [worker.get_state() for worker in Worker.all(connection=redis)]


def run_worker(url: str, data_dir: Path) -> subprocess.CompletedProcess:
    """Let a worker do what waits, in a process of its own."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PORTAL_")}
    environ |= {"PORTAL_DATA_DIR": str(data_dir), "PORTAL_REDIS_URL": url}
    command = [sys.executable, "-m", "tests.processes.probe", url]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=True)


def seconds_of(function, *args) -> tuple[float, object]:
    begun = time.monotonic()
    answer = function(*args)
    return time.monotonic() - begun, answer


def test_a_closed_port_costs_a_request_less_than_a_second_and_no_error(make_app, jobs, caplog) -> None:
    make_app(f"redis://127.0.0.1:{free_port()}/0")
    seconds, heard = seconds_of(queue.enqueue, jobs.note, "x")
    assert heard is False
    assert seconds < 1
    assert queue.enqueue(jobs.note, "x") is False
    assert [record.levelname for record in caplog.records] == ["WARNING"], (
        "an outage is said once, not at every request"
    )


def test_a_frozen_redis_costs_a_request_less_than_a_second(make_app, jobs) -> None:
    with valkey_server() as url, Redis.from_url(url) as client:
        pid = int(client.info("server")["process_id"])
        make_app(url)
        assert queue.enqueue(jobs.note, "before") is True
        os.kill(pid, signal.SIGSTOP)
        seconds, heard = seconds_of(queue.enqueue, jobs.note, "during")
        assert heard is False
        assert seconds < 1
        os.kill(pid, signal.SIGCONT)
        wait_until(lambda: queue.enqueue(jobs.note, "after"), "Redis takes jobs again", 10)


def test_without_any_redis_nothing_is_enqueued_and_nothing_fails(make_app, jobs) -> None:
    make_app(None)
    assert queue.enqueue(jobs.note, "x") is False


def test_a_committed_change_is_announced_after_its_commit(make_app, jobs, redis, valkey_url) -> None:
    make_app(valkey_url)
    db.session.execute(text("SELECT 1"))
    queue.enqueue_after_commit(db.session, jobs.note, 1)
    queue.enqueue_after_commit(db.session, jobs.note, 1)
    queue.enqueue_after_commit(db.session, jobs.note, 2)
    assert waiting(redis) == []
    db.session.commit()
    name = f"{probe.NAME}.note"
    assert waiting(redis) == [(name, (1,)), (name, (2,))], "each once, in order"
    db.session.commit()
    assert len(waiting(redis)) == 2


def test_a_rolled_back_change_is_never_announced(make_app, jobs, redis, valkey_url) -> None:
    make_app(valkey_url)
    db.session.execute(text("SELECT 1"))
    queue.enqueue_after_commit(db.session, jobs.note, 1)
    db.session.rollback()
    db.session.execute(text("SELECT 1"))
    queue.enqueue_after_commit(db.session, jobs.note, 2)
    db.session.close()
    db.session.execute(text("SELECT 1"))
    db.session.commit()
    assert waiting(redis) == []


def test_a_savepoint_neither_announces_early_nor_forgets(make_app, jobs, redis, valkey_url) -> None:
    make_app(valkey_url)
    queue.enqueue_after_commit(db.session, jobs.note, 1)
    with db.session.begin_nested():
        db.session.execute(text("SELECT 1"))
    assert waiting(redis) == []
    db.session.begin_nested().rollback()
    db.session.commit()
    assert len(waiting(redis)) == 1


def test_a_function_outside_the_jobs_modules_is_refused_before_the_commit(make_app) -> None:
    make_app(None)
    with pytest.raises(ValueError, match="not a function of a `jobs` module"):
        queue.enqueue_after_commit(db.session, subprocess.run, "x")


def test_an_argument_that_is_not_json_is_refused_before_the_commit(make_app, jobs) -> None:
    make_app(None)
    with pytest.raises(TypeError):
        queue.enqueue_after_commit(db.session, jobs.note, object())


def test_a_worker_runs_a_job_in_its_own_process_inside_the_application(
    make_app, jobs, redis, valkey_url, tmp_path
) -> None:
    make_app(valkey_url)
    seen = tmp_path / "seen"
    assert queue.enqueue(jobs.note, str(seen), 7, "Évaluation", None) is True
    run_worker(valkey_url, tmp_path / "data")
    told = json.loads(seen.read_text(encoding="utf-8"))
    assert told["args"] == [7, "Évaluation", None]
    assert told["app"] == "portal" or told["app"] == "app"
    assert waiting(redis) == failed(redis) == []
    assert not redis.keys("rq:job:*"), "a finished job leaves nothing"


def test_a_failing_job_is_kept_for_a_day_and_does_not_stop_the_others(
    make_app, jobs, redis, valkey_url, tmp_path
) -> None:
    make_app(valkey_url)
    queue.enqueue(jobs.fail, str(tmp_path / "failed"), job_id="failing-202611211200")
    queue.enqueue(jobs.note, str(tmp_path / "next"))
    run_worker(valkey_url, tmp_path / "data")
    assert (tmp_path / "failed").exists()
    assert (tmp_path / "next").exists()
    assert failed(redis) == ["failing-202611211200"]
    assert 0 < redis.ttl("rq:job:failing-202611211200") <= 86400


class Bomb:
    """Unpickled, it makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.path),)


def test_a_pickled_payload_is_not_executed(redis, valkey_url, tmp_path) -> None:
    harmed = tmp_path / "harmed"
    assert pickle.dumps(Bomb(harmed))
    Queue(queue.QUEUE, connection=redis, serializer=PickleSerializer).enqueue("builtins.len", Bomb(harmed))
    run_worker(valkey_url, tmp_path / "data")
    assert not harmed.exists()
    assert waiting(redis) == []


@pytest.mark.parametrize("hook", ["function", "callback"])
def test_whoever_writes_to_redis_cannot_choose_what_a_worker_runs(hook, redis, valkey_url, tmp_path) -> None:
    harmed = tmp_path / "harmed"
    foreign = Queue(queue.QUEUE, connection=redis, serializer=JSONSerializer)
    if hook == "function":
        foreign.enqueue("os.mkdir", str(harmed))
    else:
        job = foreign.enqueue(f"{probe.NAME}.note", str(tmp_path / "seen"))
        redis.hset(job.key, "success_callback_name", "tests.processes.test_queue.harm")
        redis.hset(job.key, "meta", json.dumps({"path": str(harmed)}))
    run_worker(valkey_url, tmp_path / "data")
    assert not harmed.exists()
    assert (hook == "function") == (len(failed(redis)) == 1)


def harm(job, *_: object) -> None:
    """What a forged callback would do."""
    Path(job.meta["path"]).mkdir()


def test_two_workers_serve_one_queue_and_leave_when_told(redis, valkey_url, tmp_path) -> None:
    environ = os.environ | {"PORTAL_DATA_DIR": str(tmp_path / "data"), "PORTAL_REDIS_URL": valkey_url}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
    workers = [subprocess.Popen(command, cwd=ROOT, env=environ) for _ in range(2)]
    try:
        wait_until(lambda: states(redis) == ["idle", "idle"], "two workers that wait for a job")
        for process in workers:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(30) for process in workers] == [0, 0]
        assert Worker.count(connection=redis) == 0
    finally:
        for process in workers:
            process.kill()
            process.wait()


def test_a_worker_whose_redis_freezes_during_a_job_leaves_soon_after_it(make_app, jobs, tmp_path) -> None:
    with valkey_server() as url, Redis.from_url(url) as client:
        make_app(url)
        queue.enqueue(jobs.take_long, str(tmp_path / "begun"), 1.0)
        environ = os.environ | {"PORTAL_DATA_DIR": str(tmp_path / "data"), "PORTAL_REDIS_URL": url}
        worker = subprocess.Popen([sys.executable, "-m", "tests.processes.probe", url], cwd=ROOT, env=environ)
        try:
            wait_until((tmp_path / "begun").exists, "the job")
            os.kill(int(client.info("server")["process_id"]), signal.SIGSTOP)
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(30) == 0
        finally:
            worker.kill()
            worker.wait()


def test_a_worker_waits_for_a_redis_that_comes_later(tmp_path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="suivi-vk-"))  # short enough for a socket
    url = f"unix://{folder}/valkey/valkey.sock?db=0"
    environ = os.environ | {"PORTAL_DATA_DIR": str(tmp_path / "data"), "PORTAL_REDIS_URL": url}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
    worker = subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True)
    assert worker.stderr
    try:
        assert any("waits for Redis" in line for line in worker.stderr)
        with valkey_server(folder) as started, Redis.from_url(started) as client:
            assert started == url
            wait_until(lambda: states(client) == ["idle"], "a worker that waits for a job")
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(30) == 0
    finally:
        worker.kill()
        worker.wait()
        worker.stderr.close()
