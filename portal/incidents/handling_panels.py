"""How an incident was handled, as its client rates it: what stands above its conversation."""

from flask import url_for
from flask_babel import gettext as _

from portal.accounts.models import User
from portal.extensions import Panel
from portal.forms import STAR_WORDS
from portal.incidents.models import Incident
from portal.incidents.queries import visible_incidents
from portal.ratings.handling import can_rate, handling_of
from portal.ratings.queries import is_low, is_urgent
from portal.ratings.survey import asked_about
from portal.roles import GRANTS, Permission
from portal.settings.queries import option
from portal.threads.models import Thread
from portal.threads.queries import is_staff
from portal.threads.words import INCIDENT


def handling_panel(user: User, thread: Thread) -> Panel | None:
    """For staff, the rating or that it is waited for; for the client and relatives, the way to rate, and the rating
    where the file lets them see it. Workers see nothing of it."""
    modules_on = option("ratings.enabled") and option("incidents.enabled")
    if thread.topic != INCIDENT or user.worker_id or not modules_on:
        return None
    about = visible_incidents(user).where(Incident.thread_id == thread.id).with_only_columns(Incident.id)
    found = handling_of(about.scalar_subquery())
    if found is None:
        return None
    subject, rating = found
    incident_id = subject.incident_id
    staff = is_staff(user)
    sees = Permission.SEE_RATINGS in GRANTS[user.role] if staff else user.sees_ratings
    url = None if staff or not can_rate(user, subject, rating) else url_for("client.rate_handling",
                                                                            incident_id=incident_id)  # fmt: skip
    shown = rating if sees else None
    if shown is None and url is None and (rating or not staff):
        return None
    return Panel("incidents/_handling_panel.html", {
        "heading": _("How the client rated the handling") if staff else asked_about(subject).question,
        "stars": shown.stars if shown else None,
        "comment": shown.comment if shown else None,
        "said_at": shown.said_at if shown else None,
        "low": shown if shown and staff and is_low(shown.stars) else None,
        "urgent": bool(shown and is_urgent(shown.stars)),
        "look_url": url_for("staff.look_at_handling", incident_id=incident_id) if staff else None,
        "thread_url": url_for("staff.show_thread", thread_id=thread.id) if staff else None,
        "words": STAR_WORDS,
        "url": url,
    })  # fmt: skip
