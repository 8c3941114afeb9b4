"""Where lower features tell or show higher ones: all of it, on one page."""

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select

from portal.accounts import messages as account_messages
from portal.accounts import notices as account_notices
from portal.accounts.models import User
from portal.adverse_events import action_home as event_actions
from portal.adverse_events import action_mails as event_action_mails
from portal.adverse_events import alerts as event_alerts
from portal.adverse_events import home as event_home
from portal.adverse_events import moving as event_moving
from portal.adverse_events import notes as event_notes
from portal.adverse_events import own as own_events
from portal.adverse_events import panels as event_panels
from portal.adverse_events import route_mails, short, worker_mails
from portal.adverse_events.page import EVENT_PANELS
from portal.complaints import actions as complaints
from portal.complaints import alerts as complaint_alerts
from portal.complaints import following as complaints_following
from portal.complaints import home as complaint_home
from portal.complaints import messages as complaint_messages
from portal.complaints.from_rating import complaint_of, low_rating_panel
from portal.controls import exports
from portal.controls import jobs as control_jobs
from portal.controls.reports import REPORTS
from portal.extensions import db, wires
from portal.folding import fold_name
from portal.imports import jobs as import_jobs
from portal.imports import panels as imports
from portal.incidents import alerts as incident_alerts
from portal.incidents import columns as incident_columns
from portal.incidents import home as incident_home
from portal.incidents import lists as incidents
from portal.incidents import panels as incident_panels
from portal.incidents import timeline as incident_timeline
from portal.incidents.actions import follow_visits, note_message, note_rating
from portal.incidents.follow_panels import follow_panel
from portal.incidents.handling_panels import handling_panel
from portal.incidents.queries import has_open_incident, is_disputed, is_incident_open, thread_of_incident
from portal.notes import home as notes_home
from portal.notes import panels as notes_panels
from portal.notes import reminders
from portal.outbox import panels as outbox
from portal.outbox.models import Message
from portal.outbox.text_preview import TEXT_TEST, forget_numbers
from portal.people import timeline as people_timeline
from portal.people.actions import follow_address
from portal.people.importer import CLIENTS, WORKERS
from portal.people.models import Client, Sector
from portal.people.queries import files_of_account, is_named, name_of_staff, names_of_actors, visible_sectors
from portal.ratings import alerts as rating_alerts
from portal.ratings import (
    calls,
    choices,
    digests,
    low,
    notices,
    own_panels,
    replies,
    requests,
    sharing,
    tallies,
    trial,
    visit_links,
)
from portal.ratings import messages as rating_messages
from portal.ratings import timeline as rating_timeline
from portal.ratings.columns import RATING_COLUMN, waiting_visit
from portal.ratings.models import Rating, RatingSubject
from portal.ratings.panels import MESSAGE_COLUMN, client_panel, rating_panel
from portal.ratings.queries import missing_requests
from portal.reports import comparing_home
from portal.reports import jobs as report_jobs
from portal.reports.complaints import COMPLAINTS
from portal.reports.event_actions import EVENT_ACTIONS
from portal.reports.events import EVENTS
from portal.reports.feedback_sheets import FEEDBACK
from portal.reports.incidents import INCIDENTS
from portal.reports.journal import JOURNAL
from portal.reports.monthly import MONTHLY
from portal.reports.notes import NOTES
from portal.reports.paper_panels import paper_panel
from portal.reports.quality import QUALITY
from portal.settings import queries as settings
from portal.setup import jobs as setup_jobs
from portal.setup import messages as setup_messages
from portal.setup import queries as setup
from portal.threads import choices as notice_choices
from portal.threads import following as threads_following
from portal.threads import jobs as thread_jobs
from portal.threads import lists as thread_lists
from portal.threads import messages as thread_messages
from portal.threads.about import READER_COLUMN, is_about_named, is_about_visible
from portal.threads.notices import lost_notices, promise_notices
from portal.visits import following as visits_following
from portal.visits import panels as visit_panels
from portal.visits import queries as visits
from portal.visits import record_panels
from portal.visits.importer import IMPORTER as VISITS
from portal.visits.models import Visit


def message_perimeter(user: User) -> ColumnElement[bool]:
    """Messages about visits that a person may see, their ratings and incidents, about adverse events, complaints and
    notes, and to the people of their sectors about conversations. Account mails are not among them.

    One question to each message, in the order of the list: nobody collects first all that was ever rated in a sector.
    """
    of_rating = select(Rating.subject_id).where(Rating.id == Message.subject_id).correlate(Message).scalar_subquery()
    subject = case({"rating_subject": Message.subject_id, "rating": of_rating}, value=Message.subject_type)
    about = func.coalesce(RatingSubject.visit_id, RatingSubject.handled_visit_id)
    seen = visits.visible_visits(user).join(RatingSubject, about == Visit.id)
    rated = seen.with_only_columns(Visit.id).where(RatingSubject.id == subject).correlate(Message).exists()
    return or_(rated, is_about_visible(user), incident_alerts.is_about_visible(user),
               event_alerts.is_about_visible(user), event_action_mails.is_about_visible(user),
               reminders.is_about_visible(user), complaint_alerts.is_about_visible(user))  # fmt: skip


def sectors_of(user: User) -> set[int]:
    """The numbers of the sectors that a person may see."""
    return set(db.session.scalars(visible_sectors(user).with_only_columns(Sector.id)))


def messages_about(name: str) -> ColumnElement[bool]:
    """Messages about clients of whose name these are words, and to workers and relatives named so."""
    if not fold_name(name):
        return false()
    clients = select(Client.id).where(is_named(Client, name))
    subjects = select(RatingSubject.id).where(RatingSubject.client_id.in_(clients))
    ratings = select(Rating.id).where(Rating.subject_id.in_(subjects))
    return or_(
        and_(Message.subject_type == "rating_subject", Message.subject_id.in_(subjects)),
        and_(Message.subject_type == "rating", Message.subject_id.in_(ratings)),
        is_about_named(name),
        incident_alerts.is_about_named(name),
        event_alerts.is_about_named(name),
        event_action_mails.is_about_named(name),
        reminders.is_about_named(name),
        complaint_alerts.is_about_named(name),
    )


# kinds of message that leave, for `outbox`
for kind in (
    account_messages.RESET, account_messages.INVITATION, account_messages.SIGN_IN, account_messages.ADDRESS,
    account_notices.NOTICE,
    thread_messages.NOTICE, thread_messages.DIGEST, *incident_alerts.ALERTS,
    *complaint_alerts.ALERTS, *complaint_messages.NEWS,
    event_alerts.ALERT, route_mails.CLOCK, worker_mails.OPENED, *event_action_mails.MAILS,
    rating_messages.REQUEST, digests.WEEKLY, trial.TEST, rating_messages.REMINDER, rating_messages.HANDLING,
    rating_messages.HANDLING_REMINDER, notices.NOTICE, replies.REPLY, rating_alerts.LOW, rating_alerts.VERY_LOW,
    setup_messages.TEST, reminders.REMINDER, TEXT_TEST, MONTHLY,
):  # fmt: skip
    wires.message_kinds[kind.name] = kind

# long jobs, for `work`; kinds of file, for `imports`
wires.work_kinds = {
    "imports.plan": import_jobs.plan, "imports.run": import_jobs.run, "setup.invite": setup_jobs.invite,
    "controls.export": control_jobs.write, "threads.group": thread_jobs.write_to_group,
    "reports.monthly": report_jobs.write_report, "reports.compare": report_jobs.run,
}  # fmt: skip
wires.work_given_up = {"imports.plan": import_jobs.give_up_plan, "imports.run": import_jobs.give_up_run}
wires.importers = {importer.kind: importer for importer in (VISITS, CLIENTS, WORKERS)}

EVENT_PANELS.append(paper_panel)  # the last of the page
# control tables, in the order in which they are listed
wires.tables = {table.name: table for table in (QUALITY, INCIDENTS, COMPLAINTS, EVENTS, NOTES, EVENT_ACTIONS, JOURNAL)}
REPORTS[FEEDBACK.name] = FEEDBACK

# of which sectors their files are, for `controls`
wires.sectors_of = sectors_of

# what a login opens, for `accounts`; whose messages a coordinator sees and whom they are about, for `outbox`
wires.files_of_account = files_of_account
wires.message_perimeter = message_perimeter
wires.message_about = [
    MESSAGE_COLUMN, account_messages.MESSAGE_COLUMN, READER_COLUMN, incident_alerts.MESSAGE_COLUMN,
    event_alerts.MESSAGE_COLUMN, event_action_mails.MESSAGE_COLUMN, complaint_alerts.MESSAGE_COLUMN,
    reminders.MESSAGE_COLUMN,
]  # fmt: skip
wires.messages_about = messages_about

# names of those who did something, for histories
wires.names_of_actors = names_of_actors
wires.name_of_staff = name_of_staff

# what `flask outbox audit` looks after besides the messages that there are: those that were never written
wires.promises = [missing_requests, lost_notices, event_alerts.untold_alerts]

# what the lists of visits show besides the visit
wires.visit_columns = [RATING_COLUMN, incident_columns.VISIT_COLUMN]
wires.waiting_visit = waiting_visit

# timelines and panels of the pages of a visit, of a record, of one's own account
wires.timeline = [visits.timeline_facts, rating_timeline.timeline_facts, incident_timeline.timeline_facts]
wires.client_timeline = [people_timeline.record_facts, record_panels.facts_of_client]
wires.visit_panels = [
    rating_panel, own_panels.words_panel,
    incident_panels.visit_panel, event_panels.visit_panel, notes_panels.visit_panel, choices.visit_panel,
]  # fmt: skip
wires.client_panels = [client_panel, visit_links.link_panel]
wires.low_rating_panels = [low_rating_panel]
wires.complaint_of_rating = complaint_of
wires.worker_panels = [record_panels.visits_in_absences]
wires.closing_panels = [record_panels.visits_to_come]
wires.account_panels = [own_panels.account_panel, choices.account_panel, notice_choices.account_panel]

# what asks for attention: cards of the staff's home page, figures in the menu
wires.home_cards = [
    setup.home_card, settings.home_card, comparing_home.home_card,
    incident_home.reasons_card, outbox.home_card, notes_home.reminders_card,
    event_home.new_card, event_home.clocks_card, event_actions.actions_card, incident_home.incidents_card,
    low.home_card, own_panels.home_card,
    calls.home_card, incident_home.handling_card, complaint_home.home_card, visit_panels.home_card,
    imports.home_card, thread_lists.home_card,
]  # fmt: skip
wires.home_counts = {
    "visits.unclosed": visit_panels.unclosed, own_panels.NUMBER: own_panels.count_contests,
    complaint_home.NUMBER: complaint_home.count_near,
    notes_home.NUMBER: notes_home.count_due, event_home.NUMBER: event_home.count_waiting,
    event_actions.NUMBER: event_actions.count_actions, incident_home.NUMBER: incident_home.count_asking,
    incident_home.SILENT: incident_home.count_silent, calls.NUMBER: calls.count_calls, **setup.HOME_COUNTS,
    **comparing_home.COUNTS,
}  # fmt: skip
wires.badges = {
    "staff.open_incidents": incidents.badge,
    "staff.list_ratings": low.badge,
    "staff.open_adverse_events": event_home.badge,
    "staff.list_controls": exports.badge,
    "worker.list_reports": own_events.badge,
    **{f"{portal}.list_threads": thread_lists.count_unread for portal in ("client", "worker", "staff")},
}

# how higher features head their conversations, and what they show above the messages
wires.thread_columns = [incident_columns.THREAD_COLUMN]
wires.thread_panels = [incident_panels.thread_panel, follow_panel, event_panels.thread_panel, handling_panel]

# where a portal that belongs to nobody yet is set up, for the page that people sign in at
wires.way_to_set_up = setup.way_to_set_up

# what is tried out beside the options of a page of the configuration
wires.option_panels = {"sender": setup.test_panel}

# what notes follow, for `notes`
wires.note_origins = {"adverse_event": event_notes.ORIGIN}

# whether an incident, or any on a visit, is still open, and where it is talked about, for `ratings`
wires.has_open_incident = has_open_incident
wires.is_disputed = is_disputed
wires.is_incident_open = is_incident_open
wires.thread_of_incident = thread_of_incident

# where something graver than an incident is reported, for `incidents`
wires.graver_report_url = short.report_url

# who of the staff has an incident in hand, for `threads`
wires.owner_of_thread = incident_alerts.owner_of

# what notes follow: who reads it reads its note
wires.note_origins["complaint"] = complaints_following.NOTES

# reactions: plain functions called by name, in order, inside the transaction of the deed
wires.reactions = {
    "address changed": [follow_address],
    "client moved": [
        visits_following.follow_client,
        threads_following.follow_client,
        event_moving.follow_client,
        follow_visits,
        complaints.follow_client,
    ],
    "visit ended": [requests.open_ratings],
    "visit marked as done": [notices.promise_notices],
    "visit cancelled": [requests.withdraw_requests, notices.withdraw_notices],
    "visit reopened": [requests.supersede_requests, notices.withdraw_notices],
    "incident opened": [requests.drop_requests],
    "messages moved": [sharing.note_asked, tallies.messages_moved, forget_numbers],
    "handling rated": [note_rating],
    "note ended": [complaints_following.note_ended],
    "note reopened": [complaints_following.note_reopened],
    "message written": [note_message, promise_notices],
}
