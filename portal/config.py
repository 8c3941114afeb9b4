"""Settings of the installation, read from the environment once. A missing secret is a refusal to start."""

import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from portal.links import ascii_address
from portal.outbox.gateway import setting_from

ROOT = Path(__file__).resolve().parent.parent
SHORTEST_SECRET = 32  # characters
LOOPBACK = ("127.0.0.1", "localhost")
SCHEMES = {  # what the addresses may begin with
    "PORTAL_BASE_URL": ("http", "https"),
    "PORTAL_SMTP_URL": ("smtp", "smtps"),
    "PORTAL_REDIS_URL": ("redis", "rediss", "unix"),
    "PORTAL_SMS_URL": ("https", "http"),
}
SMS_SETTINGS = (
    "PORTAL_SMS_URL", "PORTAL_SMS_METHOD", "PORTAL_SMS_BODY", "PORTAL_SMS_HEADERS", "PORTAL_SMS_SUCCESS",
    "PORTAL_SMS_SENDER",
)  # fmt: skip


class ConfigError(RuntimeError):
    """The environment does not allow a start; the message says which value and why."""


def load(environ: Mapping[str, str] = os.environ) -> dict[str, object]:
    """Return Flask's configuration from the `PORTAL_…` variables (README, "Environment").

    Raises:
        ConfigError: a value cannot be understood; in production, a secret, the database or the base URL is missing
            or weak.
    """
    production = environ.get("PORTAL_ENV") == "production"
    refuse_what_cannot_be_understood(environ)
    if production:
        refuse_weak_values(environ)
    data_dir = made_folder(Path(environ.get("PORTAL_DATA_DIR") or ROOT / "instance").resolve())
    base_url = environ.get("PORTAL_BASE_URL") or f"http://127.0.0.1:{environ.get('PORT') or 5000}"
    database_url = environ.get("PORTAL_DATABASE_URL") or f"sqlite:///{data_dir / 'portal.db'}"
    return {
        "PORTAL_ENV": "production" if production else "development",
        "PORTAL_DATA_DIR": data_dir,
        "PORTAL_BASE_URL": base_url.rstrip("/"),
        "PORTAL_DATABASE_URL": database_url,
        "PORTAL_REDIS_URL": environ.get("PORTAL_REDIS_URL") or embedded_redis_url(data_dir),
        "PORTAL_SMTP_URL": environ.get("PORTAL_SMTP_URL") or None,
        "PORTAL_MAIL_FROM": environ.get("PORTAL_MAIL_FROM") or None,
        "SMS_GATEWAY": setting_from({name: environ.get(name) or "" for name in SMS_SETTINGS}),
        "PORTAL_STORAGE_URL": storage_url(environ, data_dir),
        "PORTAL_LINK_KEYS": link_keys(environ, data_dir),
        "SECRET_KEY": environ.get("PORTAL_SECRET_KEY") or kept_secret(data_dir / "secret-key"),
        "SECRET_KEY_FALLBACKS": former_keys(environ),
        "PORTAL_PROXY_HOPS": int(environ.get("PORTAL_PROXY_HOPS") or 0),
        "PORTAL_METRICS_TOKEN": environ.get("PORTAL_METRICS_TOKEN") or None,
        **flask_settings(base_url, database_url),
    }


def flask_settings(base_url: str, database_url: str) -> dict[str, object]:
    """What Flask and its extensions are told, from the two addresses of this installation."""
    https = base_url.startswith("https://")
    return {
        "SQLALCHEMY_DATABASE_URI": database_url.replace("postgres://", "postgresql://", 1),
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(database_url),
        "SESSION_COOKIE_NAME": "__Host-suivi" if https else "suivi",
        "SESSION_COOKIE_SECURE": https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        # this machine's own name for itself is for those who watch over the portal: no link is ever made from it
        "TRUSTED_HOSTS": [str(urlsplit(base_url).hostname), *LOOPBACK] if https else None,
        "MAX_CONTENT_LENGTH": 55 * 1024 * 1024,  # five files of 10 MB, and the form around them
        "MAX_FORM_MEMORY_SIZE": 1024 * 1024,
        "MAX_FORM_PARTS": 1000,
        "WTF_CSRF_TIME_LIMIT": None,  # a page left open over lunch must still save
        "SEND_FILE_MAX_AGE_DEFAULT": 31536000,  # static addresses carry the hash of what they serve
        "BABEL_TRANSLATION_DIRECTORIES": str(ROOT / "translations"),
    }


def engine_options(database_url: str) -> dict[str, object]:
    """How to keep connections: a restarted PostgreSQL must not cost a request."""
    if database_url.startswith("sqlite"):
        return {"connect_args": {"timeout": 10}, "hide_parameters": True}
    # pages are many short statements: helpers and machine code would take longer to start than these take to run
    settings = "-c statement_timeout=60000 -c jit=off -c parallel_setup_cost=10000"
    return {
        "hide_parameters": True,  # what people typed stays out of the logs
        "pool_pre_ping": True,
        "pool_recycle": 300,
        "pool_size": 16,
        "connect_args": {"connect_timeout": 5, "options": settings},
    }


def refuse_what_cannot_be_understood(environ: Mapping[str, str]) -> None:
    """Raise ConfigError naming every value that has no meaning. No value is repeated: some hold passwords."""
    faults = []
    if environ.get("PORTAL_ENV") not in (None, "", "development", "production"):
        faults.append("PORTAL_ENV is neither development nor production")
    if not (environ.get("PORTAL_PROXY_HOPS") or "0").isdecimal():
        faults.append("PORTAL_PROXY_HOPS is not a number")
    for name, schemes in SCHEMES.items():
        if environ.get(name) and not _is_address(environ[name], schemes):
            faults.append(f"{name} is not an address that begins with {' or '.join(f'{s}://' for s in schemes)}")
    if not _is_storage(environ.get("PORTAL_STORAGE_URL") or "/"):
        faults.append("PORTAL_STORAGE_URL is neither a folder nor an address such as s3://bucket or s3://bucket/folder")
    try:
        ascii_address(environ.get("PORTAL_MAIL_FROM") or "no-reply@localhost")
    except ValueError:
        faults.append("PORTAL_MAIL_FROM is not an address such as contact@agency.example (no accents before the @)")
    try:
        setting_from({name: environ.get(name) or "" for name in SMS_SETTINGS})
    except ValueError as error:
        faults.append(str(error))
    try:
        make_url(environ.get("PORTAL_DATABASE_URL") or "sqlite://")
    except (ArgumentError, ValueError):
        faults.append("PORTAL_DATABASE_URL is not an address such as postgresql://user:password@host/name")
    if faults:
        raise ConfigError("The portal cannot start: " + "; ".join(faults) + ".")


def _is_address(value: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in schemes and bool(parts.hostname or parts.scheme == "unix") and parts.port != 0
    except ValueError:  # a port that is no number, a bracket that is not closed
        return False


def _is_storage(value: str) -> bool:
    """Whether files can be kept there: a folder, or a bucket without keys in its address."""
    return "://" not in value or bool(re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]+(/[\w.-]+)*/?", value))


def storage_url(environ: Mapping[str, str], data_dir: Path) -> str:
    """Where the contents of attached files are kept: the address of a bucket, or a whole path."""
    given = environ.get("PORTAL_STORAGE_URL") or str(data_dir / "files")
    return given if "://" in given else str(Path(given).resolve())


def made_folder(path: Path) -> Path:
    """Return the data folder, made for its owner alone.

    Raises:
        ConfigError: it cannot be made.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"The portal cannot start: PORTAL_DATA_DIR ({path}) cannot be made: {error.strerror}."
        ) from error
    return path


def refuse_weak_values(environ: Mapping[str, str]) -> None:
    """Raise ConfigError naming every value that production needs and does not have."""
    faults = [
        f"{name} is missing"
        for name in (
            "PORTAL_DATABASE_URL",
            "PORTAL_REDIS_URL",
            "PORTAL_BASE_URL",
            "PORTAL_SECRET_KEY",
            "PORTAL_LINK_KEYS",
        )
        if not environ.get(name)
    ]
    secrets_given = {"PORTAL_SECRET_KEY": [environ.get("PORTAL_SECRET_KEY", "")]}
    for name in ("PORTAL_LINK_KEYS", "PORTAL_FORMER_SECRET_KEYS"):
        secrets_given[name] = environ.get(name, "").split(",")
    for name, values in secrets_given.items():
        if environ.get(name) and any(len(value.strip()) < SHORTEST_SECRET for value in values):
            faults.append(f"{name} is weak: at least {SHORTEST_SECRET} random characters")
    if environ.get("PORTAL_METRICS_TOKEN") and len(environ["PORTAL_METRICS_TOKEN"]) < SHORTEST_SECRET:
        faults.append(f"PORTAL_METRICS_TOKEN is weak: at least {SHORTEST_SECRET} random characters")
    if faults:
        raise ConfigError("The portal refuses to start in production: " + "; ".join(faults) + ".")


def link_keys(environ: Mapping[str, str], data_dir: Path) -> list[str]:
    """Keys of mailed links, newest first: the first signs, all verify."""
    given = [key.strip() for key in environ.get("PORTAL_LINK_KEYS", "").split(",") if key.strip()]
    return given or [kept_secret(data_dir / "link-key")]


def former_keys(environ: Mapping[str, str]) -> list[str]:
    """Keys of before a rotation: cookies and second factors made with them are still read, nothing new is made."""
    return [key.strip() for key in environ.get("PORTAL_FORMER_SECRET_KEYS", "").split(",") if key.strip()]


def kept_secret(path: Path) -> str:
    """Return the secret of this development machine; the first start makes it."""
    try:
        with path.open("x", encoding="ascii") as file:
            path.chmod(0o600)
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text(encoding="ascii")


def embedded_redis_url(data_dir: Path) -> str | None:
    """Address of the Valkey that `flask up` has started beside this data, if it left one."""
    note = data_dir / "valkey.url"
    return note.read_text(encoding="utf-8").strip() if note.exists() else None
