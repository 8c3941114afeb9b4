"""The append-only journal, and the closed list of what can stand in it."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import JSON, Index
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.extensions import UTC, db

KINDS = {  # each with what happened, as the journal says it
    "account.created": _l("An account was opened for a person."),
    "account.invited": _l("An invitation to choose a password was sent."),
    "account.signed_in": _l("Somebody signed in."),
    "account.signed_out": _l("Somebody signed out."),
    "account.reset_asked": _l("A mail to choose a new password was asked for."),
    "account.password_set": _l("A password was chosen."),
    "account.password_changed": _l("A password was changed by whoever knew the former one."),
    "account.link_asked": _l("A mail to sign in with was asked for."),
    "account.address_asked": _l("Another e-mail address was asked for."),
    "account.address_changed": _l("A login got another e-mail address."),
    "account.session_ended": _l("A person ended a session of theirs on another device."),
    "account.sessions_ended": _l("A person ended all sessions of theirs on other devices."),
    "account.deactivated": _l("An account was closed."),
    "account.reactivated": _l("A closed account was opened again."),
    "account.language_chosen": _l("A person chose their language."),
    "account.columns_chosen": _l("A person chose what lists show them."),
    "account.factor_on": _l("A second factor was set up."),
    "account.factor_off": _l("The second factor was switched off."),
    "account.factor_reset": _l("The second factor was taken away for somebody who had lost it."),
    "account.recovery_used": _l("A code on paper was used instead of the phone."),
    "account.codes_renewed": _l("New codes on paper were made."),
    "account.file_opened": _l("A person with several files opened one."),
    "access.denied": _l("A person asked for something that their role does not allow."),
    "option.set": _l("An option was changed."),
    "sector.created": _l("A sector was added."),
    "sector.renamed": _l("A sector was given another name."),
    "sector.changed": _l("A sector was moved, closed, opened again or given another manager."),
    "message.tested": _l("Somebody sent a test message to themselves."),
    "import.uploaded": _l("A file was brought in for preview."),
    "import.ran": _l("A file's lines were written."),
    "import.discarded": _l("A file was put aside without being written."),
    "person.created": _l("A client, worker or staff record was made."),
    "person.changed": _l("A client, worker or staff record was changed."),
    "service.created": _l("A kind of service was added."),
    "service.changed": _l("A kind of service was changed."),
    "skill.created": _l("A skill was added to the catalogue."),
    "skill.changed": _l("A skill of the catalogue or its levels were changed."),
    "visit.planned": _l("A visit was planned."),
    "visit.changed": _l("A visit was changed."),
    "visit.moved": _l("A visit was given another time or other workers."),
    "visit.tasks_changed": _l("The tasks of a visit were changed."),
    "visit.done": _l("A visit was marked as done."),
    "visit.cancelled": _l("A visit was cancelled."),
    "visit.reopened": _l("A visit that was done is to be done after all."),
    "message.sent_again": _l("Somebody had a message sent once more."),
    "message.cancelled": _l("Somebody took a message back."),
    "template.changed": _l("The text of a message was changed."),
    "template.restored": _l("A former text of a message was put back."),
    "template.tested": _l("Somebody sent themselves a text as a test."),
    "channel.held": _l("All messages were held."),
    "channel.released": _l("Held messages were let go."),
    "visit.link_made": _l("Somebody of the staff made a link to the page of a visit."),
    "visit.link_renewed": _l("Somebody of the staff made a new link to the page of a visit and closed the former."),
    "visit.notices_stopped": _l("A person asked for no more notices of completed visits."),
    "visit.notices_wanted": _l("A person asked for notices of completed visits again."),
    "rating.left": _l("A visit was rated."),
    "rating.changed": _l("A rating was changed; the former value is kept."),
    "rating.looked_at": _l("Somebody of the staff took note of a low rating."),
    "rating.replied": _l("The agency answered a client who had left a rating."),
    "rating.excluded": _l("A rating was excluded from the statistics, with a reason."),
    "rating.included": _l("A rating that was excluded is counted again."),
    "rating.asked_again": _l("Somebody of the staff asked a client for a rating by hand."),
    "rating.called_back": _l("Somebody of the staff called a client who had asked for it with a rating."),
    "survey.changed": _l("What clients are asked after a visit was changed."),
    "survey.removed": _l("A service’s own survey was dropped: the agency’s is asked again."),
    "rating.notice_read": _l("A worker read what is collected of ratings and why."),
    "rating.comment_shown": _l("A comment was passed on to the workers who came."),
    "rating.comment_hidden": _l("A comment was taken back from the workers’ pages."),
    "rating.worker_replied": _l("A worker answered the agency about a rating."),
    "rating.contested": _l("A worker contested a rating."),
    "rating.contest_decided": _l("The agency decided about a contested rating, with a reason."),
    "rating.suspected": _l("An answer came that no person can have given; it is kept, not counted."),
    "rating.requests_stopped": _l("A person asked for no more rating requests."),
    "tally.corrected": _l("Sums that differed from the ratings they are made of were set right."),
    "month.report_wanted": _l("A person asked for the report of each month by mail."),
    "month.report_stopped": _l("A person asked for no more monthly reports."),
    "month.closed": _l("A month of ratings was closed: what counted then is kept."),
    "filter.saved": _l("Filters of a table were kept under a name."),
    "filter.deleted": _l("Kept filters of a table were deleted."),
    "table.exported": _l("A table was taken away as a file."),
    "reason.created": _l("A reason for incidents was added."),
    "reason.changed": _l("A reason for incidents was changed."),
    "reason.moved": _l("Reasons for incidents were put in another order."),
    "reason.copied": _l("Reasons for incidents were copied from another service."),
    "reason.usual_taken": _l("A service was given the usual reasons for incidents."),
    "incident.declared": _l("An incident was reported."),
    "incident.moved": _l("An incident was brought into another state."),
    "incident.followed": _l("The owner, the due date or the urgency of an incident was changed."),
    "thread.opened": _l("A conversation was opened."),
    "thread.group_sent": _l("A message was written to many clients or workers, to each alone."),
    "thread.published": _l("A conversation was shown to those who take part in it, or hidden from them."),
    "thread.written": _l("A message was written in a conversation."),
    "thread.corrected": _l("A message was corrected by its author; the former text is kept."),
    "thread.withdrawn": _l("A message was withdrawn by the agency, with a reason."),
    "thread.archived": _l("A conversation was put aside."),
    "thread.moved": _l("A conversation went into another sector with its client."),
    "thread.taken_up": _l("A conversation that was put aside was taken up again."),
    "notice.chosen": _l("A person chose when they are mailed about conversations."),
    "list.created": _l("An entry was added to a list of the agency."),
    "list.changed": _l("An entry of a list was changed, taken out of use or put back."),
    "list.moved": _l("The entries of a list were put in another order."),
    "note.written": _l("A note was written."),
    "note.changed": _l("A note was changed."),
    "note.ended": _l("A note was finished or cancelled."),
    "note.reopened": _l("A note that was ended was taken up again."),
    "complaint.filed": _l("A complaint was filed."),
    "complaint.changed": _l("A complaint was changed."),
    "complaint.acknowledged": _l("The receipt of a complaint was acknowledged."),
    "complaint.waiting": _l("A complainant was told that the answer takes longer."),
    "complaint.answered": _l("A complaint was answered."),
    "complaint.resolved": _l("A complaint was resolved."),
    "complaint.reopened": _l("A complaint was taken up again."),
    "complaint.moved": _l("A complaint went into another sector with its client."),
    "event.reported": _l("An adverse event was reported."),
    "event.changed": _l("What is known of an adverse event was changed."),
    "event.acknowledged": _l("The receipt of an adverse event was acknowledged."),
    "event.judged": _l("An adverse event was judged: admissible or not, what it is, how severe, how frequent."),
    "event.judgement_taken_back": _l("The judgement of an adverse event was taken back, with a reason."),
    "event.moved": _l("An adverse event was brought into another state."),
    "event.route_changed": _l("What an authority has to be told of an adverse event was changed."),
    "event.analysed": _l("The analysis of the causes of an adverse event was written."),
    "event.action_added": _l("An action was decided on after an adverse event."),
    "event.action_changed": _l("An action after an adverse event was changed."),
    "event.told": _l("Somebody was told what became of an adverse event."),
    "event.opened": _l("An adverse event was opened to the worker concerned, or hidden again."),
    "event.commented": _l("The worker concerned gave their word on an adverse event."),
    "event.closed": _l("An adverse event was closed."),
    "event.reopened": _l("An adverse event was opened again, with a reason."),
    "event.relocated": _l("An adverse event went into another sector with its client."),
    "rating.requests_wanted": _l("A person asked for rating requests again."),
}


class AuditEntry(db.Model):
    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_subject", "subject_type", "subject_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UTC, default=clock.now, index=True)
    kind: Mapped[str] = mapped_column(index=True)
    account_id: Mapped[int | None]
    role: Mapped[str | None]
    person_type: Mapped[str | None]  # the file in which it was done, whatever else the login opens then or later
    person_id: Mapped[int | None]
    subject_type: Mapped[str]
    subject_id: Mapped[int]
    before: Mapped[dict | None] = mapped_column(JSON)
    after: Mapped[dict | None] = mapped_column(JSON)


class ReadEntry(db.Model):
    """That somebody read a sensitive record. Append-only, beside the journal."""

    __tablename__ = "read_entry"
    __table_args__ = (Index("ix_read_entry_subject", "subject_type", "subject_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UTC, default=clock.now, index=True)
    account_id: Mapped[int | None]
    role: Mapped[str]
    person_type: Mapped[str | None]
    person_id: Mapped[int | None]
    subject_type: Mapped[str]
    subject_id: Mapped[int]
    part: Mapped[str]  # what of it was read: of an event a key of `adverse_events.confidence.PART_LABELS`
