"""*En direct*: the page that shows the day as it goes."""

from flask import g
from werkzeug.wrappers import Response

from portal.htmx import request
from portal.pages import show
from portal.portals import staff
from portal.ratings.live import live
from portal.roles import Permission


@staff.page("/live", Permission.SEE_RATINGS, module="ratings.enabled")
def show_live() -> Response:
    """Today's visits and ratings. A page that is open asks for them now and then; mostly there is nothing new."""
    day = live(g.user)
    if request.headers.get("HX-PTag") == day.tag:
        return Response(status=304)
    page = show("ratings/live.html", "ratings/_live.html", day=day)
    page.headers["HX-PTag"] = day.tag
    return page
