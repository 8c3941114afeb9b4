"""Where the contents of files are kept: a folder, or a bucket of an S3-compatible store (`PORTAL_STORAGE_URL`).

A content has a name that nobody can guess and never changes. It is written before its row: a crash leaves a file that
no row names, for the sweep, and never a row without a file.
"""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import IO, Protocol

from flask import current_app

from portal.links import new_public_id

BUCKET = "s3://"
OURS = re.compile(r"[\w-]{22}(\.thumb)?", re.ASCII)
PARTIAL = re.compile(r"\.[\w.-]+\.partial", re.ASCII)  # what was being written


class Store(Protocol):
    """What both kinds of store do. Names are `links.new_public_id()`s, with an ending or without."""

    def write(self, name: str, content: bytes) -> None:
        """Keep a content, whole or not at all."""

    def open(self, name: str) -> IO[bytes]:
        """Return the content, to read and to seek in.

        Raises:
            FileNotFoundError: it is not there.
        """

    def remove(self, name: str) -> None:
        """Forget a content; one that is not there is forgotten already."""

    def listed(self, first: str) -> Iterator[tuple[str, datetime]]:
        """Yield the names that begin with this sign, each with when it was written."""


class Folder:
    """A folder of this machine, or one that all machines share."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, content: bytes) -> None:
        place = self._place(name)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = place.with_name(f".{name}.{secrets.token_hex(4)}.partial")
        try:
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.rename(place)
        finally:
            partial.unlink(missing_ok=True)

    def open(self, name: str) -> IO[bytes]:
        return self._place(name).open("rb")

    def remove(self, name: str) -> None:
        self._place(name).unlink(missing_ok=True)

    def listed(self, first: str) -> Iterator[tuple[str, datetime]]:
        folder = self.root / first
        if not folder.is_dir():
            return
        with os.scandir(folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # another process has just removed it
                    yield entry.name, datetime.fromtimestamp(entry.stat().st_mtime, UTC)

    def _place(self, name: str) -> Path:
        return self.root / name.lstrip(".")[0] / name  # some hundred files in each folder, not all in one


class Bucket:
    """A bucket, or what of it lies below a prefix. Keys, region and endpoint are in the environment (`AWS_…`)."""

    def __init__(self, url: str) -> None:
        from obstore.store import S3Store  # it starts threads of its own: never before a process is forked

        # options given here take the place of those of the environment
        client = {"timeout": "20s", "allow_http": os.environ.get("AWS_ALLOW_HTTP") == "true"}
        patience = {"max_retries": 2, "retry_timeout": timedelta(seconds=10)}
        self.bucket = S3Store.from_url(url, client_options=client, retry_config=patience)

    def write(self, name: str, content: bytes) -> None:
        self.bucket.put(self._key(name), content)

    def open(self, name: str) -> IO[bytes]:
        return BytesIO(self.bucket.get(self._key(name)).bytes())

    def remove(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self.bucket.delete(self._key(name))

    def listed(self, first: str) -> Iterator[tuple[str, datetime]]:
        for page in self.bucket.list(first):
            yield from ((meta["path"].rpartition("/")[2], meta["last_modified"]) for meta in page)

    def _key(self, name: str) -> str:
        return f"{name[0]}/{name}"


def store() -> Store:
    """The store of this installation."""
    return _store(current_app.config["PORTAL_STORAGE_URL"], os.getpid())


@lru_cache(maxsize=8)
def _store(url: str, _process: int) -> Store:
    """A forked process has a store of its own: the threads of the other's stay behind."""
    return Bucket(url) if url.startswith(BUCKET) else Folder(Path(url))


def folder_of_files() -> Path | None:
    """The folder in which files are kept, for whoever copies it; None when they are in a bucket."""
    found = store()
    return found.root if isinstance(found, Folder) else None


def try_out() -> str | None:
    """Write, read and remove a content; return what went wrong."""
    name, written = new_public_id(), b"was here"
    try:
        store().write(name, written)
        with store().open(name) as file:
            read = file.read()
        store().remove(name)
    except Exception as error:  # what a bucket raises is not known where there is none
        return str(error).partition("\n")[0] or type(error).__name__
    return None if read == written else "what was written is not what is read"
