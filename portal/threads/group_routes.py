"""Writing to many clients or workers at once: what and to whom, a look at how many that is, and how far it is."""

from flask import abort, g, url_for
from werkzeug.wrappers import Response

from portal.extensions import db
from portal.forms import refused
from portal.htmx import request
from portal.pages import done, show
from portal.people.models import Sector
from portal.people.queries import visible_sectors
from portal.portals import staff
from portal.roles import Permission
from portal.threads import group
from portal.threads.models import GroupMessage
from portal.threads.open_forms import GroupForm


@staff.page("/threads/groups/new", Permission.WRITE_THREADS, methods=("GET", "POST"))
def write_to_group() -> Response:
    """First without a number: the page then says how many receive it. With that number it is sent."""
    chosen = visible_sectors(g.user).with_only_columns(Sector.id, Sector.name).order_by(Sector.name, Sector.id)
    form = GroupForm({row.id: row.name for row in db.session.execute(chosen)})
    if form.expected is None:
        status = 422 if request.method == "POST" and not form.validate() else 200
        return _page(form, status)
    made: list[GroupMessage] = []
    send = lambda: made.append(group.send_group(g.user, form.audience, form.letter, form.expected or 0))  # noqa: E731
    if status := refused(form, send):
        return _page(form, status)
    return done(url_for("staff.show_group", group_id=made[0].id))


def _page(form: GroupForm, status: int) -> Response:
    """The form; once it can be sent, with how many it reaches."""
    looked = request.method == "POST" and status != 422
    reach = group.reach_of(g.user, form.audience) if looked else None
    return show("threads/group.html", "threads/_group_form.html", status, form=form, reach=reach)


@staff.page("/threads/groups/<int:group_id>", Permission.WRITE_THREADS)
def show_group(group_id: int) -> Response:
    """How far a group message is."""
    found = group.group_of(g.user, group_id) or abort(404)
    return show("threads/group_sent.html", "threads/_group_sent.html", group=found[0], work=found[1])
