"""Where lower features tell or show higher ones: all of it, on one page."""

from sqlalchemy import ColumnElement, and_, select

from portal.accounts import messages as account_messages
from portal.accounts.models import User
from portal.extensions import wires
from portal.imports import jobs as import_jobs
from portal.outbox.models import Message
from portal.people.importer import CLIENTS, WORKERS
from portal.people.models import Client
from portal.people.queries import files_of_account, visible_clients
from portal.ratings import alerts as rating_alerts
from portal.ratings import low, requests
from portal.ratings import messages as rating_messages
from portal.ratings.models import RatingSubject
from portal.ratings.panels import rating_panel
from portal.ratings.queries import RATING_COLUMN, clients_of_messages, missing_requests, waiting_visit
from portal.visits.importer import IMPORTER as VISITS


def message_perimeter(user: User) -> ColumnElement[bool]:
    """Messages about clients that a person may see. Account mails are not among them."""
    clients = visible_clients(user).with_only_columns(Client.id)
    subjects = select(RatingSubject.id).where(RatingSubject.client_id.in_(clients))
    return and_(Message.subject_type == "rating_subject", Message.subject_id.in_(subjects))


# kinds of message that leave, for `outbox`
for kind in (
    account_messages.RESET, account_messages.INVITATION,
    rating_messages.REQUEST, rating_messages.REMINDER, rating_alerts.LOW, rating_alerts.VERY_LOW,
):  # fmt: skip
    wires.message_kinds[kind.name] = kind

# long jobs, for `work`; kinds of file, for `imports`
wires.work_kinds = {"imports.plan": import_jobs.plan, "imports.run": import_jobs.run}
wires.work_given_up = {"imports.plan": import_jobs.give_up_plan, "imports.run": import_jobs.give_up_run}
wires.importers = {importer.kind: importer for importer in (VISITS, CLIENTS, WORKERS)}

# what a login opens, for `accounts`; whose messages a coordinator sees and whom they are about, for `outbox`
wires.files_of_account = files_of_account
wires.message_perimeter = message_perimeter
wires.message_about = clients_of_messages

# what `flask outbox audit` looks after besides the messages that there are: those that were never written
wires.promises = [missing_requests]

# what the lists of visits show besides the visit
wires.visit_columns = [RATING_COLUMN]
wires.waiting_visit = waiting_visit

# what asks for attention: cards of the staff's home page, figures in the menu
wires.visit_panels = [rating_panel]
wires.home_cards = [low.home_card]
wires.badges = {"staff.list_ratings": low.count_unseen}

# reactions: plain functions called by name, in order, inside the transaction of the deed
wires.reactions = {
    "visit ended": [requests.open_ratings],
    "visit cancelled": [requests.withdraw_requests],
    "visit reopened": [requests.supersede_requests],
    "incident opened": [requests.drop_requests],
}
