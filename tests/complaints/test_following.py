"""What staff do with a complaint, when it is late, and that its note and it end together."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.complaints import following
from portal.complaints.from_rating import complaint_of_rating
from portal.complaints.lists import as_row, rows
from portal.complaints.models import Complaint
from portal.complaints.queries import visible_complaints
from portal.complaints.standing import LATE, NEAR, STATE, State, is_late
from portal.errors import Refused
from portal.extensions import db
from portal.notes.actions import end_note, reopen_note
from portal.notes.models import Note
from tests import factories
from tests.conftest import Database
from tests.factories import NOON, Agency


def note_of(complaint: Complaint) -> Note:
    return db.session.get_one(Note, complaint.note_id)


def kinds(database: Database) -> list[str]:
    deeds = select(AuditEntry.kind).where(AuditEntry.subject_type == "complaint").order_by(AuditEntry.id)
    return list(database.all(deeds))


def test_a_complaint_goes_its_way_and_its_state_follows(agency: Agency, database: Database) -> None:
    with database.writing():
        sofia = agency.sofia.user
        made = factories.complaint(agency.claire, about=agency.wassim.id)
        assert following.state_now(made) == State.RECEIVED
        following.acknowledge(sofia, made, made.version)
        assert following.state_now(made) == State.ACKNOWLEDGED
        following.announce_delay(sofia, made, made.version)
        assert (following.state_now(made), made.answer_by) == (State.PROGRESS, date(2026, 12, 17))
        following.answer(sofia, made, "Nous regrettons.", made.version)
        assert following.state_now(made) == State.ANSWERED
        following.resolve(sofia, made, "accepted", made.version)
        assert following.state_now(made) == State.CLOSED
        assert note_of(made).done_by == "Sofia Benali"
        following.reopen(sofia, made, "Il en manque une partie.", made.version)
        assert (following.state_now(made), made.outcome, made.answer_by) == (State.REOPENED, None, date(2026, 12, 2))
        assert made.reopened_why == "Il en manque une partie."
        assert note_of(made).done_at is None
        following.answer(sofia, made, "Voici le reste.", made.version)
        assert made.answer is not None
        assert made.answer.startswith("Nous regrettons.") and made.answer.endswith("Voici le reste.")
    assert kinds(database) == ["complaint.filed", "complaint.acknowledged", "complaint.waiting", "complaint.answered",
                               "complaint.resolved", "complaint.reopened", "complaint.answered"]  # fmt: skip


def test_finishing_its_note_closes_a_complaint_and_taking_it_up_again_opens_it(
    agency: Agency, database: Database
) -> None:
    with database.writing():
        made = factories.complaint(agency.wassim, about=agency.claire.id)
        end_note(agency.sofia.user, note_of(made))
        assert following.state_now(made) == State.CLOSED
        following.resolve(agency.sofia.user, made, "unfounded", made.version)  # how it ended is said afterwards
        assert made.outcome == "unfounded"
        reopen_note(agency.sofia.user, note_of(made))
        assert (following.state_now(made), made.outcome) == (State.REOPENED, None)
    assert "complaint.resolved" in kinds(database)


def refused(deed: Callable[..., object], *arguments: object) -> str:
    with pytest.raises(Refused) as refusal:
        deed(*arguments)
    return refusal.value.code


def test_what_does_not_follow_is_refused_and_who_comes_second_is_told(agency: Agency, database: Database) -> None:
    with database.writing():
        sofia = agency.sofia.user
        made = factories.complaint(agency.claire)
        shown = made.version
        assert refused(following.reopen, sofia, made, "Si.", shown) == "done"
        assert refused(following.answer, sofia, made, "", shown) == "text"
        following.acknowledge(sofia, made, shown)
        assert refused(following.answer, sofia, made, "Deux réponses ?", shown) == "stale"
        assert refused(following.acknowledge, sofia, made, made.version) == "done"
        following.answer(sofia, made, "Voilà.", made.version)
        assert refused(following.announce_delay, sofia, made, made.version) == "done"
        assert refused(following.answer, sofia, made, "Encore.", made.version) == "done"
        assert refused(following.reopen, sofia, made, "", made.version) == "why"
        following.resolve(sofia, made, "accepted", made.version)
        assert refused(following.acknowledge, sofia, made, made.version) == "done"


def test_giving_it_to_somebody_else_makes_the_open_page_late(agency: Agency, database: Database) -> None:
    with database.writing():
        made = factories.complaint(agency.claire)
        shown = made.version
        change = following.Change(made.subject, made.channel, agency.ines.id)
        following.change(agency.sofia.user, made, change, shown)
        assert note_of(made).owner_id == agency.ines.id
        assert refused(following.acknowledge, agency.sofia.user, made, shown) == "stale"
        wrong = following.Change(made.subject, made.channel, agency.igor.id)
        assert refused(following.change, agency.sofia.user, made, wrong, made.version) == "owner_id"


@pytest.mark.parametrize("days", [0, 1, 4, 15, 40])
@pytest.mark.parametrize("deed", ["nothing", "acknowledge", "wait", "answer", "resolve", "reopen"])
def test_the_database_says_the_same_of_state_and_delay_as_the_rules(
    agency: Agency, database: Database, days: int, deed: str
) -> None:
    with database.writing():
        sofia = agency.sofia.user
        received = NOON - timedelta(days=days)
        made = factories.complaint(agency.sofia, client=agency.claire.id, channel="phone", received_at=received)
        if deed == "acknowledge":
            following.acknowledge(sofia, made, made.version)
        if deed == "wait":
            following.announce_delay(sofia, made, made.version)
        if deed in ("answer", "reopen"):
            following.answer(sofia, made, "Voilà.", made.version)
        if deed == "resolve":
            following.resolve(sofia, made, "no_action", made.version)
        if deed == "reopen":
            following.reopen(sofia, made, "Si.", made.version)
        chosen = rows(visible_complaints(sofia)).add_columns(
            STATE.label("state"), LATE.label("late"), NEAR.label("near")
        )
        row = db.session.execute(chosen).one()
        state = following.state_now(made)
        assert (row.state, bool(row.late)) == (state.value, is_late(made, state))
        assert (as_row(row).state, as_row(row).late) == (state, is_late(made, state))
        assert not row.late or row.near


def test_a_low_rating_is_a_complaint_once(agency: Agency, database: Database) -> None:
    with database.writing():
        rating = factories.rate(agency.claire, agency.claires_done, 1, "Vaisselle oubliée.")
        made = complaint_of_rating(agency.sofia.user, rating)
        assert complaint_of_rating(agency.ines.user, rating) is made
        said = made.direction, made.worker_id, made.client_id, made.visit_id, made.text, made.channel
        assert said == ("client_worker", agency.wassim.id, agency.claire.id, agency.claires_done, "Vaisselle oubliée.",
                        "rating")  # fmt: skip


def test_a_rating_that_is_not_low_is_no_complaint(agency: Agency, database: Database) -> None:
    with database.writing():
        rating = factories.rate(agency.claire, agency.claires_done, 4)
        assert refused(complaint_of_rating, agency.sofia.user, rating) == "stars"
