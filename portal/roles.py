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


# of what it all holds: the perimeter of each role, in words (the functions `visible_…` are what enforces it)
PERIMETERS = {
    Role.CLIENT: _l("Their own file alone: their visits, their ratings, their account."),
    Role.RELATIVE: _l("The file of the client they are close to, as far as that file allows: rating in the client’s "
                      "place, visits to come, ratings and comments are granted one by one."),
    Role.WORKER: _l("The visits they are sent to. Ratings only where the agency has switched that on."),
    Role.COORDINATOR: _l("The sectors they coordinate or manage and everything below: clients, their relatives, "
                         "visits, ratings and messages; workers of at least one of these sectors or of all."),
    Role.QUALITY: _l("All sectors."),
    Role.ADMIN: _l("All sectors, the people of the agency, and the portal itself."),
}  # fmt: skip


class Permission(Enum):
    """Each member is a sentence: what its holder may do, as the table of roles and rights says it."""

    SEE_OWN_VISITS = _l("See the visits of one's own file.")
    RATE_OWN_VISITS = _l("Rate a done visit of one's own file.")
    REPORT_INCIDENTS = _l("Report an incident on a visit that one may see.")
    SEE_ASSIGNED_VISITS = _l("See the visits one is sent to.")
    CLOSE_ASSIGNED_VISITS = _l("Mark a past visit of one's own as done.")
    SEE_OWN_RATINGS = _l("Read the ratings of the visits one was sent to, where the agency allows it, and answer them.")
    READ_THREADS = _l("Read the conversations in which one takes part, and write in them.")
    SEE_HOME = _l("See what asks for attention in one's sectors.")
    SEE_VISITS = _l("See the visits of one's sectors.")
    PLAN_VISITS = _l("Plan, move and repeat visits of one's sectors.")
    CLOSE_VISITS = _l("Mark a visit of one's sectors as done or cancelled.")
    SEE_RATINGS = _l("Read the ratings of one's sectors.")
    SEE_THREADS = _l("Read the conversations of one's sectors.")
    WRITE_THREADS = _l("Write in the conversations of one's sectors, withdraw messages, archive.")
    SEE_INCIDENTS = _l("See the incidents of one's sectors.")
    HANDLE_INCIDENTS = _l("Follow up the incidents of one's sectors: state, owner, due date, urgency.")
    KEEP_NOTES = _l("Write and read the notes and reminders of one’s sectors.")
    SEE_COMPLAINTS = _l("See the complaints of one’s sectors.")
    HANDLE_COMPLAINTS = _l("File, acknowledge, answer and resolve the complaints of one’s sectors.")
    FILE_COMPLAINTS = _l("File a complaint of one’s own on the portal, and follow it.")
    REPORT_EVENTS = _l("Report an adverse event, and follow one’s own report.")
    SEE_EVENTS = _l("See the adverse events of one’s sectors.")
    HANDLE_EVENTS = _l("Follow up the adverse events of one’s sectors: acknowledge, authorities, causes, actions.")
    JUDGE_EVENTS = _l("Say whether a report is an adverse event and how grave it is; close events and open them again.")
    SEE_REPORTERS = _l("Read who reported an adverse event in confidence; each reading is written down.")
    SEE_OUTBOX = _l("See the messages that leave, and why some do not.")
    MANAGE_OUTBOX = _l("Send a message again, or take it back.")
    HOLD_OUTBOX = _l("Hold all messages, and let them go again.")
    SEE_TEMPLATES = _l("Read the texts of the messages that leave, and their former versions.")
    EDIT_TEMPLATES = _l("Change the texts of the messages that leave, and send them to oneself as a test.")
    CHANGE_OPTIONS = _l("Change the agency's options, its name, logo and sender.")
    SEARCH_PEOPLE = _l("Find the clients, relatives and workers of one's sectors.")
    SEE_PEOPLE = _l("See the records of the clients and workers of one's sectors.")
    EDIT_PEOPLE = _l("Make, change and close the records of the clients and workers of one's sectors.")
    MANAGE_SECTORS = _l("Arrange the sectors and say who manages them.")
    MANAGE_CATALOGUE = _l("Keep the list of services and the catalogue of skills.")
    MANAGE_REASONS = _l("Say which incidents can be reported, service by service.")
    MANAGE_LISTS = _l("Keep the lists of categories: notes, complaints, adverse events.")
    MANAGE_ACCOUNTS = _l("Open, close and protect the accounts of others.")
    MANAGE_ACCESS = _l("Invite the clients, relatives and workers of one's sectors; say what relatives see.")
    LOOK_AT_RATINGS = _l("Take note of a low rating.")
    RATE_FOR_CLIENTS = _l("Type a rating that a client has given the agency.")
    ASK_AGAIN = _l("Ask a client of one's sectors for a rating by hand.")
    REPLY_TO_RATINGS = _l("Answer a client who has left a rating.")
    EXCLUDE_RATINGS = _l("Exclude a rating from the statistics, with a reason.")
    CLOSE_MONTHS = _l("Close a month of ratings: what counted then is kept as it was.")
    EDIT_SURVEY = _l("Set up what clients are asked after a visit, and try it out.")
    STOP_REQUESTS = _l("Stop or allow rating requests and notices of visits to a person, as that person said.")
    IMPORT_FILES = _l("Bring in visits, clients and workers from files.")
    OPEN_CONTROLS = _l("Open control tables, keep filters, and take away as files what they show.")
    SEE_JOURNAL = _l("Read who did what in the portal, and take it away as a file.")
    SEE_ROLES = _l("See who may do what.")
    SEE_OWN_ACCOUNT = _l("See one's own account, and change how it is opened.")
    SEE_STYLEGUIDE = _l("See the kit of which the pages are made (development only).")


_PORTAL = {Permission.SEE_OWN_ACCOUNT}
_CLIENT = _PORTAL | {
    Permission.SEE_OWN_VISITS,
    Permission.RATE_OWN_VISITS,
    Permission.REPORT_INCIDENTS,
    Permission.READ_THREADS,
    Permission.FILE_COMPLAINTS,
    Permission.REPORT_EVENTS,
}
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
    Permission.REPORT_INCIDENTS,
    Permission.SEE_VISITS,
    Permission.PLAN_VISITS,
    Permission.CLOSE_VISITS,
    Permission.SEE_RATINGS,
    Permission.SEE_THREADS,
    Permission.WRITE_THREADS,
    Permission.SEE_INCIDENTS,
    Permission.HANDLE_INCIDENTS,
    Permission.KEEP_NOTES,
    Permission.SEE_COMPLAINTS,
    Permission.HANDLE_COMPLAINTS,
    Permission.REPORT_EVENTS,
    Permission.SEE_EVENTS,
    Permission.HANDLE_EVENTS,
    Permission.SEE_OUTBOX,
    Permission.IMPORT_FILES,
    Permission.OPEN_CONTROLS,
    Permission.SEE_STYLEGUIDE,
}

GRANTS: dict[Role, set[Permission]] = {
    Role.CLIENT: _CLIENT,
    Role.RELATIVE: _CLIENT,  # the client's file decides whether a relative rates: see people.Relative.may_rate
    Role.WORKER: _PORTAL
    | {
        Permission.SEE_ASSIGNED_VISITS,
        Permission.CLOSE_ASSIGNED_VISITS,
        Permission.SEE_OWN_RATINGS,
        Permission.REPORT_INCIDENTS,
        Permission.READ_THREADS,
        Permission.FILE_COMPLAINTS,
        Permission.REPORT_EVENTS,
    },
    Role.COORDINATOR: _STAFF,
    Role.QUALITY: _STAFF
    | {
        Permission.HOLD_OUTBOX,
        Permission.SEE_TEMPLATES,
        Permission.EXCLUDE_RATINGS,
        Permission.EDIT_SURVEY,
        Permission.CLOSE_MONTHS,
        Permission.JUDGE_EVENTS,
        Permission.SEE_REPORTERS,
    },
    Role.ADMIN: _STAFF
    | {
        Permission.HOLD_OUTBOX,
        Permission.SEE_TEMPLATES,
        Permission.EDIT_TEMPLATES,
        Permission.EXCLUDE_RATINGS,
        Permission.EDIT_SURVEY,
        Permission.CLOSE_MONTHS,
        Permission.JUDGE_EVENTS,
        Permission.CHANGE_OPTIONS,
        Permission.SEE_JOURNAL,
        Permission.SEE_ROLES,
        Permission.MANAGE_SECTORS,
        Permission.MANAGE_CATALOGUE,
        Permission.MANAGE_REASONS,
        Permission.MANAGE_LISTS,
        Permission.MANAGE_ACCOUNTS,
    },
}
