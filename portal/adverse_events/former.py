"""Keeping what something of an event said before it was changed."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from portal.accounts.models import User
from portal.adverse_events.follow_models import FormerWording
from portal.extensions import db


def keep_former(
    actor: User, event_id: int, part: str, was: Mapping[str, Any], now: Mapping[str, Any]
) -> dict[str, Any]:
    """Keep what is replaced, in the present transaction.

    Args:
        part: one of `follow_models.WORDED`.
        was, now: by field, named as `former_words.LABELS` has it; what is the same in both is left out.

    Returns:
        What the journal's entry holds of it: which fields, and the number of what is kept. Empty if nothing changed.
    """
    changed = {name: [_plain(was[name]), _plain(new)] for name, new in now.items() if was[name] != new}
    if not changed:
        return {}
    kept = FormerWording(event_id=event_id, by=actor.name, part=part, changed=changed)
    db.session.add(kept)
    db.session.flush()
    return {"fields": sorted(changed), "former": kept.id}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
