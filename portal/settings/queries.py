"""Reading options: once per request or job."""

import json
from collections.abc import Collection, Iterable
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from flask import g
from flask_babel import lazy_gettext as _l
from sqlalchemy import Text, cast, func, literal, or_, select

from portal.audit.models import AuditEntry
from portal.extensions import Panel, db
from portal.roles import GRANTS, Permission
from portal.settings.models import OPTIONS, Logo, Option, OptionValue

if TYPE_CHECKING:
    from portal.accounts.models import User

CHANGES_SHOWN = 50
SAME_HOUR = 60  # minutes: a notice and a rating request about one visit do not both leave within them


def option(key: str) -> Any:
    """Return the value of an option: what the agency chose, or its default.

    Raises:
        KeyError: there is no such option.
    """
    if "options" not in g:
        hold_options(db.session.scalar(select(WHOLE)))
    options = g.options
    return options[key] if key in options else OPTIONS[key].default


def is_on(module: str) -> bool:
    """Whether a module, or a part of one (`complaints.portal`), is on: no part is in a module that is off."""
    whole = f"{module.partition('.')[0]}.enabled"
    return bool(option(module) and (whole not in OPTIONS or option(whole)))


# all that differs from its default as one value, so that a statement that is made anyway can bring it along
_line = OptionValue.key + literal(" ") + cast(OptionValue.value, Text)
WHOLE = select(func.aggregate_strings(_line, "\n")).scalar_subquery()


def hold_options(text: str | None) -> None:
    """Keep for this request what `WHOLE` has brought."""
    g.options = _read(text or "")


@lru_cache(maxsize=8)
def _read(text: str) -> dict[str, Any]:
    lines = (line.partition(" ") for line in text.split("\n") if line)  # neither stands in a key or in JSON
    return {key: json.loads(value) for key, _blank, value in lines}


def options_of(group: str) -> list[Option]:
    """The options that stand on one page of the configuration."""
    return [known for known in OPTIONS.values() if known.group == group]


def present_values(keys: Iterable[str]) -> dict[str, Any]:
    """Return values as they are now, whatever this request has read before; nobody else changes them meanwhile."""
    chosen = select(OptionValue.key, OptionValue.value).where(OptionValue.key.in_(keys)).with_for_update()
    stored = {row.key: row.value for row in db.session.execute(chosen)}
    return {key: stored.get(key, OPTIONS[key].default) for key in keys}


def as_text(value: object) -> str:
    """A value as `flask settings set` takes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def fingerprint(value: object) -> str:
    """What a page remembers of the value it showed, so that a change in the meantime is noticed."""
    return sha256(json.dumps(value).encode()).hexdigest()[:12]


def changes_of(key: str) -> list[AuditEntry]:
    """Who changed an option, newest first."""
    chosen = select(AuditEntry).where(AuditEntry.subject_type == "option", AuditEntry.kind == "option.set")
    chosen = chosen.where(AuditEntry.after[key].as_string().is_not(None))
    return list(db.session.scalars(chosen.order_by(AuditEntry.id.desc()).limit(CHANGES_SHOWN)))


def values_at(keys: Collection[str], moment: datetime) -> dict[str, Any]:
    """What options were at a moment, as their history says; asked in one statement."""
    values = {key: option(key) for key in keys}
    changed = [key for key in keys if key in g.options]  # the others nobody has ever changed
    if not changed:
        return values
    chosen = select(AuditEntry).where(AuditEntry.subject_type == "option", AuditEntry.kind == "option.set")
    chosen = chosen.where(or_(*(AuditEntry.after[key].as_string().is_not(None) for key in changed)))
    later = chosen.where(AuditEntry.at > moment).order_by(AuditEntry.id.desc()).limit(CHANGES_SHOWN)
    for entry in db.session.scalars(later):
        values |= {key: before for key, before in (entry.before or {}).items() if key in values}
    return values


def logo_by_digest(digest: str) -> Logo | None:
    return db.session.scalar(select(Logo).where(Logo.digest == digest))


def warnings_of(group: str) -> dict[str, object]:
    """What two options say together that neither says alone, by the option that it is said at."""
    module, clients = option("ratings.enabled"), option("ratings.client_ratings")
    if group == "requests" and option("notices.visit_done") and module and clients:
        if option("ratings.request_delay_minutes") > SAME_HOUR:
            return {}
        sentence = _l("The rating request leaves within the hour as well. About a visit that is asked about, no notice "
                      "leaves: the request leads to the same page.")  # fmt: skip
        return {"notices.visit_done": sentence}
    if group != "modules" or module == clients:
        return {}
    if module:
        return {"ratings.client_ratings": _l("The module is on, but your clients cannot rate yet.")}
    return {"ratings.client_ratings": _l("Without effect as long as the module above is off.")}


def home_card(user: "User") -> Panel | None:
    """Remind an administrator of the second switch."""
    forgotten = option("ratings.enabled") and not option("ratings.client_ratings")
    if not forgotten or Permission.CHANGE_OPTIONS not in GRANTS[user.role]:
        return None
    return Panel("settings/_home_card.html", {})
