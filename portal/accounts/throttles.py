"""The brakes on guessing. They count in rows: an emptied Redis forgets nothing."""

from datetime import timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address

from flask_babel import lazy_gettext as _l
from sqlalchemy import case, delete

from portal import clock
from portal.accounts.models import Throttle
from portal.accounts.queries import hash_of
from portal.errors import Refused
from portal.extensions import db, upsert


def place_of(network_address: str | None) -> str:
    """What the brakes count as one place: an IPv4 address, or the /64 of IPv6 that one household gets as a whole."""
    try:
        known = ip_address(network_address or "")
    except ValueError:
        return network_address or ""
    if not isinstance(known, IPv6Address):
        return str(known)
    return str(known.ipv4_mapped or IPv6Network((int(known), 64), strict=False))


def brake(bucket: str, limit: int, minutes: int) -> None:
    """Refuse when `bucket` was hit `limit` times within the window.

    Raises:
        Refused: too often; the sentence says to wait.
    """
    if is_full(bucket, limit, minutes):
        raise Refused(_l("Too many attempts. Please wait a few minutes and try again."), "throttled")


def is_full(bucket: str, limit: int, minutes: int) -> bool:
    """Tell whether `bucket` was hit `limit` times within the window."""
    row = db.session.get(Throttle, hash_of(bucket), populate_existing=True)
    return bool(row and row.hits >= limit and row.started_at > clock.now() - timedelta(minutes=minutes))


def count_hit(bucket: str, minutes: int) -> None:
    """Count one more try in `bucket`; a window that is over starts anew. Two at once are both counted."""
    moment = clock.now()
    db.session.execute(delete(Throttle).where(Throttle.started_at < moment - timedelta(days=1)))
    row = upsert(Throttle).values(bucket=hash_of(bucket), started_at=moment, hits=1)
    fresh = Throttle.started_at <= moment - timedelta(minutes=minutes)
    db.session.execute(
        row.on_conflict_do_update(
            index_elements=[Throttle.bucket],
            set_={
                "hits": case((fresh, 1), else_=Throttle.hits + 1),
                "started_at": case((fresh, moment), else_=Throttle.started_at),
            },
        )
    )


def forget(bucket: str) -> None:
    """Start counting anew: whoever it was has shown that they may."""
    db.session.execute(delete(Throttle).where(Throttle.bucket == hash_of(bucket)))
