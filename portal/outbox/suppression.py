"""Addresses that are not tried any more, because they refuse what comes.

An address that refused two mails at least a day apart, and took none in between, gets no more: who goes on writing to
mailboxes that do not exist ends up on the lists of those whose mails nobody takes. A day apart, because a mail server
that is badly set up for an evening refuses everybody, and must not silence a whole agency for that. Only what the
server said of the recipient counts (`mailer.Outcome`): neither a text that it did not like nor a sender.

What staff send again is tried nevertheless, and so are alerts on which a life may hang. One mail that is taken makes
all good; a corrected address is another one. Addresses are kept as keyed hashes and forgotten a year after they last
refused; all are, once there is a new link key.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select

from portal import clock
from portal.extensions import db, rows_changed, upsert, wires
from portal.links import keyed_hash
from portal.outbox.models import Drop, Message, Suppression

REASON = "not_tried"  # of a message that is put aside for it
APART = timedelta(days=1)
KEPT = timedelta(days=365)

_REFUSED = select(Suppression.first_refused_at, Suppression.last_refused_at)
_REFUSED = _REFUSED.where(Suppression.address_hash == bindparam("hash"))


def hash_of(address: str) -> str:
    return keyed_hash("refused", address.strip().lower())


def refusals(address: str) -> tuple[datetime, datetime] | None:
    """When an address refused first and last since it took a mail; None when it has not.

    Asked for each mail, past the session: nothing that waits to be written is written for it.
    """
    row = db.session.connection().execute(_REFUSED, {"hash": hash_of(address)}).one_or_none()
    return (row[0], row[1]) if row else None


def is_suppressed(refused: tuple[datetime, datetime] | None) -> bool:
    return refused is not None and refused[1] - refused[0] >= APART


def is_left_alone(message: Message, refused: tuple[datetime, datetime] | None) -> bool:
    """Whether a message is not tried at an address that has refused at these moments: neither staff nor its feature
    insist on it."""
    return is_suppressed(refused) and not message.resends and not wires.message_kinds[message.kind].insistent


def foreseen(message: Message) -> Drop | None:
    """Why a message that waits will not leave as things stand, changing nothing."""
    reader = wires.message_kinds[message.kind].reader(message)
    return Drop("suppressed", REASON) if reader and is_left_alone(message, refusals(reader.address)) else None


def note_refusal(address: str) -> None:
    moment = clock.now()
    row = upsert(Suppression).values(address_hash=hash_of(address), first_refused_at=moment, last_refused_at=moment)
    again = {"last_refused_at": moment}
    db.session.execute(row.on_conflict_do_update(index_elements=[Suppression.address_hash], set_=again))


def note_acceptance(address: str) -> None:
    rows_changed(delete(Suppression).where(Suppression.address_hash == hash_of(address)))


def forget_old() -> None:
    """Forget what is longer ago than a year: perhaps somebody has the mailbox again."""
    rows_changed(delete(Suppression).where(Suppression.last_refused_at < clock.now() - KEPT))


def not_tried(addresses: Iterable[str]) -> set[str]:
    """Which of these addresses are not tried any more."""
    hashes = {hash_of(address): address for address in addresses}
    if not hashes:
        return set()
    chosen = select(Suppression.address_hash, Suppression.first_refused_at, Suppression.last_refused_at)
    rows = db.session.execute(chosen.where(Suppression.address_hash.in_(hashes)))
    return {hashes[row[0]] for row in rows if is_suppressed((row[1], row[2]))}


def last_refusals(addresses: Iterable[str]) -> dict[str, datetime]:
    """When each of these addresses refused last; those that have taken a mail since are missing."""
    hashes = {hash_of(address): address for address in addresses}
    if not hashes:
        return {}
    chosen = select(Suppression.address_hash, Suppression.last_refused_at)
    rows = db.session.execute(chosen.where(Suppression.address_hash.in_(hashes)))
    return {hashes[row.address_hash]: row.last_refused_at for row in rows}
