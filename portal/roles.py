"""Who may do what: one table."""

from enum import Enum, StrEnum

from flask_babel import lazy_gettext as _l


class Role(StrEnum):
    CLIENT = "client"
    RELATIVE = "relative"
    WORKER = "worker"
    COORDINATOR = "coordinator"
    QUALITY = "quality"
    ADMIN = "admin"


ROLE_LABELS = {
    Role.CLIENT: _l("Client"),
    Role.RELATIVE: _l("Relative"),
    Role.WORKER: _l("Worker"),
    Role.COORDINATOR: _l("Coordinator"),
    Role.QUALITY: _l("Quality lead"),
    Role.ADMIN: _l("Administrator"),
}


class Permission(Enum):
    """Each member is a sentence: what its holder may do."""

    SEE_OWN_VISITS = "See the visits of one's own file."
    RATE_OWN_VISITS = "Rate a done visit of one's own file."
    SEE_ASSIGNED_VISITS = "See the visits one is sent to."
    CLOSE_ASSIGNED_VISITS = "Mark a past visit of one's own as done."
    SEE_HOME = "See what asks for attention in one's sectors."
    SEE_VISITS = "See the visits of one's sectors."
    PLAN_VISITS = "Plan, move and repeat visits of one's sectors."
    CLOSE_VISITS = "Mark a visit of one's sectors as done or cancelled."
    SEE_RATINGS = "Read the ratings of one's sectors."
    SEE_OUTBOX = "See the messages that leave, and why some do not."
    MANAGE_OUTBOX = "Send a message again, or take it back."
    HOLD_OUTBOX = "Hold all messages, and let them go again."
    CHANGE_OPTIONS = "Change the agency's options, its name, logo and sender."
    SEARCH_PEOPLE = "Find the clients, relatives and workers of one's sectors."
    SEE_PEOPLE = "See the records of the clients and workers of one's sectors."
    EDIT_PEOPLE = "Make, change and close the records of the clients and workers of one's sectors."
    MANAGE_SECTORS = "Arrange the sectors and say who manages them."
    MANAGE_CATALOGUE = "Keep the list of services and the catalogue of skills."
    MANAGE_ACCOUNTS = "Open, close and protect the accounts of others."
    MANAGE_ACCESS = "Invite the clients of one's sectors and their relatives; say what relatives see."
    LOOK_AT_RATINGS = "Take note of a low rating."
    RATE_FOR_CLIENTS = "Type a rating that a client has given the agency."
    ASK_AGAIN = "Ask a client of one's sectors for a rating by hand."
    REPLY_TO_RATINGS = "Answer a client who has left a rating."
    EXCLUDE_RATINGS = "Exclude a rating from the statistics, with a reason."
    STOP_REQUESTS = "Stop or allow rating requests to a person, as that person said."
    IMPORT_FILES = "Bring in visits, clients and workers from files."
    OPEN_CONTROLS = "Open control tables, keep filters, and take away as files what they show."
    SEE_JOURNAL = "Read who did what in the portal, and take it away as a file."
    SEE_OWN_ACCOUNT = "See one's own account, and change how it is opened."
    SEE_STYLEGUIDE = "See the kit of which the pages are made (development only)."


_PORTAL = {Permission.SEE_OWN_ACCOUNT}
_CLIENT = _PORTAL | {Permission.SEE_OWN_VISITS, Permission.RATE_OWN_VISITS}
_STAFF = _PORTAL | {
    Permission.SEE_HOME,
    Permission.SEARCH_PEOPLE,
    Permission.SEE_PEOPLE,
    Permission.EDIT_PEOPLE,
    Permission.LOOK_AT_RATINGS,
    Permission.RATE_FOR_CLIENTS,
    Permission.ASK_AGAIN,
    Permission.REPLY_TO_RATINGS,
    Permission.STOP_REQUESTS,
    Permission.MANAGE_ACCESS,
    Permission.MANAGE_OUTBOX,
    Permission.SEE_VISITS,
    Permission.PLAN_VISITS,
    Permission.CLOSE_VISITS,
    Permission.SEE_RATINGS,
    Permission.SEE_OUTBOX,
    Permission.IMPORT_FILES,
    Permission.OPEN_CONTROLS,
    Permission.SEE_STYLEGUIDE,
}

GRANTS: dict[Role, set[Permission]] = {
    Role.CLIENT: _CLIENT,
    Role.RELATIVE: _CLIENT,  # the client's file decides whether a relative rates: see people.Relative.may_rate
    Role.WORKER: _PORTAL | {Permission.SEE_ASSIGNED_VISITS, Permission.CLOSE_ASSIGNED_VISITS},
    Role.COORDINATOR: _STAFF,
    Role.QUALITY: _STAFF | {Permission.HOLD_OUTBOX, Permission.EXCLUDE_RATINGS},
    Role.ADMIN: _STAFF
    | {
        Permission.HOLD_OUTBOX,
        Permission.EXCLUDE_RATINGS,
        Permission.CHANGE_OPTIONS,
        Permission.SEE_JOURNAL,
        Permission.MANAGE_SECTORS,
        Permission.MANAGE_CATALOGUE,
        Permission.MANAGE_ACCOUNTS,
    },
}
