"""What `flask doctor` sees on this machine without asking any server, and the form in which it tells."""

import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import current_app

from portal import clock
from portal.config import LOOPBACK, SHORTEST_SECRET

OLDEST_SQLITE = (3, 35)  # RETURNING
LITTLE, VERY_LITTLE = 2 * 1024**3, 200 * 1024**2  # bytes
FEW_SIGNS = 10  # a secret of fewer different ones was typed by somebody


class Level(StrEnum):
    """How a check ended."""

    OK = "ok"
    ATTENTION = "attention"
    FAULT = "fault"


@dataclass(frozen=True)
class Finding:
    """What a check found, and what to do about it."""

    level: Level
    subject: str
    words: str
    advice: str = ""


Findings = Iterator[Finding]


def ok(subject: str, words: str) -> Finding:
    return Finding(Level.OK, subject, words)


def attention(subject: str, words: str, advice: str) -> Finding:
    return Finding(Level.ATTENTION, subject, words, advice)


def fault(subject: str, words: str, advice: str) -> Finding:
    return Finding(Level.FAULT, subject, words, advice)


def machine() -> Findings:
    yield ok("Python", sys.version.split()[0])  # an older one could not have read this file
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        yield fault("SQLite", sqlite3.sqlite_version, "Version 3.35 or newer is needed: use a newer Python or system.")
    else:
        yield ok("SQLite", sqlite3.sqlite_version)
    try:
        yield ok("time zones", f"known, {clock.now().astimezone(ZoneInfo('Europe/Paris')):%H:%M} in Paris")
    except (KeyError, OSError):
        yield fault("time zones", "the data is missing", "Install it: pip install tzdata, or apt install tzdata.")


def configuration() -> Findings:
    config = current_app.config
    production = config["PORTAL_ENV"] == "production"
    yield (
        ok("environment", "production")
        if production
        else attention(
            "environment",
            "development",
            "For a real agency set PORTAL_ENV=production: weak values then refuse to start.",
        )
    )
    base = urlsplit(config["PORTAL_BASE_URL"])
    if base.scheme == "https":
        yield ok("address", config["PORTAL_BASE_URL"])
    elif base.hostname in LOOPBACK and not production:
        yield ok("address", f"{config['PORTAL_BASE_URL']}, for this machine alone")
    else:
        yield fault(
            "address",
            f"{config['PORTAL_BASE_URL']} is not encrypted",
            "Put nginx with a certificate in front and set PORTAL_BASE_URL=https://…; see docs/operations.md.",
        )
    hops = config["PORTAL_PROXY_HOPS"]
    if base.scheme == "https" and not hops:
        yield fault(
            "proxies",
            "none is believed, though https is spoken in front of the portal",
            "Set PORTAL_PROXY_HOPS to the number of your proxies (one nginx: 1), "
            "or all visitors look like one and share the brake on wrong passwords.",
        )
    else:
        yield ok("proxies", f"{hops} in front of the portal" if hops else "none in front of the portal")


def secrets() -> Findings:
    """Never shown, only weighed."""
    config = current_app.config
    make = "Make one: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
    for name, values in (("secret key", [config["SECRET_KEY"]]), ("link keys", config["PORTAL_LINK_KEYS"])):
        if any(len(value) < SHORTEST_SECRET or len(set(value)) < FEW_SIGNS for value in values):
            level = fault if config["PORTAL_ENV"] == "production" else attention
            yield level(name, "can be guessed", make)
        else:
            yield ok(name, f"{len(values)}, hard to guess" if name == "link keys" else "hard to guess")
    if config["SECRET_KEY"] in config["PORTAL_LINK_KEYS"]:
        yield attention("link keys", "the session key is one of them", f"Keep them apart. {make}")


def data_folder() -> Findings:
    folder: Path = current_app.config["PORTAL_DATA_DIR"]
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield fault("data folder", f"{folder} cannot be written", f"Give it to this user: chown -R $(id -un) {folder}")
        return
    if folder.stat().st_mode & 0o007:
        yield attention("data folder", f"{folder} is open to every user of this machine", f"chmod 700 {folder}")
    else:
        yield ok("data folder", f"{folder}, private")
    free = shutil.disk_usage(folder).free
    level = fault if free < VERY_LITTLE else attention if free < LITTLE else None
    words = f"{free / 1024**3:.1f} GB free"
    yield level("disk", words, "Make room: old backups, logs.") if level else ok("disk", words)
