"""Changing the texts of messages: each saving is a version, so that none is lost and every one can come back."""

from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db
from portal.outbox.actions import Order, schedule
from portal.outbox.letters import Draft
from portal.outbox.models import SMS
from portal.outbox.queries import has_way_out
from portal.outbox.short import mobile_number
from portal.outbox.text_models import MessageText, MessageTextTest
from portal.outbox.text_queries import Place, draft_of, newest
from portal.settings.queries import option

TEST = "outbox.text_test"
_STALE = _l("Somebody else has changed this text in the meantime. Both are shown: save again if yours is to count.")


def change_text(user: User, place: Place, draft: Draft, seen: int) -> bool:
    """Make a text the agency's own, or change it. Return whether anything was changed.

    Args:
        user: who does it.
        place: which text.
        draft: what it says from now on.
        seen: the version that the form has shown; 0 for none.

    Raises:
        Refused: there is a newer version.
    """
    standing = newest(place)
    _refuse_late(standing, seen)
    if draft_of(place, standing) == draft:
        return False
    written = _write(user, place, standing, draft)
    record("template.changed", user, ("message_text", written.id), after=_facts(place, written.version))
    return True


def restore_text(user: User, place: Place, former: MessageText | None, seen: int) -> None:
    """Let a former version count again, as a new one; none is the shipped text.

    Raises:
        Refused: there is a newer version than was seen.
    """
    standing = newest(place)
    _refuse_late(standing, seen)
    draft = Draft(former.subject or "", former.body) if former and former.body is not None else None
    written = _write(user, place, standing, draft, restores=former.version if former else 0)
    record("template.restored", user, ("message_text", written.id), after=_facts(place, written.version))


def _refuse_late(standing: MessageText | None, seen: int) -> None:
    if (standing.version if standing else 0) != seen:
        raise Refused(_STALE, "stale")


def _write(
    user: User, place: Place, standing: MessageText | None, draft: Draft | None, restores: int | None = None
) -> MessageText:
    written = MessageText(
        **place.address, version=(standing.version if standing else 0) + 1, restores=restores,
        subject=draft.subject if draft and place.channel == "mail" else None, body=draft.body if draft else None,
        account_id=user.account_id,
    )  # fmt: skip
    try:
        with db.session.begin_nested():
            db.session.add(written)
    except IntegrityError as rival:
        raise Refused(_STALE, "stale") from rival
    return written


def _facts(place: Place, version: int) -> dict[str, object]:
    return {"language": place.language, "version": version}


def send_test(user: User, place: Place, visit_id: int | None, typed_number: str = "") -> None:
    """Send the text that counts to oneself, marked as a test; a text message to a number that is typed.

    Raises:
        Refused: no text message can be sent to it, or none at all.
    """
    if place.channel == SMS and not has_way_out(SMS):
        raise Refused(_l("There is no gateway for text messages: none can be sent as a test."), "no-gateway")
    number = mobile_number(typed_number, option("agency.country")) if place.channel == SMS else None
    if place.channel == SMS and number is None:
        raise Refused(_l("No text message can be sent to this number. Please give that of a mobile phone."), "number")
    standing = newest(place)
    asked = MessageTextTest(
        account_id=user.account_id, **place.address, visit_id=visit_id, number=number,
        version=standing.version if standing and standing.body is not None else 0,
    )  # fmt: skip
    db.session.add(asked)
    db.session.flush()
    key, about = f"{TEST}:{asked.id}", ("text_test", asked.id)
    schedule([Order(TEST, about, dedupe_key=key, due_at=clock.now(), channel=place.channel)])
    record(
        "template.tested", user, ("message_text", standing.id if standing else 0), after=_facts(place, asked.version)
    )
