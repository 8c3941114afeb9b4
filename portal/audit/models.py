"""The append-only journal, and the closed list of what can stand in it."""

from datetime import datetime

from sqlalchemy import JSON, Index
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.extensions import UTC, db

KINDS = {
    "account.created": "An account was opened for a person.",
    "account.invited": "An invitation to choose a password was sent.",
    "account.signed_in": "Somebody signed in.",
    "account.signed_out": "Somebody signed out.",
    "account.reset_asked": "A mail to choose a new password was asked for.",
    "account.password_set": "A password was chosen.",
    "account.password_changed": "A password was changed by whoever knew the former one.",
    "account.link_asked": "A mail to sign in with was asked for.",
    "account.address_asked": "Another e-mail address was asked for.",
    "account.address_changed": "A login got another e-mail address.",
    "account.session_ended": "A person ended a session of theirs on another device.",
    "account.sessions_ended": "A person ended all sessions of theirs on other devices.",
    "account.deactivated": "An account was closed.",
    "account.reactivated": "A closed account was opened again.",
    "account.language_chosen": "A person chose their language.",
    "account.factor_on": "A second factor was set up.",
    "account.factor_off": "The second factor was switched off.",
    "account.factor_reset": "The second factor was taken away for somebody who had lost it.",
    "account.recovery_used": "A code on paper was used instead of the phone.",
    "account.codes_renewed": "New codes on paper were made.",
    "account.file_opened": "A person with several files opened one.",
    "access.denied": "A person asked for something that their role does not allow.",
    "option.set": "An option was changed.",
    "sector.created": "A sector was added.",
    "sector.renamed": "A sector was given another name.",
    "message.tested": "Somebody sent a test message to themselves.",
    "import.uploaded": "A file was brought in for preview.",
    "import.ran": "A file's lines were written.",
    "import.discarded": "A file was put aside without being written.",
    "person.created": "A client, worker or staff record was made.",
    "person.changed": "A client, worker or staff record was changed.",
    "service.created": "A kind of service was added.",
    "visit.planned": "A visit was planned.",
    "visit.changed": "A visit was changed.",
    "visit.done": "A visit was marked as done.",
    "visit.cancelled": "A visit was cancelled.",
    "visit.reopened": "A visit that was done is to be done after all.",
    "message.sent_again": "Somebody had a message sent once more.",
    "message.cancelled": "Somebody took a message back.",
    "channel.held": "All messages were held.",
    "channel.released": "Held messages were let go.",
    "rating.left": "A visit was rated.",
    "rating.changed": "A rating was changed; the former value is kept.",
    "rating.looked_at": "Somebody of the staff took note of a low rating.",
    "rating.suspected": "An answer came that no person can have given; it is kept, not counted.",
    "rating.requests_stopped": "A person asked for no more rating requests.",
    "rating.requests_wanted": "A person asked for rating requests again.",
}


class AuditEntry(db.Model):
    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_subject", "subject_type", "subject_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UTC, default=clock.now, index=True)
    kind: Mapped[str] = mapped_column(index=True)
    account_id: Mapped[int | None]
    role: Mapped[str | None]
    subject_type: Mapped[str]
    subject_id: Mapped[int]
    before: Mapped[dict | None] = mapped_column(JSON)
    after: Mapped[dict | None] = mapped_column(JSON)
