"""When a person is mailed about conversations: at once, on the next morning, never. Said on *My account*."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice

from portal.accounts.models import User
from portal.audit.actions import record
from portal.extensions import Panel, db, upsert
from portal.forms import PortalForm
from portal.outbox.actions import cancel
from portal.outbox.models import OPEN, Message
from portal.threads.actions import person_of
from portal.threads.models import NoticeChoice, ThreadNotice
from portal.threads.notices import BY_PACE, KINDS, is_compulsory, owed_to, promise_anew

HOW_LABELS = {
    "now": _l("At once"),
    "daily": _l("In one mail on the next morning at 8"),
    "never": _l("Never"),
}
KIND_LABELS = {"incident": _l("A new incident"), "message": _l("A new message")}


class NoticesForm(PortalForm):
    """One choice for each kind of news; what the agency has made compulsory is none."""

    incident = RadioField(KIND_LABELS["incident"], choices=[])
    message = RadioField(KIND_LABELS["message"], choices=[])

    def __init__(self, user: User) -> None:
        super().__init__(data=choices_of(user))
        for kind in KINDS:
            self[kind].choices = [SelectChoice(value=how, label=str(label)) for how, label in HOW_LABELS.items()]
            if is_compulsory(kind):
                del self[kind]

    def chosen(self) -> dict[str, str]:
        """What was chosen, by kind of news."""
        return {kind: self[kind].data for kind in KINDS if kind in self}


def choices_of(user: User) -> dict[str, str]:
    """How somebody is told, by kind of news, as far as it is theirs to choose."""
    type_, number = person_of(user)
    own = NoticeChoice.person_type == type_, NoticeChoice.person_id == number
    said = {row.kind: row.how for row in db.session.execute(select(NoticeChoice.kind, NoticeChoice.how).where(*own))}
    return {kind: said.get(kind, "now") for kind in KINDS}


def choose(user: User, typed: Mapping[str, str]) -> None:
    """Keep what somebody has chosen, by kind of news. What waits for them follows."""
    type_, number = person_of(user)
    before = choices_of(user)
    changed = {kind: how for kind, how in typed.items() if how != before[kind]}
    if not changed:
        return
    rows = [{"person_type": type_, "person_id": number, "kind": kind, "how": how} for kind, how in changed.items()]
    said = upsert(NoticeChoice).values(rows)
    key = [NoticeChoice.person_type, NoticeChoice.person_id, NoticeChoice.kind]
    db.session.execute(said.on_conflict_do_update(index_elements=key, set_={"how": said.excluded.how}))
    _follow((type_, number))
    was = {f"{kind}_mails": before[kind] for kind in changed}
    told = {f"{kind}_mails": how for kind, how in changed.items()}
    record("notice.chosen", user, (type_, number), before=was, after=told)


def _follow(person: tuple[str, int]) -> None:
    """Take back the mails that wait for somebody, and promise anew what they are still to be told."""
    waiting = select(Message.id).where(
        Message.subject_type == person[0], Message.subject_id == person[1], Message.kind.in_(BY_PACE.values()),
        Message.state.in_(OPEN),
    )  # fmt: skip
    taken_back = cancel(db.session.scalars(waiting.order_by(Message.id).with_for_update()).all(), "notice_changed")
    owed = select(ThreadNotice).where(owed_to(*person)).order_by(ThreadNotice.thread_id, ThreadNotice.kind)
    promise_anew([mark for mark in db.session.scalars(owed).all() if mark.notice_id in taken_back])


def account_panel(user: User) -> Panel | None:
    """On *My account*: when one is mailed about conversations."""
    if not user.sees_threads:
        return None
    return Panel("threads/_notices_panel.html", notices_context(NoticesForm(user)))


def notices_context(form: NoticesForm) -> dict:
    """What page and panel read: the form, and the kinds that the agency has fixed."""
    return {"form": form, "fixed": [KIND_LABELS[kind] for kind in KINDS if is_compulsory(kind)]}
