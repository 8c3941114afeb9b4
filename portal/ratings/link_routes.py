"""*Lien pour le client*: the address of a visit's page, to be copied."""

from flask import abort, flash, g, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms import HiddenField

from portal.forms import PortalForm, refused
from portal.pages import done, show
from portal.portals import staff
from portal.ratings import visit_links
from portal.ratings.opened import handed_link
from portal.roles import Permission
from portal.visits.queries import row_of, visit_of


class LinkForm(PortalForm):
    seen = HiddenField()  # the link that is there: a second press of the button makes no third one


@staff.page("/visits/<int:visit_id>/link", Permission.ASK_AGAIN, methods=("GET", "POST"))
def link_visit(visit_id: int) -> Response:
    """The link of a visit; made when somebody asks for it, since looking changes nothing."""
    visit, form = visit_of(g.user, visit_id) or abort(404), LinkForm()
    visit_links.refuse_unless_linkable(g.user, visit)
    if status := refused(form, lambda: visit_links.make_link(g.user, visit, form.seen.data or "")):
        link = handed_link(visit.id)
        form.seen.data = link.public_id if link else ""
        address = visit_links.address_of(link) if link else None
        return show("ratings/link.html", status=status, visit=row_of(g.user, visit_id), form=form, address=address,
                    back_url=url_for("staff.show_visit", visit_id=visit_id))  # fmt: skip
    flash(_("The link is ready to be copied."), "success")
    return done(url_for("staff.link_visit", visit_id=visit_id))
