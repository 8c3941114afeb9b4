"""`flask doctor`: is everything there that this installation needs? Each check says how it is and what to do."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from portal import clock
from portal.checks import Finding, Findings, Level, attention, configuration, data_folder, fault, machine, ok, secrets
from portal.extensions import db, writing
from portal.files.store import folder_of_files, try_out
from portal.outbox.gateway import Gateway
from portal.outbox.mail import bad_sender, chosen_sender
from portal.outbox.mailer import LOCAL, Mailer, ServerClosed
from portal.outbox.models import MAIL, Channel
from portal.outbox.queries import broken_promises
from portal.people.search import not_indexed
from portal.queue import connection, live_workers
from portal.reports.comparing_home import tallies
from portal.settings.models import OptionValue
from portal.settings.queries import option

OLDEST_POSTGRES = 130000
SILENCE = timedelta(minutes=3)  # the ticker comes by every minute
SKEW, GREAT_SKEW = timedelta(seconds=5), timedelta(seconds=60)


def examine() -> Findings:
    """Yield the findings, in an order in which an earlier one explains a later one."""
    yield from machine()
    yield from configuration()
    yield from secrets()
    yield from data_folder()
    yield from attached_files()
    reachable = True
    for finding in database():
        reachable = reachable and finding.level is not Level.FAULT
        yield finding
    checks: list[Callable[[], Findings]] = [queue, mail_server, gateway]
    for check in [*checks, *([clocks, promises, on_call, ticker, search, tallies] if reachable else [])]:
        yield from check()


def attached_files() -> Findings:
    place = current_app.config["PORTAL_STORAGE_URL"]
    if complaint := try_out():
        advice = "Give it to this user: chown -R $(id -un)" if folder_of_files() else "See AWS_… in docs/operations.md."
        yield fault("attached files", f"{place} cannot be written: {complaint}", advice)
    else:
        yield ok("attached files", place)


def database() -> Findings:
    try:
        with db.engine.connect() as connection_:
            yield _version(connection_.dialect.name)
            current = MigrationContext.configure(connection_).get_current_revision()
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or type(error).__name__).partition("\n")[0]
        yield fault("database", f"does not answer: {reason}", "Is it running? Does PORTAL_DATABASE_URL name it?")
        return
    head = ScriptDirectory(str(Path(current_app.root_path) / "migrations")).get_current_head()
    if current != head:
        yield fault("tables", f"are at version {current or 'none'}, the portal is at {head}", "flask db upgrade")
        return
    yield ok("tables", f"version {head}")
    yield from _writable()


def _version(engine: str) -> Finding:
    if engine == "sqlite":
        return (ok if current_app.config["PORTAL_ENV"] == "development" else _sqlite_in_production)(
            "database", "SQLite"
        )
    number = int(db.session.execute(text("SHOW server_version_num")).scalar_one())
    words = f"PostgreSQL {number // 10000}.{number % 10000}"
    return ok("database", words) if number >= OLDEST_POSTGRES else fault("database", words, "Version 13 or newer.")


def _sqlite_in_production(subject: str, words: str) -> Finding:
    return attention(subject, words, "Enough for a small agency on one machine; PostgreSQL for any other.")


def _writable() -> Findings:
    try:
        with writing():
            db.session.rollback()
            db.session.execute(insert(OptionValue).values(key="doctor.was-here", value=True))
            db.session.rollback()
    except SQLAlchemyError as error:
        db.session.rollback()
        reason = str(getattr(error, "orig", None) or type(error).__name__).partition("\n")[0]
        yield fault("writing", f"does not work: {reason}", "Is the disk full, the database read-only or in recovery?")
    else:
        yield ok("writing", "works")


def clocks() -> Findings:
    yield _skew()


def _skew() -> Finding:
    if db.engine.dialect.name == "sqlite":
        return ok("clock", f"{clock.now():%Y-%m-%d %H:%M} UTC")
    there: datetime = db.session.execute(text("SELECT clock_timestamp()")).scalar_one()
    apart = abs(there.astimezone(UTC) - clock.now())
    words = f"{apart.total_seconds():.0f} s apart from the database's"
    advice = "Let both machines follow a time server (timedatectl set-ntp true): mailed links depend on the time."
    if apart > GREAT_SKEW:
        return fault("clock", words, advice)
    return attention("clock", words, advice) if apart > SKEW else ok("clock", f"{clock.now():%Y-%m-%d %H:%M} UTC")


def queue() -> Findings:
    url = current_app.config["PORTAL_REDIS_URL"]
    if not url:
        yield attention(
            "Redis",
            "none is named",
            "Without one messages leave with the ticker, imports run in it: "
            "set PORTAL_REDIS_URL, or start everything with flask up.",
        )
        return
    try:
        with connection(url) as redis:
            yield from _redis(redis)
    except (RedisError, OSError):
        yield fault("Redis", "does not answer", "Is it running? Does PORTAL_REDIS_URL name it, with its password?")
        return
    workers = live_workers()
    yield (
        ok("workers", f"{workers} alive")
        if workers
        else attention(
            "workers", "none was heard of within two minutes", "systemctl start suivi-worker@1 (or flask worker)."
        )
    )


def _redis(redis: Redis) -> Findings:
    server = redis.info("server")
    name = "Valkey" if "valkey_version" in server else "Redis"
    yield ok(name, str(server.get("valkey_version") or server.get("redis_version")))
    policy = str(redis.info("memory").get("maxmemory_policy"))
    if policy == "noeviction":
        yield ok("its memory", "noeviction")
    else:
        yield fault(
            "its memory",
            f"when it is full, jobs vanish ({policy})",
            "Set maxmemory-policy noeviction in its configuration, and give the portal a server of its own.",
        )


def mail_server() -> Findings:
    url = current_app.config["PORTAL_SMTP_URL"]
    if not url:
        yield attention("mail server", "none is named", "Messages wait in the outbox: set PORTAL_SMTP_URL.")
        return
    place = urlsplit(url)
    words = f"{place.hostname}:{place.port or (465 if place.scheme == 'smtps' else 25)}"
    try:
        with Mailer(url) as mailer:
            mailer.open()
            encrypted = mailer.smtp is not None and hasattr(mailer.smtp.sock, "cipher")
    except ServerClosed as closed:
        yield fault(
            "mail server",
            f"{words} does not let us in: {closed}",
            "Try name, port, password (with special signs as %40) and the firewall. Messages wait meanwhile.",
        )
        return
    known = ", knows our password" if place.username else ""
    if encrypted or place.hostname in LOCAL or _is_private(place.hostname):
        yield ok("mail server", f"{words} takes mails{', encrypted' if encrypted else ''}{known}")
    else:
        yield attention("mail server", f"{words} takes mails, not encrypted", "Use smtps:// or a server with STARTTLS.")


def gateway() -> Findings:
    """Of text messages. Nothing is sent, so nobody pays for looking."""
    setting = current_app.config["SMS_GATEWAY"]
    if not setting:
        if option("sms.enabled"):
            yield attention("text messages", "no gateway is named", "They wait in the outbox: set PORTAL_SMS_URL.")
        return
    host = urlsplit(setting.url).hostname
    try:
        encrypted = Gateway(setting).try_out()
    except ServerClosed as closed:
        yield fault("text messages", f"{host} is not there: {closed}", "Try name, port and firewall. They wait.")
        return
    if encrypted or host in LOCAL or _is_private(host):
        yield ok("text messages", f"{host} can be reached{', encrypted' if encrypted else ''}")
    else:
        yield attention("text messages", f"{host} can be reached, not encrypted", "Use an https:// address.")


def _is_private(host: str | None) -> bool:
    try:
        return ip_address(host or "").is_private
    except ValueError:
        return False


def promises() -> Findings:
    address = chosen_sender()
    guessed = (
        address.startswith("no-reply@") and not option("agency.sender") and not current_app.config["PORTAL_MAIL_FROM"]
    )
    if bad_sender():
        yield fault(
            "sender",
            f"{address}: no mail can come from such an address, all messages wait",
            "Choose another: the option agency.sender, without accents before the @.",
        )
    elif guessed:
        yield attention(
            "sender",
            f"{address}, which nobody has chosen",
            "Choose one: the option agency.sender, in a domain whose SPF and DKIM records name your mail server.",
        )
    else:
        yield ok("sender", address)
    found = broken_promises()
    for sentence in found:
        yield fault("outbox", sentence, "Outgoing messages shows which ones and why; see docs/operations.md.")
    if not found:
        yield ok("outbox", "all promises hold")


def on_call() -> Findings:
    if option("adverse_events.enabled") and not option("adverse_events.on_call"):
        yield attention(
            "on call",
            "nobody: severe adverse events are told to quality leads and administrators alone",
            "Name the address of who is on call: the option adverse_events.on_call.",
        )


def ticker() -> Findings:
    asked = select(Channel.swept_at, Channel.held_since, Channel.failing_since, Channel.answer)
    channel = db.session.execute(asked.where(Channel.name == MAIL)).first()
    if channel and channel.held_since:
        yield attention(
            "messages",
            f"are held since {channel.held_since:%Y-%m-%d %H:%M} UTC",
            "Outgoing messages has a button that lets them go.",
        )
    if channel and channel.failing_since:
        yield fault(
            "messages",
            f"are not taken since {channel.failing_since:%Y-%m-%d %H:%M} UTC: {channel.answer}",
            "One is tried every minute; see the mail server above.",
        )
    age = clock.now() - channel.swept_at if channel and channel.swept_at else None
    if age is not None and age < SILENCE:
        yield ok("ticker", f"looked for due work {age.total_seconds():.0f} s ago")
    else:
        words = "has never looked for due work" if age is None else f"last looked {_span(age)} ago"
        yield fault(
            "ticker",
            words,
            "systemctl start suivi-ticker (or flask ticker): what waits for its time does not leave without it.",
        )


def search() -> Findings:
    missing = not_indexed()
    if missing:
        yield attention("search", f"cannot find {missing} of the people", "flask people reindex")
    else:
        yield ok("search", "finds everybody")


def _span(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
