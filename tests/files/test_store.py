"""Contents are kept in a folder or in a bucket, come back with a backup, and go when no row names them."""

import os
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from email.utils import format_datetime
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from time_machine import TimeMachineFixture

from portal import clock
from portal.config import ConfigError, load
from portal.files import jobs
from portal.files.actions import keep
from portal.files.models import Attachment
from portal.files.queries import serve
from portal.files.store import store, try_out
from portal.links import new_public_id
from tests.conftest import Database
from tests.factories import Agency
from tests.files.test_keeping import PAPER, files_in, photo, sent


class S3(BaseHTTPRequestHandler):
    """As much of Amazon's protocol as a store of files speaks."""

    kept: dict[str, bytes] = {}  # noqa: RUF012 - of the one test that starts it

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"Content_Length": str(len(body)), "Connection": "close"} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.kept[self.path] = content
        self._answer(200, ETag=f'"{md5(content).hexdigest()}"')  # noqa: S324

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        names = re.findall("<Key>([^<]+)</Key>", asked)
        for name in names:
            self.kept.pop(f"/bucket/{name}", None)
        gone = "".join(f"<Deleted><Key>{name}</Key></Deleted>" for name in names)
        self._answer(200, f"<DeleteResult>{gone}</DeleteResult>".encode())

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        moment = clock.now() - timedelta(days=2)
        if url.query:
            prefix = parse_qs(url.query)["prefix"][0]
            names = [path.removeprefix("/bucket/") for path in self.kept]
            found = "".join(
                f"<Contents><Key>{name}</Key><LastModified>{moment:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
                f'<ETag>"1"</ETag><Size>1</Size></Contents>'
                for name in names if name.startswith(prefix)
            )  # fmt: skip
            self._answer(200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>".encode())
        elif self.path in self.kept:
            self._answer(200, self.kept[self.path], ETag='"1"', Last_Modified=format_datetime(moment, usegmt=True))
        else:
            self._answer(404)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@pytest.fixture(params=["folder", "bucket"])
def kept_in(request: pytest.FixtureRequest, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An installation that keeps its files in the one or in the other."""
    if request.param == "folder":
        yield "folder"
        return
    with ThreadingHTTPServer(("127.0.0.1", 0), S3) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        for name, value in {
            "AWS_ENDPOINT": f"http://127.0.0.1:{server.server_port}", "AWS_ALLOW_HTTP": "true", "AWS_REGION": "home",
            "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        app.config["PORTAL_STORAGE_URL"] = f"s3://bucket/suivi-{server.server_port}"
        yield "bucket"
        server.shutdown()


def age(folder: Path, days: float) -> None:
    """All that lies there was written so long ago: the clock of a story is not that of a disk."""
    moment = (clock.now() - timedelta(days=days)).timestamp()
    for path in folder.rglob("*"):
        os.utime(path, (moment, moment))


def test_a_content_is_kept_comes_back_and_goes_when_no_row_names_it(
    kept_in: str, app: Flask, agency: Agency, database: Database, tmp_path: Path, time_machine: TimeMachineFixture
) -> None:
    orphan = f"M{new_public_id()[1:]}"
    with database.writing():
        assert try_out() is None
        (made,) = keep(agency.claire.user, [sent(photo(80, 60))])
        store().write(orphan, b"of a process that died")
        store().write(f"{orphan}.thumb", b"and its thumbnail")
        assert {name for name, _at in store().listed("M")} >= {orphan, f"{orphan}.thumb"}
    age(tmp_path / "files", days=2)
    swept = 0
    for _minute in jobs.SIGNS:
        with app.app_context():
            swept += jobs.sweep()
        time_machine.shift(timedelta(minutes=1))
    assert swept == 2
    with app.test_request_context():
        with closing(serve(made)) as answer:
            assert answer.status_code == 200
        for name in (orphan, f"{orphan}.thumb"):
            with pytest.raises(FileNotFoundError):
                store().open(name)
        store().remove(orphan)


def test_what_is_young_or_not_ours_is_left_alone(app: Flask, tmp_path: Path, time_machine: TimeMachineFixture) -> None:
    def sweep() -> list[str]:
        for _minute in jobs.SIGNS:
            with app.app_context():
                jobs.sweep()
            time_machine.shift(timedelta(minutes=1))
        return files_in(folder)

    folder, name = tmp_path / "files", f"M{new_public_id()[1:]}"
    with app.app_context():
        store().write(name, b"of a deed that is being done")
    (folder / "M/README").write_text("somebody's own")
    (folder / f"M/.{name}.0a1b2c3d.partial").write_text("of a process that died")
    age(folder, days=0.9)
    assert len(sweep()) == 3
    age(folder, days=1.1)
    assert sweep() == ["README"]


def test_a_crash_before_the_commit_leaves_no_row_and_a_refusal_no_file(
    agency: Agency, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("No space left on device")

    uploads = [sent(PAPER), sent(photo(80, 60))]
    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(OSError, match="No space"), database.writing():
        keep(agency.claire.user, uploads)
    monkeypatch.undo()
    assert (database.count(Attachment), files_in(tmp_path / "files")) == (0, [])


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        ("/srv/files", True), ("files", True), ("s3://bucket", True), ("s3://bucket/of/ours/", True),
        ("s3://", False), ("s3://key:secret@bucket", False), ("ftp://host/files", False), ("s3://bucket?x=1", False),
    ],
)  # fmt: skip
def test_where_files_are_kept_is_a_folder_or_a_bucket(value: str, taken: bool, tmp_path: Path) -> None:
    environ = {"PORTAL_DATA_DIR": str(tmp_path), "PORTAL_STORAGE_URL": value}
    if taken:
        assert str(load(environ)["PORTAL_STORAGE_URL"]).endswith(value)
    else:
        with pytest.raises(ConfigError, match="PORTAL_STORAGE_URL is neither a folder nor"):
            load(environ)
