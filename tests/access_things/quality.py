"""What asks for more than an answer: notes, complaints, adverse events."""

import io
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from werkzeug.datastructures import FileStorage

from portal.adverse_events.action_plan import move_action
from portal.adverse_events.closing import close_event
from portal.adverse_events.draft_files import attach
from portal.adverse_events.follow_models import Action, ActionState
from portal.adverse_events.models import AdverseEvent, EventDraft
from portal.adverse_events.telling import add_line
from portal.adverse_events.triage import REJECTED, Estimate, Judgement, judge
from portal.complaints.following import answer
from portal.complaints.models import Complaint
from portal.extensions import db
from portal.files.actions import keep
from portal.organisation.lists import entry_of_code
from portal.organisation.models import ListName
from portal.settings.actions import set_option
from tests import factories
from tests.access_things.story import MONTH, Story
from tests.adverse_events import drafts
from tests.adverse_events.follow_stories import action, followed
from tests.adverse_events.stories import confided, drafted, first_screen, stored

COMPLAINT = {"subject_id": "33", "text": "le secret de Claire"}
STAFF_COMPLAINT = {**COMPLAINT, "channel": "phone", "received_on": "2026-11-16", "owner_id": ""}


class Quality(Story):
    """What came of it at the agency."""

    def note(self) -> dict[str, Any]:
        """Sofia has one about Claire in hand."""
        return {"note_id": factories.note(self.agency.sofia, client_id=self.agency.claire.id).id}

    def complaint(self, person: str = "claire") -> dict[str, Any]:
        """Claire complains of Wassim, or he of her."""
        about = {"claire": self.agency.wassim.id, "wassim": self.agency.claire.id}[person]
        made = factories.complaint(getattr(self.agency, person), "le secret de Claire", about=about)
        return {"complaint_id": made.id}

    def answered_complaint(self) -> dict[str, Any]:
        made = db.session.get_one(Complaint, self.complaint()["complaint_id"])
        answer(self.agency.sofia.user, made, "le secret de Claire", made.version)
        return {"complaint_id": made.id}

    def event(self) -> dict[str, Any]:
        """Something happened at Claire's; nobody has looked at it yet."""
        return {"event_id": stored(self.agency).id}

    def event_with_file(self) -> dict[str, Any]:
        made = stored(self.agency)
        photo = FileStorage(io.BytesIO(factories.picture()), "photo.png")
        made.files = keep(self.agency.sofia.user, [photo])
        return {"event_id": made.id, "token": made.files[0].public_id}

    def event_draft(self) -> dict[str, Any]:
        """Sofia writes about Claire, with a photo."""
        draft = drafts.with_file(self.agency)
        return {"token": draft.token, "file_id": draft.files[0].id}

    def complete_draft(self) -> dict[str, Any]:
        """The same, ready to be sent."""
        return {"token": drafts.complete(self.agency).token}

    def event_to_complete(self) -> dict[str, Any]:
        self.category_id = entry_of_code(ListName.EVENT, "D01").id
        return self.event()

    def rejected_event(self) -> dict[str, Any]:
        """Somebody has found it not admissible."""
        made = stored(self.agency)
        judge(self.agency.ines.user, made, Judgement(REJECTED, 1, 1, Estimate(None), why="Un doublon."), made.version)
        return {"event_id": made.id}

    def told_event(self) -> dict[str, Any]:
        """An authority may have to be told of it."""
        made = stored(self.agency)
        line = add_line(self.agency.sofia.user, made, "R-JUST")
        return {"event_id": made.id, "route_id": line.id}

    def confided_event(self) -> dict[str, Any]:
        """The same, said in confidence."""
        return {"event_id": confided(self.agency, self.agency.wassim).id}

    def opened_event(self) -> dict[str, Any]:
        """The same, opened to Wassim, who is concerned."""
        return {"event_id": stored(self.agency, opened_at=factories.NOON).id}

    def short_reports(self) -> dict[str, Any]:
        """The agency lets people report on their portals."""
        set_option(None, "adverse_events.portal", "on")
        self.typed = first_screen(self.agency)
        return {}

    def draft_of(self, person: str) -> dict[str, Any]:
        """Somebody has begun to."""
        self.short_reports()
        return {"draft_id": drafted(self.agency, getattr(self.agency, person)).id}

    def draft_with_file_of(self, person: str) -> dict[str, Any]:
        """The same, with a photo."""
        draft = db.session.get_one(EventDraft, self.draft_of(person)["draft_id"])
        photo = FileStorage(io.BytesIO(factories.picture()), "photo.png")
        attach(getattr(self.agency, person).user, draft, [photo])
        return {"draft_id": draft.id, "file_id": draft.files[0].id}

    def judged_event(self) -> dict[str, Any]:
        """A slight one, of which who reported it was told."""
        light = {"severity": 1, "potential": 1, "told_how": "phone"}
        return {"event_id": followed(self.agency, **light).id}

    def closed_event(self) -> dict[str, Any]:
        made = db.session.get_one(AdverseEvent, self.judged_event()["event_id"])
        close_event(self.agency.ines.user, made, "Les mesures tiennent.", None, made.version)
        return {"event_id": made.id}

    def event_action(self) -> dict[str, Any]:
        """Sofia has it in hand."""
        return {"action_id": action(self.agency, followed(self.agency), date(2026, 12, 1)).id}

    def done_action(self) -> dict[str, Any]:
        made = db.session.get_one(Action, self.event_action()["action_id"])
        move_action(self.agency.sofia.user, made, ActionState.DONE, made.version)
        return {"action_id": made.id}


# what is posted
BODIES: dict[str, dict[str, str]] = {
    **{f"staff.{deed}_note": {"title": "Rappeler", "version": "1", "repeats": "never", "priority": "normal",
                              "situation": "todo"} for deed in ("write", "change")},
    "staff.move_note": {"situation": "done"},
    **{f"{portal}.send_report": {"gravity": "light", "mode": "named"} for portal in ("client", "worker")},
    **{f"{portal}.follow_report": {"code": "AAAA-AAAA-AAAA-AAAA"} for portal in ("client", "worker", "staff")},
    "worker.show_opened_event": {"word": "Le sol était mouillé."},
    **{f"staff.{page}": {"facts": "le secret de Claire", "seen": "1"} for page in ("fill_event", "keep_event")},
    "staff.keep_notes_filter": {"name": "Les miennes", "query": "situation=waiting"},
    "staff.export_notes": {"format": "csv", "query": MONTH},
    "staff.keep_complaints_filter": {"name": "En retard", "query": "overdue=yes"},
    "staff.export_complaints": {"format": "csv", "query": MONTH},
    **{f"staff.{deed}": {"version": "2"} for deed in ("acknowledge_complaint", "announce_delay")},
    "staff.answer_complaint": {"version": "2", "text": "Nous regrettons."},
    "staff.resolve_complaint": {"version": "2", "outcome": "accepted"},
    "staff.reopen_complaint": {"version": "3", "why": "Il manque quelque chose."},
    "staff.change_complaint": {"version": "2", "subject_id": "33", "channel": "portal", "owner_id": ""},
    "staff.keep_adverse_events_filter": {"name": "Les graves", "query": "severity=4"},
    "staff.export_adverse_events": {"format": "csv", "query": MONTH},
    "staff.prepare_event": {"version": "1", "frequency": "2", "continuity": ""},
    "staff.judge_event": {"version": "1", "kind": "event", "severity": "2", "potential": "2", "frequency": "2",
                          "continuity": "", "legal_id": "", "direction": "client_agency", "subject": ""},
    "staff.take_back_judgement": {"version": "3", "why": "Une erreur."},
    "staff.add_authority": {"route": "R-JUST"},
    "staff.change_authority": {"version": "1", "state": "not_required", "why": "Sans suite."},
    "staff.keep_event_actions_filter": {"name": "Les miennes", "query": "state=open"},
    "staff.export_event_actions": {"format": "csv", "query": "period=this_year"},
    "staff.write_analysis": {"version": "0", "method": "five_whys", "planned": "Se lever avec une aide"},
    "staff.add_event_action": {
        "kind": "corrective", "text": "Poser une barre", "owner_id": "1", "due_on": "2026-12-01",
    },
    "staff.change_event_action": {
        "version": "1", "kind": "curative", "text": "Poser un tapis", "owner_id": "1", "due_on": "2026-12-01",
    },
    "staff.move_event_action": {"version": "1", "state": "progress"},
    "staff.check_event_action": {"version": "2", "effective": "yes"},
    "staff.tell_about_event": {"version": "2", "how": "phone", "day": "2026-11-17", "hour": "11:30"},
    "staff.open_event_to_worker": {"version": "2", "opened": "yes"},
    "staff.mark_event_dealt_with": {"version": "2"},
    "staff.close_adverse_event": {"version": "2", "why": "Les mesures tiennent."},
    "staff.reopen_adverse_event": {"version": "3", "why": "Une autre chute."},
}  # fmt: skip
# what has to be made first; each returns what the address says besides
MADE: dict[str, Callable[[Quality], dict[str, Any]]] = {
    **dict.fromkeys(
        (
            "staff.fill_event",
            "staff.keep_event",
            "staff.delete_event_draft",
            "staff.show_draft_file",
            "staff.remove_draft_file",
        ),
        Quality.event_draft,
    ),
    "staff.send_event": Quality.complete_draft,
    **{f"staff.{page}_note": Quality.note for page in ("show", "change", "move")},
    "client.show_complaint": Quality.complaint,
    "worker.show_complaint": partial(Quality.complaint, person="wassim"),
    **{
        f"staff.{page}": Quality.complaint
        for page in (
            "show_complaint",
            "acknowledge_complaint",
            "announce_delay",
            "answer_complaint",
            "resolve_complaint",
            "change_complaint",
        )
    },
    "staff.reopen_complaint": Quality.answered_complaint,
    "staff.show_event": Quality.event,
    "staff.download_event_paper": Quality.event,
    "staff.download_anonymous_paper": Quality.event,
    "staff.show_event_file": Quality.event_with_file,
    "staff.acknowledge_event": Quality.event,
    "staff.prepare_event": Quality.event,
    "staff.edit_event": Quality.event_to_complete,
    "staff.judge_event": Quality.event,
    "staff.take_back_judgement": Quality.rejected_event,
    "staff.add_authority": Quality.event,
    "staff.change_authority": Quality.told_event,
    "staff.show_reporter": Quality.confided_event,
    "staff.list_event_readings": Quality.event,
    "staff.list_former_wordings": Quality.event,
    "worker.show_opened_event": Quality.opened_event,
    **{f"{portal}.begin_report": Quality.short_reports for portal in ("client", "worker")},
    **{
        f"{portal}.{page}": partial(Quality.draft_of, person=person)
        for portal, person in {"client": "claire", "worker": "wassim"}.items()
        for page in ("resume_report", "send_report", "discard_report")
    },
    **{
        f"{portal}.{page}": partial(Quality.draft_with_file_of, person=person)
        for portal, person in {"client": "claire", "worker": "wassim"}.items()
        for page in ("show_draft_file", "remove_draft_file")
    },
    **{
        f"staff.{page}": Quality.judged_event
        for page in (
            "write_analysis",
            "add_event_action",
            "open_event_to_worker",
            "mark_event_dealt_with",
            "close_adverse_event",
            "tell_about_event",
        )
    },
    "staff.reopen_adverse_event": Quality.closed_event,
    "staff.change_event_action": Quality.event_action,
    "staff.move_event_action": Quality.event_action,
    "staff.check_event_action": Quality.done_action,
}
# what is posted besides, known only once there is something; a file can be sent once
WRITTEN: dict[str, Callable[[Quality], dict[str, Any]]] = {
    "staff.begin_event": lambda things: {"client_id": things.agency.claire.id},
    **{f"{portal}.{page}": lambda things: things.typed
       for portal in ("client", "worker") for page in ("begin_report", "resume_report")},
    "client.file_own_complaint": lambda _things: {**COMPLAINT, "about": "agency"},
    "worker.file_own_complaint": lambda things: {**COMPLAINT, "about": str(things.agency.claire.id)},
    "staff.file_client_complaint": lambda things: {**STAFF_COMPLAINT, "about": str(things.agency.wassim.id)},
    "staff.file_worker_complaint": lambda things: {**STAFF_COMPLAINT, "about": str(things.agency.claire.id)},
    "staff.file_partner_complaint": lambda things: {
        **STAFF_COMPLAINT, "partner": "Le voisin", "sector_id": str(things.agency.north),
    },
    "staff.edit_event": lambda things: {
        "version": "1", "discovered_at": "2026-11-17", "discovered_hour": "10:00", "place": "home", "nature": "hazard",
        "categories": str(things.category_id), "worker_id": "", "supervisor_id": "", "facts": "le secret",
    },
}  # fmt: skip
