"""Visits and what is said of them: ratings, conversations, incidents, mails."""

import io
from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from portal.extensions import db
from portal.incidents.following import Closing, move_incident
from portal.incidents.models import Incident, State
from portal.links import make_token, new_public_id
from portal.people.models import Client, Service, Worker
from portal.portals import PORTALS
from portal.ratings.actions import leave_rating
from portal.ratings.exclusion import exclude_rating
from portal.ratings.handling import handling_of
from portal.ratings.models import Rating, RatingRequest
from portal.ratings.own_actions import read_notice, say
from portal.ratings.own_models import WorkerWord
from portal.settings.actions import set_option
from portal.threads.group import Audience, Letter, send_group
from portal.threads.models import Thread
from tests import factories
from tests.access_things.story import MONTH, Story


class Talks(Story):
    """What Claire said, or what was said of her."""

    reason_id = 0  # of what was made last

    def thread(self) -> dict[str, Any]:
        """Claire and Wassim talk."""
        agency = self.agency
        made = factories.thread(agency.claire, [agency.claire], [agency.wassim], "le secret de Claire")
        return {"thread_id": made.id}

    def said(self, person: str) -> dict[str, Any]:
        """Somebody has written in it, with a photo."""
        thread = db.session.get_one(Thread, self.thread()["thread_id"])
        photo = FileStorage(io.BytesIO(factories.picture()), "photo.png")
        made = factories.message(getattr(self.agency, person), thread, "le secret de Claire", uploads=[photo])
        return {"thread_id": thread.id, "message_id": made.id, "token": made.files[0].attachment.public_id}

    def incident(self) -> dict[str, Any]:
        """Wassim has reported one on Claire's visit."""
        return {"incident_id": factories.incident(self.agency.wassim, self.agency.claires_past).id}

    def group(self) -> dict[str, Any]:
        """Sofia writes to all her clients."""
        letter = Letter("other", "Fermeture", "Nous sommes fermés lundi.", new_public_id())
        return {"group_id": send_group(self.agency.sofia.user, Audience("client"), letter, 2).id}

    def handled_incident(self) -> dict[str, Any]:
        """It is closed, and Claire is asked how it was handled."""
        made = db.session.get_one(Incident, self.incident()["incident_id"])
        move_incident(self.agency.sofia.user, made, State.CLOSED, made.version, Closing("settled", ask=True))
        return {"incident_id": made.id}

    def badly_handled_incident(self) -> dict[str, Any]:
        """Claire found that it was handled badly."""
        made = self.handled_incident()
        subject, _rating = handling_of(made["incident_id"]) or (None, None)
        leave_rating(self.agency.claire.user, subject, 1, "le secret de Claire")
        return made

    def request(self) -> RatingRequest:
        agency = self.agency
        claire, wassim = db.session.get_one(Client, agency.claire.id), db.session.get_one(Worker, agency.wassim.id)
        made = factories.done_visit(claire, db.session.get_one(Service, agency.rising), [wassim], hour=7, ask=True)
        return factories.sent_request(made, agency.claire.email)

    def mailed_link(self, purpose: str) -> dict[str, Any]:
        return {"token": make_token(purpose, self.request().message.public_id)}

    def message(self) -> dict[str, Any]:
        return {"message_id": self.request().message_id}

    def low_rating(self) -> dict[str, Any]:
        return {"rating_id": factories.rate(self.agency.claire, self.agency.claires_done, 1).id}

    def wished_call(self) -> dict[str, Any]:
        found = self.low_rating()
        db.session.get_one(Rating, found["rating_id"]).call_back = True
        return found

    def workers_see(self) -> dict[str, Any]:
        """Workers read their ratings, and have read why there are any."""
        set_option(None, "ratings.workers_see", "on")
        for worker in (self.agency.wassim, self.agency.jean):
            read_notice(worker.user)
        return {}

    def notices_sent(self) -> dict[str, Any]:
        set_option(None, "notices.visit_done", "on")
        return {}

    def commented_rating(self) -> dict[str, Any]:
        rating = factories.rate(self.agency.claire, self.agency.claires_done, 1, "le secret de Claire")
        return {**self.workers_see(), "rating_id": rating.id}

    def contest(self) -> dict[str, Any]:
        """Wassim contests what Claire has said."""
        rating = db.session.get_one(Rating, self.commented_rating()["rating_id"])
        say(self.agency.wassim.user, rating, "contest", "le secret de Wassim", rating.version)
        return {"word_id": db.session.scalars(select(WorkerWord.id)).one()}

    def excluded_rating(self) -> dict[str, Any]:
        rating = db.session.get_one(Rating, self.low_rating()["rating_id"])
        exclude_rating(self.agency.ines.user, rating, "Le secret", rating.version)
        return {"rating_id": rating.id}

    def rated_visit(self) -> dict[str, Any]:
        self.low_rating()
        return {}

    def waiting_message(self) -> dict[str, Any]:
        message = self.request().message
        message.state, message.sent_at = "due", None
        return {"message_id": message.id}

    def reason(self) -> dict[str, Any]:
        factories.reason(self.agency.cleaning, "Premier motif")
        return {"reason_id": factories.reason(self.agency.cleaning).id}

    def reportable(self) -> dict[str, Any]:
        """Something can be reported on the visit that has just ended."""
        self.reason_id = factories.reason(self.agency.cleaning).id
        return {"visit_id": self.agency.claires_past}

    def other_reason(self) -> dict[str, Any]:
        """Of another service: what is copied from there."""
        self.reason_id = factories.reason(self.agency.rising).id
        return {"source": self.agency.rising}


# what is posted
BODIES: dict[str, dict[str, str]] = {
    **{f"{portal}.write_message": {"text": "Bonjour", "audience": "all"} for portal in PORTALS},
    **{f"{portal}.correct_message": {"text": "Bonsoir"} for portal in PORTALS},
    "staff.withdraw_message": {"reason": "Erreur"},
    **{f"{portal}.choose_notices": {"incident": "now", "message": "daily"} for portal in PORTALS},
    **{f"{portal}.open_thread": {"topic": "other", "text": "Bonjour"} for portal in PORTALS},
    "staff.publish_thread": {"published": "no"},
    "staff.write_to_group": {"kind": "client", "sector": "", "topic": "other", "text": "Bonjour", "sure": "2"},
    "open.rate": {"stars": "4", "comment": "le secret de Claire"},
    "client.rate_handling": {"stars": "4", "comment": "le secret de Claire"},
    "client.rate_visit": {"stars": "4", "comment": "le secret de Claire"},
    "client.choose_requests": {"wanted": "no"},
    "staff.note_choice": {"wanted": "no"},
    "client.choose_visit_notices": {"wanted": "no"},
    "staff.note_visit_notices": {"wanted": "no"},
    "staff.ask_again": {"version": "0"},
    "staff.decide_contest": {"accepted": "no", "reason": "Planning vérifié"},
    "worker.answer_own_rating": {"kind": "reply", "text": "Merci", "version": "1"},
    "staff.show_to_worker": {"version": "1"},
    "staff.reply_to_rating": {"text": "Merci de nous l’avoir dit."},
    "staff.exclude_rating": {"reason": "Mauvaise personne", "version": "1"},
    "staff.rate_visit": {"stars": "4", "how": "paper", "day": "2026-11-17", "hour": "10:00"},
    "staff.cancel_visit": {"reason": "Absence"},
    "staff.create_visit": {"service": "1", "worker": "1", "day": "2026-12-01", "hour": "06:00"},
    "staff.move_visit": {
        "version": "1", "worker": "1", "day": "2026-12-01", "hour": "06:00", "minutes": "60", "scope": "one",
    },
    "staff.change_tasks": {"version": "1", "tasks": "Courses"},
    "staff.keep_incidents_filter": {"name": "Les urgents", "query": "urgency=urgent"},
    "staff.export_incidents": {"format": "csv", "query": MONTH},
    "staff.change_incident_state": {"version": "1", "state": "closed", "outcome": "settled"},
    "staff.change_follow_up": {"version": "1", "urgency": "high", "owner_id": "1", "due_on": "2026-12-01"},
    "staff.add_reason": {"label_fr": "Porte close", "phase": "start", "urgency": "normal"},
    "staff.change_reason": {"label_fr": "Porte close", "phase": "start", "urgency": "high", "version": "1"},
    "staff.move_reason": {"deed": "up"},
}  # fmt: skip
# what has to be made first; each returns what the address says besides
MADE: dict[str, Callable[[Talks], dict[str, Any]]] = {
    "open.rate": partial(Talks.mailed_link, purpose="rate"),
    "open.unsubscribe": partial(Talks.mailed_link, purpose="unsubscribe"),
    "client.show_rating": Talks.rated_visit,
    "worker.list_own_ratings": Talks.workers_see,
    "worker.answer_own_rating": Talks.commented_rating,
    "staff.show_to_worker": Talks.commented_rating,
    "staff.hide_from_worker": Talks.commented_rating,
    "staff.list_contested": Talks.workers_see,
    "client.choose_visit_notices": Talks.notices_sent,
    "staff.note_visit_notices": Talks.notices_sent,
    "staff.decide_contest": Talks.contest,
    **{
        f"{portal}.{page}": Talks.thread
        for portal in PORTALS
        for page in ("show_thread", "write_message", "poll_thread", "mark_thread_read")
    },
    **{
        f"{portal}.{page}": partial(Talks.said, person=person)
        for portal, person in {"client": "claire", "worker": "wassim", "staff": "sofia"}.items()
        for page in ("correct_message", "show_attachment", "show_thumbnail")
    },
    "staff.withdraw_message": partial(Talks.said, person="claire"),
    "staff.archive_thread": Talks.thread,
    "staff.publish_thread": Talks.thread,
    "staff.show_group": Talks.group,
    "staff.mark_unread": Talks.thread,
    "client.rate_handling": Talks.handled_incident,
    "staff.show_incident": Talks.incident,
    "staff.change_incident_state": Talks.incident,
    "staff.change_follow_up": Talks.incident,
    "staff.complain_of_rating": Talks.low_rating,
    "staff.look_at_rating": Talks.low_rating,
    "staff.note_call": Talks.wished_call,
    "staff.look_at_handling": Talks.badly_handled_incident,
    "staff.ask_again": Talks.rated_visit,
    "staff.reply_to_rating": Talks.low_rating,
    "staff.exclude_rating": Talks.low_rating,
    "staff.include_rating": Talks.excluded_rating,
    "staff.show_message": Talks.message,
    "staff.preview_message": Talks.message,
    "staff.send_again": Talks.message,
    "staff.cancel_message": Talks.waiting_message,
    "staff.change_reason": Talks.reason,
    "staff.move_reason": Talks.reason,
    "staff.copy_reasons": Talks.other_reason,
    **{f"{portal}.declare_incident": Talks.reportable for portal in PORTALS},
}
# what is posted besides, known only once there is something; a file can be sent once
WRITTEN: dict[str, Callable[[Talks], dict[str, Any]]] = {
    "staff.open_thread": lambda things: {"topic": "other", "text": "Bonjour", "people": things.agency.claire.key},
    **{f"{portal}.declare_incident": lambda things: {"reason": f"end:{things.reason_id}", "text": "le secret de Claire"}
       for portal in PORTALS},
    "staff.copy_reasons": lambda things: {"reasons": str(things.reason_id)},
}  # fmt: skip
