"""The table of contents of the portal: one line per concern."""

from flask import Flask

from portal import (
    cli,
    config,
    demo,
    errors,
    extensions,
    headers,
    health,
    home,  # noqa: F401 - hangs its page onto the staff portal
    htmx,
    i18n,
    logs,
    menus,
    portals,
    sessions,
    styleguide,  # noqa: F401 - hangs its page onto the staff portal
    wiring,  # noqa: F401 - fills the wires
)
from portal.accounts import own as own_account  # noqa: F401
from portal.accounts import second_factor_routes  # noqa: F401 - hangs its pages
from portal.accounts.routes import accounts
from portal.adverse_events import action_routes as event_action_routes  # noqa: F401
from portal.adverse_events import analysis_routes as event_analysis_routes  # noqa: F401
from portal.adverse_events import confidence_routes as event_confidence_routes  # noqa: F401
from portal.adverse_events import draft_routes as event_draft_routes  # noqa: F401
from portal.adverse_events import end_routes as event_end_routes  # noqa: F401
from portal.adverse_events import former_routes as event_former_routes  # noqa: F401
from portal.adverse_events import page_routes as event_page_routes  # noqa: F401
from portal.adverse_events import portal_routes as event_portal_routes  # noqa: F401
from portal.adverse_events import record_routes as event_record_routes  # noqa: F401
from portal.adverse_events import route_routes as event_route_routes  # noqa: F401
from portal.adverse_events import triage_routes as event_triage_routes  # noqa: F401
from portal.complaints import follow_routes as complaint_follow_routes  # noqa: F401
from portal.complaints import routes as complaint_routes  # noqa: F401
from portal.complaints import staff_routes as complaint_staff_routes  # noqa: F401
from portal.controls import routes as controls_routes  # noqa: F401 - hangs its handlers onto the portals
from portal.headers import behind_proxies
from portal.imports import cli as imports_cli
from portal.imports import routes as imports_routes  # noqa: F401 - hangs its handlers onto the portals
from portal.incidents import follow_routes as incidents_follow_routes  # noqa: F401
from portal.incidents import handling_routes as incidents_handling_routes  # noqa: F401
from portal.incidents import reason_routes as incident_reason_routes  # noqa: F401
from portal.incidents import routes as incident_routes  # noqa: F401
from portal.notes import record_routes as notes_record_routes  # noqa: F401
from portal.notes import routes as notes_routes  # noqa: F401
from portal.organisation import list_routes  # noqa: F401
from portal.organisation import routes as organisation_routes  # noqa: F401
from portal.outbox import cli as outbox_cli
from portal.outbox import routes as outbox_routes  # noqa: F401
from portal.outbox import text_routes  # noqa: F401
from portal.people import cli as people_cli
from portal.people import deed_routes as people_deed_routes  # noqa: F401
from portal.people import record_routes as people_record_routes  # noqa: F401
from portal.people import relative_routes as people_relative_routes  # noqa: F401
from portal.people import routes as people_routes  # noqa: F401
from portal.people import search_routes as people_search_routes  # noqa: F401
from portal.people import tabs as people_tabs  # noqa: F401 - what the macro `record_tabs` reads
from portal.people import team_routes as people_team_routes  # noqa: F401
from portal.people import worker_routes as people_worker_routes  # noqa: F401
from portal.ratings import call_routes as rating_call_routes  # noqa: F401
from portal.ratings import choice_routes as rating_choice_routes  # noqa: F401
from portal.ratings import coming_routes as rating_coming_routes  # noqa: F401
from portal.ratings import link_routes as rating_link_routes  # noqa: F401
from portal.ratings import live_routes as rating_live_routes  # noqa: F401
from portal.ratings import own_routes as rating_own_routes  # noqa: F401
from portal.ratings import record_routes as rating_record_routes  # noqa: F401
from portal.ratings import routes as ratings_routes  # noqa: F401
from portal.ratings import staff_routes as ratings_staff_routes  # noqa: F401
from portal.ratings import survey_question_routes as rating_survey_question_routes  # noqa: F401
from portal.ratings import survey_routes  # noqa: F401
from portal.ratings import word_routes as rating_word_routes  # noqa: F401
from portal.ratings.public import open_pages
from portal.reports import cli as reports_cli
from portal.reports import feedback_routes as report_feedback_routes  # noqa: F401
from portal.reports import month_routes as report_month_routes  # noqa: F401
from portal.reports import paper_routes as report_paper_routes  # noqa: F401
from portal.reports import routes as reports_routes  # noqa: F401
from portal.settings import cli as settings_cli
from portal.settings import routes as settings_routes  # noqa: F401
from portal.settings.public import agency_pages
from portal.setup import cli as setup_cli
from portal.setup import routes as setup_routes  # noqa: F401
from portal.setup.public import setup_pages
from portal.threads import change_routes as threads_change_routes  # noqa: F401
from portal.threads import choice_routes as notice_choice_routes  # noqa: F401
from portal.threads import group_routes as threads_group_routes  # noqa: F401
from portal.threads import live as threads_live  # noqa: F401
from portal.threads import open_routes as threads_open_routes  # noqa: F401
from portal.threads import routes as threads_routes  # noqa: F401
from portal.threads import staff_routes as threads_staff_routes  # noqa: F401
from portal.visits import change_routes as visits_change_routes  # noqa: F401
from portal.visits import column_routes as visits_column_routes  # noqa: F401
from portal.visits import pair_routes  # noqa: F401
from portal.visits import planning_routes as visits_planning_routes  # noqa: F401
from portal.visits import routes as visits_routes  # noqa: F401


def create_app(**overrides: object) -> Flask:
    """Return the portal as a WSGI application.

    Args:
        overrides: configuration that differs from the environment's (tests).

    Raises:
        portal.config.ConfigError: the environment does not allow a start.
    """
    app = Flask(__name__)
    app.config.update(config.load())
    app.config.update(overrides)
    app.wsgi_app = behind_proxies(app)
    logs.init_app(app)
    app.before_request(portals.choose_lock)
    app.before_request(sessions.find_who_comes)
    app.url_map.converters["int"] = portals.RowNumber
    extensions.init_app(app)
    sessions.init_app(app)
    i18n.init_app(app)
    htmx.init_app(app)
    headers.init_app(app)
    errors.init_app(app)
    menus.init_app(app)
    health.init_app(app)
    for blueprint in (accounts, agency_pages, open_pages, setup_pages, *portals.PORTALS.values()):
        app.register_blueprint(blueprint)
    for commands in (cli, demo, imports_cli, outbox_cli, people_cli, reports_cli, settings_cli, setup_cli):
        commands.init_app(app)
    return app
