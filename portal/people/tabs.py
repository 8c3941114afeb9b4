"""The tabs of a record: its pages, in the order in which they stand side by side."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import g, url_for
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from portal.people import queries
from portal.people.models import Anybody
from portal.portals import staff
from portal.settings.queries import option


@dataclass(frozen=True)
class Tab:
    """One page of a record.

    Attributes:
        name: by which a page says that it is the one that is open.
        label: as it is read.
        endpoint: of the page.
        address: columns of the record, by the names of the numbers in the address; while one is empty there is no page.
        module: option that, switched off, takes the page away.
    """

    name: str
    label: object
    endpoint: str
    address: Mapping[str, str]
    module: str | None = None


DEFINITION, ACCESS = lazy_pgettext("record", "Definition"), _l("Portal access")
CLIENT, WORKER, STAFF = {"client_id": "id"}, {"worker_id": "id"}, {"staff_id": "id"}
RELATIVE = {"client_id": "client_id", "relative_id": "id"}
TABS = {
    "client": (
        Tab("definition", DEFINITION, "staff.show_client", CLIENT),
        Tab("planning", _l("Planning"), "staff.plan_client", CLIENT),
        Tab("workers", _l("Workers"), "staff.show_client_workers", CLIENT),
        Tab("ratings", _l("Ratings"), "staff.show_client_ratings", CLIENT, "ratings.enabled"),
        Tab("incidents", _l("Incidents"), "staff.show_client_incidents", CLIENT, "incidents.enabled"),
        Tab("events", _l("Adverse events"), "staff.show_client_events", CLIENT, "adverse_events.enabled"),
        Tab("complaints", _l("Complaints"), "staff.show_client_complaints", CLIENT, "complaints.enabled"),
        Tab("threads", _l("Conversations"), "staff.show_client_threads", CLIENT),
        Tab("notes", _l("Notes"), "staff.show_client_notes", CLIENT),
        Tab("timeline", _l("Follow-up"), "staff.show_client_timeline", CLIENT),
        Tab("access", ACCESS, "staff.show_access", CLIENT),
    ),
    "relative": (
        Tab("definition", DEFINITION, "staff.show_relative", RELATIVE),
        Tab("access", ACCESS, "staff.grant_relative", RELATIVE),
    ),
    "worker": (
        Tab("definition", DEFINITION, "staff.show_worker", WORKER),
        Tab("planning", _l("Planning"), "staff.plan_worker", WORKER),
        Tab("clients", _l("Clients"), "staff.show_worker_clients", WORKER),
        Tab("ratings", _l("Ratings"), "staff.show_worker_ratings", WORKER, "ratings.enabled"),
        Tab("threads", _l("Conversations"), "staff.show_worker_threads", WORKER),
        Tab("incidents", _l("Incidents"), "staff.show_worker_incidents", WORKER, "incidents.enabled"),
        Tab("events", _l("Adverse events"), "staff.show_worker_events", WORKER, "adverse_events.enabled"),
        Tab("notes", _l("Notes"), "staff.show_worker_notes", WORKER),
        Tab("complaints", _l("Complaints"), "staff.show_worker_complaints", WORKER, "complaints.enabled"),
    ),
    "staff": (
        Tab("definition", DEFINITION, "staff.show_staff", STAFF),
        Tab("notes", _l("Notes"), "staff.show_staff_notes", STAFF),
        Tab("access", ACCESS, "staff.show_account", {"account_id": "account_id"}),
    ),
}


@staff.app_template_global()
def login_is_known(person: Anybody) -> bool:
    """Whether whoever reads a record may know how the person's login is used."""
    return queries.login_is_known(g.user, person)


@staff.app_template_global()
def tabs_of(kind: str, person: Anybody) -> list[dict]:
    """Return the tabs of a record that have a page and whose module is on."""
    found = []
    for tab in TABS[kind]:
        address = {name: getattr(person, column) for name, column in tab.address.items()}
        if None not in address.values() and (tab.module is None or option(tab.module)):
            found.append({"name": tab.name, "label": tab.label, "url": url_for(tab.endpoint, **address)})
    return found
