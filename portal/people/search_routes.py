"""The one box in which clients, relatives, workers and staff are looked for."""

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response

from portal.htmx import request as portal_request
from portal.pages import show
from portal.people.forms import KIND_LABELS
from portal.people.search_queries import LONGEST, Hit, search_people, typed_words
from portal.portals import staff
from portal.roles import ROLE_LABELS, Permission, Role


@staff.page("/search", Permission.SEARCH_PEOPLE)
def search() -> Response:
    """Everybody whose words begin as typed; while one types, the first few. Enter opens the record of a single one."""
    typed = " ".join(request.args.get("q", "").split())[:LONGEST]
    found = search_people(g.user, typed)
    hits = [hit for group in found for hit in group.hits]
    if len(hits) == 1 and not portal_request.wants_fragment:
        return redirect(address_of(hits[0]))
    return show(
        "people/search.html", "people/_search_hits.html", typed=typed, found=found, address_of=address_of,
        place_of=place_of, labels=KIND_LABELS, too_little=not typed_words(typed),
    )  # fmt: skip


def address_of(hit: Hit) -> str:
    """Where somebody's record opens."""
    match hit.kind:
        case "client":
            return url_for("staff.show_client", client_id=hit.id)
        case "relative":
            return url_for("staff.show_relative", client_id=hit.client_id, relative_id=hit.id)
        case "worker":
            return url_for("staff.show_worker", worker_id=hit.id)
        case _:
            return url_for("staff.show_staff", staff_id=hit.id)


def place_of(hit: Hit) -> str:
    """Where somebody belongs: a client's sector, the client of a relative, the role of a member of staff."""
    if hit.kind == "staff":
        return str(ROLE_LABELS[Role(hit.place or "")])
    return hit.client_name or hit.place or ""
