"""A text as its reader will see it: with a visit that is chosen, with the last message of its kind, or made up; and
the message to oneself that shows it."""

from collections.abc import Mapping
from dataclasses import replace

from flask_babel import force_locale
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from portal.accounts.models import Account, User
from portal.extensions import db, rows_changed, wires
from portal.links import NOTHING
from portal.outbox.letters import Draft
from portal.outbox.mail import write, write_short
from portal.outbox.models import MAIL, OPEN, SMS, Drop, Message, MessageKind, Recipient
from portal.outbox.queries import visible_messages
from portal.outbox.text_actions import TEST
from portal.outbox.text_models import MessageTextTest
from portal.outbox.text_queries import Place, draft_of, version_of
from portal.roles import Role
from portal.settings.queries import option


def parts_of(
    user: User, place: Place, draft: Draft | None, visit_id: int | None = None, *, is_test: bool = False
) -> dict[str, str]:
    """Return subject, text and html of a text; without one, of what is shipped.

    Args:
        user: who looks: only what they may see is shown with it.
        place: which text.
        draft: what it says.
        visit_id: with which visit it is shown, where its kind is about visits; without, with the newest.
        is_test: whether it is marked as a test.
    """
    with force_locale(place.language):
        kind, context = _with_example(user, place.kind, visit_id)
        compose = write if place.channel == MAIL else write_short
        return compose(kind, {**context, "is_test": is_test}, draft)


def _with_example(user: User, kind: MessageKind, visit_id: int | None) -> tuple[MessageKind, dict]:
    if kind.letter and kind.letter.of_visit and (context := kind.letter.of_visit(user, visit_id)):
        return kind, context
    chosen = visible_messages(user).where(Message.kind == kind.name).order_by(Message.created_at.desc()).limit(1)
    if message := db.session.scalar(chosen):
        return kind, kind.context(message, lambda _purpose, _public_id: NOTHING)
    if kind.letter:
        return kind, kind.letter.sample()
    return replace(kind, template="stand_in"), {"label": str(kind.label)}


# ---- the message to oneself ----


def reader(message: Message) -> Recipient:
    asked = _test_of(message)
    account, language = db.session.get_one(Account, asked.account_id), option("agency.language")
    name = _staff(account.id).name
    number = asked.number or message.address or ""  # where it went, once it has
    return Recipient(
        number if asked.channel == SMS else account.email, name, account.language or language, asked.channel
    )


def decide(message: Message) -> Recipient | Drop:
    if not db.session.get_one(Account, _test_of(message).account_id).active:
        return Drop("suppressed", "inactive")
    found = reader(message)
    return found if found.address else Drop("suppressed", "no_address")


def write_test(message: Message) -> dict[str, str]:
    asked = _test_of(message)
    place = Place(wires.message_kinds[asked.kind], asked.language, asked.channel)
    draft = draft_of(place, version_of(place, asked.version)) if asked.version else None
    return parts_of(_staff(asked.account_id), place, draft, asked.visit_id, is_test=True)


def forget_numbers(moved: Mapping[int, str]) -> None:
    """Empty the numbers of tests that have ended: they are somebody's own. A reaction to `messages moved`.

    Args:
        moved: kinds of the messages whose state has changed, by id.
    """
    if tests := [message_id for message_id, kind in moved.items() if kind == TEST]:
        over = select(Message.subject_id).where(Message.id.in_(tests), Message.state.not_in((*OPEN, "sending")))
        rows_changed(update(MessageTextTest).where(MessageTextTest.id.in_(over)).values(number=None))


def _test_of(message: Message) -> MessageTextTest:
    return db.session.get_one(MessageTextTest, message.subject_id)


def _staff(account_id: int) -> User:
    files = wires.files_of_account(account_id)
    return next(file for file in files if file.role in (Role.COORDINATOR, Role.QUALITY, Role.ADMIN))


TEXT_TEST = MessageKind(
    TEST, _l("Test of a text"), "stand_in", reader, decide, lambda _message, _token: {}, urgent=True, write=write_test
)
