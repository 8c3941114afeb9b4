"""The menu of each portal with its figures, and what every template may read."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, current_app, g, render_template, url_for
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext, ngettext
from sqlalchemy import select
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response

from portal.accounts.models import User
from portal.extensions import db, wires
from portal.htmx import answer, request
from portal.portals import client, staff, worker
from portal.roles import GRANTS, Permission
from portal.settings.queries import is_on, option


def _unread(number: int) -> str:
    return ngettext("%(num)s unread conversation", "%(num)s unread conversations", number)


def _to_look_at(number: int) -> str:
    return ngettext("%(num)s low rating to look at", "%(num)s low ratings to look at", number)


def _urgent(number: int) -> str:
    return ngettext("%(num)s urgent incident", "%(num)s urgent incidents", number)


def _to_acknowledge(number: int) -> str:
    return ngettext("%(num)s adverse event to acknowledge", "%(num)s adverse events to acknowledge", number)


def _ready(number: int) -> str:
    return ngettext("%(num)s file is ready", "%(num)s files are ready", number)


def _opened(number: int) -> str:
    return ngettext("%(num)s event opened to you", "%(num)s events opened to you", number)


@dataclass(frozen=True)
class Entry:
    label: object
    endpoint: str
    icon: str
    permission: Permission
    section: object = ""
    module: str | None = None
    otherwise: tuple[str, object] | None = None  # an option, and what the entry is called while it is off
    granted: bool = False  # only for whom the file lets into its conversations
    if_counted: bool = False  # while that option is off, it is there only where something is counted
    figure: Callable[[int], str] = str  # what the figure beside it is read out as, where something is counted


MENUS = {
    "client": (
        Entry(_l("My visits"), "client.list_own_visits", "calendar", Permission.SEE_OWN_VISITS),
        Entry(
            _l("Contact us"),
            "client.list_threads",
            "message-circle",
            Permission.READ_THREADS,
            otherwise=("threads.contact", _l("Conversations")),
            figure=_unread,
        ),
        Entry(
            _l("Complaints"),
            "client.list_complaints",
            "megaphone",
            Permission.FILE_COMPLAINTS,
            module="complaints.portal",
        ),
        Entry(
            lazy_pgettext("menu", "Report"),
            "client.list_reports",
            "shield-alert",
            Permission.REPORT_EVENTS,
            module="adverse_events.portal",
            granted=True,
        ),
        Entry(_l("My account"), "client.me", "user", Permission.SEE_OWN_ACCOUNT),
    ),
    "worker": (
        Entry(_l("Today"), "worker.list_today", "calendar", Permission.SEE_ASSIGNED_VISITS),
        Entry(_l("My week"), "worker.list_week", "calendar-days", Permission.SEE_ASSIGNED_VISITS),
        Entry(
            _l("Contact us"),
            "worker.list_threads",
            "message-circle",
            Permission.READ_THREADS,
            otherwise=("threads.contact", _l("Conversations")),
            figure=_unread,
        ),
        Entry(
            _l("Complaints"),
            "worker.list_complaints",
            "megaphone",
            Permission.FILE_COMPLAINTS,
            module="complaints.portal",
        ),
        Entry(
            lazy_pgettext("menu", "Report"),
            "worker.list_reports",
            "shield-alert",
            Permission.REPORT_EVENTS,
            module="adverse_events.enabled",
            otherwise=("adverse_events.portal", lazy_pgettext("menu", "For me")),
            if_counted=True,
            figure=_opened,
        ),
        Entry(_l("My account"), "worker.me", "user", Permission.SEE_OWN_ACCOUNT),
    ),
    "staff": (
        Entry(_l("Home"), "staff.show_home", "house", Permission.SEE_HOME),
        Entry(_l("Clients"), "staff.list_clients", "users", Permission.SEE_PEOPLE),
        Entry(_l("Workers"), "staff.list_workers", "user-round-check", Permission.SEE_PEOPLE),
        Entry(_l("Visits"), "staff.list_visits", "calendar", Permission.SEE_VISITS),
        Entry(
            lazy_pgettext("menu", "Live"), "staff.show_live", "clock", Permission.SEE_RATINGS, module="ratings.enabled"
        ),
        Entry(
            _l("Customer feedback"),
            "staff.list_ratings",
            "star",
            Permission.SEE_RATINGS,
            _l("Quality"),
            "ratings.enabled",
            figure=_to_look_at,
        ),
        Entry(
            _l("Conversations"),
            "staff.list_threads",
            "message-circle",
            Permission.SEE_THREADS,
            _l("Quality"),
            figure=_unread,
        ),
        Entry(
            _l("Incident follow-up"),
            "staff.open_incidents",
            "flag",
            Permission.SEE_INCIDENTS,
            _l("Quality"),
            "incidents.enabled",
            figure=_urgent,
        ),
        Entry(
            _l("Adverse events"),
            "staff.open_adverse_events",
            "triangle-alert",
            Permission.SEE_EVENTS,
            _l("Quality"),
            "adverse_events.enabled",
            figure=_to_acknowledge,
        ),
        Entry(
            _l("Report an adverse event"),
            "staff.list_event_drafts",
            "file-text",
            Permission.REPORT_EVENTS,
            _l("Quality"),
            "adverse_events.enabled",
        ),
        Entry(
            _l("Complaints"),
            "staff.open_complaints",
            "megaphone",
            Permission.SEE_COMPLAINTS,
            _l("Quality"),
            "complaints.enabled",
        ),
        Entry(_l("My reminders"), "staff.list_reminders", "bell", Permission.KEEP_NOTES, _l("Quality")),
        Entry(_l("Outgoing messages"), "staff.list_messages", "mail", Permission.SEE_OUTBOX, _l("Analysis")),
        Entry(
            lazy_pgettext("menu", "Analytics"),
            "staff.open_feedback",
            "chart-column",
            Permission.SEE_RATINGS,
            _l("Analysis"),
            "ratings.enabled",
        ),
        Entry(
            _l("Information control"),
            "staff.list_controls",
            "table-2",
            Permission.OPEN_CONTROLS,
            _l("Analysis"),
            figure=_ready,
        ),
        Entry(_l("Staff"), "staff.list_staff", "users", Permission.MANAGE_ACCOUNTS, _l("Administration")),
        Entry(_l("Accounts"), "staff.list_accounts", "users", Permission.MANAGE_ACCOUNTS, _l("Administration")),
        Entry(_l("Sectors"), "staff.list_sectors", "git-branch", Permission.MANAGE_SECTORS, _l("Administration")),
        Entry(_l("Services"), "staff.list_services", "briefcase", Permission.MANAGE_CATALOGUE, _l("Administration")),
        Entry(
            _l("Incident reasons"),
            "staff.list_reasons",
            "list-checks",
            Permission.MANAGE_REASONS,
            _l("Administration"),
            "incidents.enabled",
        ),
        Entry(_l("Lists"), "staff.list_lists", "list-checks", Permission.MANAGE_LISTS, _l("Administration")),
        Entry(_l("Skills"), "staff.list_skills", "list-checks", Permission.MANAGE_CATALOGUE, _l("Administration")),
        Entry(_l("Roles and rights"), "staff.show_roles", "lock", Permission.SEE_ROLES, _l("Administration")),
        Entry(_l("Notifications"), "staff.list_texts", "mail", Permission.SEE_TEMPLATES, _l("Administration")),
        Entry(_l("Import"), "staff.list_imports", "upload", Permission.IMPORT_FILES, _l("Administration")),
        Entry(
            _l("Survey"), "staff.edit_survey", "star", Permission.EDIT_SURVEY, _l("Administration"), "ratings.enabled"
        ),
        Entry(_l("Configuration"), "staff.show_settings", "settings", Permission.CHANGE_OPTIONS, _l("Administration")),
        Entry(_l("Audit log"), "staff.open_journal", "history", Permission.SEE_JOURNAL, _l("Administration")),
        Entry(_l("My account"), "staff.me", "user", Permission.SEE_OWN_ACCOUNT, _l("Administration")),
    ),
}


def init_app(app: Flask) -> None:
    app.context_processor(common_context)


def common_context() -> dict:
    """What layouts read on every page; an error page without a user or an open file reads it too."""
    user = g.get("user")
    return {
        "agency": {"name": option("agency.name"), "logo": option("agency.logo")},
        "user": user,
        "menu": LocalProxy(menu),  # fragments have none: nothing is counted for them
        "figures_tag": tag_of,
        "config_env": current_app.config["PORTAL_ENV"],
    }


def menu() -> list[dict]:
    """Entries of the present portal that this person may open and whose module is on."""
    if "menu" not in g:
        g.menu = _menu()
    return g.menu


def _menu() -> list[dict]:
    user, portal = g.get("user"), g.get("portal")
    if user is None or portal is None or g.get("confined"):
        return []
    entries = [
        entry for entry in MENUS[portal]
        if entry.permission in GRANTS[user.role] and (entry.module is None or is_on(entry.module))
        and (user.sees_threads or not entry.granted)
    ]  # fmt: skip
    counts = g.counts = counts_of(entries, user)
    return [
        {"label": _label_of(entry), "url": url_for(entry.endpoint), "icon": entry.icon, "section": entry.section,
         "active": request.endpoint == entry.endpoint, "count": counts.get(entry.endpoint),
         "figure_id": f"figure-{entry.endpoint.partition('.')[2]}", "figure": entry.figure}
        for entry in entries if not entry.if_counted or _is_whole(entry) or counts.get(entry.endpoint)
    ]  # fmt: skip


def _is_whole(entry: Entry) -> bool:
    return entry.otherwise is None or bool(option(entry.otherwise[0]))


def _label_of(entry: Entry) -> object:
    return entry.otherwise[1] if entry.otherwise and not _is_whole(entry) else entry.label


def counts_of(entries: list[Entry], user: User) -> dict[str, int]:
    """How many things wait behind these entries, where anything is counted: one statement for the whole menu, and on
    the staff's home page for the cards that say a number alone (`g.counts`)."""
    asked = {entry.endpoint: wires.badges[entry.endpoint](user) for entry in entries if entry.endpoint in wires.badges}
    if request.endpoint == "staff.show_home":
        asked |= {name: count(user) for name, count in wires.home_counts.items()}
    counted = {endpoint: statement for endpoint, statement in asked.items() if statement is not None}
    if not counted:
        return {}
    row = db.session.execute(select(*(statement.scalar_subquery() for statement in counted.values()))).one()
    return dict(zip(counted, row, strict=True))


@client.page("/figures", Permission.SEE_OWN_ACCOUNT)
@worker.page("/figures", Permission.SEE_OWN_ACCOUNT)
@staff.page("/figures", Permission.SEE_OWN_ACCOUNT)
def show_figures() -> Response:
    """The figures in the menu, asked for now and then by each page that is open; the lists on it hear of new ones."""
    tag = tag_of(menu())
    if request.headers.get("HX-PTag") == tag:
        return Response(status=304)
    figures = answer(render_template("menus/_figures.html"), event="figures-changed")
    figures.headers["HX-PTag"] = tag
    return figures


def tag_of(entries: list[dict]) -> str:
    """What the figures of a menu are tagged with."""
    return "-".join(str(entry["count"]) for entry in entries if entry["count"] is not None)
