"""The tabs of a record: its pages, in the order in which they stand side by side."""

from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from portal.portals import staff
from portal.settings.queries import option


@dataclass(frozen=True)
class Tab:
    """One page of a record.

    Attributes:
        name: by which a page says that it is the one that is open.
        label: as it is read.
        endpoint: of the page; its address names the record by `client_id` or `worker_id`.
        module: option that, switched off, takes the page away.
    """

    name: str
    label: object
    endpoint: str
    module: str | None = None


TABS = {
    "client": (
        Tab("definition", lazy_pgettext("record", "Definition"), "staff.show_client"),
        Tab("planning", _l("Planning"), "staff.plan_client"),
        Tab("workers", _l("Workers"), "staff.show_client_workers"),
        Tab("ratings", _l("Ratings"), "staff.show_client_ratings", "ratings.enabled"),
        Tab("timeline", _l("Follow-up"), "staff.show_client_timeline"),
        Tab("access", _l("Portal access"), "staff.show_access"),
    ),
    "worker": (
        Tab("definition", lazy_pgettext("record", "Definition"), "staff.show_worker"),
        Tab("planning", _l("Planning"), "staff.plan_worker"),
        Tab("clients", _l("Clients"), "staff.show_worker_clients"),
        Tab("ratings", _l("Ratings"), "staff.show_worker_ratings", "ratings.enabled"),
    ),
}


@staff.app_template_global()
def tabs_of(kind: str, number: int) -> list[dict]:
    """Return the tabs of a client's or a worker's record, whose module is on."""
    address: dict[str, Any] = {f"{kind}_id": number}
    return [
        {"name": tab.name, "label": tab.label, "url": url_for(tab.endpoint, **address)}
        for tab in TABS[kind]
        if tab.module is None or option(tab.module)
    ]
