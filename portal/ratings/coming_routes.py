"""*Demandes à venir*: who is asked in the coming week, and who is not."""

from flask import g
from werkzeug.wrappers import Response

from portal.outbox.queries import REASON_LABELS
from portal.pages import show
from portal.portals import staff
from portal.ratings.coming import coming_week
from portal.roles import GRANTS, Permission
from portal.settings.queries import SAME_HOUR, option


@staff.page("/ratings/coming", Permission.SEE_RATINGS, module="ratings.enabled")
def list_coming() -> Response:
    both = option("notices.visit_done") and option("ratings.request_delay_minutes") <= SAME_HOUR
    may_change = Permission.CHANGE_OPTIONS in GRANTS[g.user.role]
    return show("ratings/coming.html", page=coming_week(g.user), reasons=REASON_LABELS, two_at_once=both,
                may_change=may_change, drawn=option("ratings.sampling_percent"))  # fmt: skip
