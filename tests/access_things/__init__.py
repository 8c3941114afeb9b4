"""What the table of access is tried with: Claire's things, made when an endpoint needs them, and what is posted."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from sqlalchemy import select

from portal.people.models import Client, Relative, Staff, Worker
from tests.access_things import quality, records, talks

# ---- addresses ----

# what stands in them, by the name of the part: attributes of the story
STORY = {
    "account_id": "claire.account_id", "client_id": "claire.id", "relative_id": "paul.id", "sector_id": "north",
    "service_id": "cleaning", "staff_id": "sofia.id", "visit_id": "claires_done", "worker_id": "wassim.id",
}  # fmt: skip
# what an endpoint is asked with instead, or besides
STORY_OF = {
    "staff.cancel_visit": {"visit_id": "claires_past"},
    "staff.change_tasks": {"visit_id": "claires_next"},
    "staff.create_visit": {"client_id": "claire.id"},
    "staff.duplicate_visit": {"visit_id": "claires_past"},
    "staff.end_visit": {"visit_id": "claires_past"},
    "staff.move_visit": {"visit_id": "claires_next"},
    "staff.show_visit": {"visit_id": "claires_cancelled"},
    "worker.end_own_visit": {"visit_id": "claires_past"},
}
FIXED = {
    "staff.change_account": {"deed": "sign-out"},
    "staff.change_level": {"level_id": 1},
    "staff.download_review": {"year": 2026},
    "staff.show_list": {"name": "note"},
    "staff.tell_about_event": {"whom": "reporter"},
    "staff.add_entry": {"name": "note"},
    "staff.fill_event": {"step": "facts"},
    "staff.keep_event": {"step": "facts"},
    "staff.show_option_history": {"key": "ratings.link_days"},
    **{
        f"staff.{deed}_text": {"kind": "ratings.request", "language": "fr"}
        for deed in ("show", "edit", "preview", "restore", "test")
    },
    "staff.compare_texts": {"kind": "ratings.request", "language": "fr", "left": 0, "right": 0},
    "static": {"filename": "portal.css"},
}

# ---- what is posted, and what is made first: each feature says what of its own ----

BODIES = records.BODIES | talks.BODIES | quality.BODIES
MADE: dict[str, Callable[[Any], dict[str, Any]]] = {**records.MADE, **talks.MADE, **quality.MADE}
WRITTEN: dict[str, Callable[[Any], dict[str, Any]]] = {**records.WRITTEN, **talks.WRITTEN, **quality.WRITTEN}
# records whose form says which version of them it has shown
VERSIONS = {
    "staff.edit_client": (Client, "claire"), "staff.edit_relative": (Relative, "paul"),
    "staff.edit_staff": (Staff, "sofia"), "staff.edit_worker": (Worker, "wassim"),
    "staff.grant_relative": (Relative, "paul"),
}  # fmt: skip


class Things(records.Records, talks.Talks, quality.Quality):
    """Claire's things, made when an endpoint needs them: the values of its address and what is posted to it."""

    def values(self, endpoint: str) -> dict[str, Any]:
        """What the address of an endpoint says."""
        rule = next(self.database.app.url_map.iter_rules(endpoint))
        known = {name: STORY[name] for name in rule.arguments & STORY.keys()} | STORY_OF.get(endpoint, {})
        found = {name: attrgetter(path)(self.agency) for name, path in known.items()} | FIXED.get(endpoint, {})
        if endpoint in MADE:
            with self.database.writing():
                found |= MADE[endpoint](self)
        return found

    def body(self, endpoint: str) -> dict[str, Any]:
        """What is posted to it."""
        found: dict[str, Any] = dict(BODIES.get(endpoint, {}))
        if endpoint in VERSIONS:
            kind, name = VERSIONS[endpoint]
            found["version"] = self.database.one(select(kind.version).where(kind.id == getattr(self.agency, name).id))
        return found | WRITTEN[endpoint](self) if endpoint in WRITTEN else found
