"""What a report writes: an event with a number of its own, its note, and of who reported it what they allow."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.adverse_events.models import AdverseEvent, Mode, Reporter, State
from portal.adverse_events.moments import refuse_times
from portal.adverse_events.queries import own_reports, visible_events
from portal.adverse_events.report import Person, Told
from portal.adverse_events.reporting import code_of, declare_event, hash_of_code, kept_token
from portal.audit.models import AuditEntry
from portal.errors import Refused
from portal.extensions import db
from portal.incidents.models import Incident
from portal.incidents.models import State as IncidentState
from portal.links import new_public_id
from portal.notes.actions import move
from portal.notes.models import Note, Situation
from portal.people.models import Client, Staff
from portal.visits.models import Visit
from tests import factories
from tests.conftest import Database
from tests.factories import NOON, Agency


def test_an_event_gets_its_number_its_sector_and_a_note_that_is_linked_both_ways(
    agency: Agency, database: Database
) -> None:
    with database.writing():
        event = factories.adverse_event(agency.sofia, agency.claire, worker_id=agency.wassim.id)
        note = event.note
        assert (event.reference, event.sector_id, event.state) == ("EI-2026-0001", agency.north, "reported")
        assert note, "no note follows it"
        assert (note.origin, note.origin_id, note.client_id, note.worker_id) == (
            "adverse_event", event.id, agency.claire.id, agency.wassim.id)  # fmt: skip
        assert (note.owner_id, note.priority) == (agency.sofia.id, "normal")
        assert note.remind_at
        assert timedelta(hours=24) <= note.remind_at - NOON < timedelta(hours=25)
        assert "tombée" not in note.title + note.text
        grave = factories.adverse_event(agency.sofia, agency.claire, severity=4)
        assert grave.reference == "EI-2026-0002"
        assert grave.note
        assert (grave.note.priority, grave.note.alert) == ("urgent", True)
        assert grave.note.remind_at
        assert timedelta(hours=2) <= grave.note.remind_at - NOON < timedelta(hours=3)


def test_the_same_report_sent_twice_is_one_event(agency: Agency, database: Database) -> None:
    with database.writing():
        report = factories.event_report(agency.claire.id, mode=Mode.ANONYMOUS)
        first, again = (declare_event(agency.sofia.user, report) for _each in range(2))
        assert first.event is again.event
        assert first.code == again.code == code_of(report.token)
        assert db.session.scalar(select(func.count(AdverseEvent.id))) == 1


def test_of_two_reports_at_once_the_second_takes_the_number_after(
    agency: Agency, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number that was free when it was asked for is taken when it is written."""
    with database.writing():
        factories.adverse_event(agency.sofia, agency.claire)
        ask, scalar = "max(adverse_event.number)", db.session.scalar
        seen: list[int] = []

        def late(statement: object, *rest: object, **more: object) -> object:
            found = scalar(statement, *rest, **more)  # ty: ignore[no-matching-overload]
            if ask in str(statement):
                seen.append(found)
                return 0 if len(seen) == 1 else found
            return found

        monkeypatch.setattr(db.session, "scalar", late)
        assert factories.adverse_event(agency.sofia, agency.claire).reference == "EI-2026-0002"
        assert seen == [1, 1]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "discovered tomorrow": ({"discovered_at": NOON + timedelta(days=1)}, "discovered_at"),
    "happened in the future": ({"occurred_at": NOON + timedelta(minutes=1), "discovered_at": NOON}, "occurred_at"),
    "discovered before it happened": ({"occurred_at": NOON - timedelta(minutes=30)}, "discovered_at"),
    "ends before it begins": ({"occurred_at": NOON - timedelta(hours=3), "occurred_until": NOON - timedelta(hours=4)},
                              "occurred_until"),
    "an end without a beginning": ({"occurred_until": NOON - timedelta(hours=4)}, "occurred_at"),
    "no facts": ({"facts": ""}, "facts"),
    "too much of them": ({"facts": "a" * 5001}, "facts"),
    "no category": ({"categories": []}, "categories"),
    "an unknown place": ({"place": "the moon"}, "place"),
    "a severity of six": ({"severity": 6}, "severity"),
    "it could not have been what it was": ({"severity": 3, "potential": 2}, "potential"),
    "nothing and something": ({"consequences": ["none", "death"]}, "consequences"),
    "the family told without a word on it": ({"informed": [Told("family", NOON)]}, "informed"),
    "told tomorrow": ({"informed": [Told("client", NOON + timedelta(days=1))]}, "informed"),
    "told before it happened": ({"occurred_at": NOON - timedelta(hours=2),
                                 "informed": [Told("client", NOON - timedelta(hours=3))]}, "informed"),
    "somebody nameless in whose place it is typed": ({"typed_for": True}, "name"),
}  # fmt: skip


@pytest.mark.parametrize("why", REFUSED)
def test_what_cannot_be_is_refused_at_its_field(why: str, agency: Agency, database: Database) -> None:
    more, code = REFUSED[why]
    with database.writing(), pytest.raises(Refused) as refusal:
        declare_event(agency.sofia.user, factories.event_report(agency.claire.id, **more))
    assert refusal.value.code == code
    assert str(refusal.value.message).endswith((".", "”."))


moments = st.integers(-2000, 60).map(lambda minutes: NOON + timedelta(minutes=minutes))


@given(discovered=moments, occurred=st.none() | moments, until=st.none() | moments)
def test_moments_are_taken_exactly_when_they_can_have_been(discovered, occurred, until) -> None:
    in_order = [one for one in (occurred, until) if one is not None]
    possible = (
        max(discovered, *in_order, discovered) <= NOON
        and (occurred is None or occurred <= discovered)
        and (until is None or (occurred is not None and occurred <= until))
    )
    with clock.at(NOON):
        try:
            refuse_times(discovered, occurred, until)
        except Refused:
            assert not possible
        else:
            assert possible


def test_other_needs_words(agency: Agency, database: Database) -> None:
    with database.writing():
        with pytest.raises(Refused) as refusal:
            factories.adverse_event(agency.sofia, agency.claire, "D99")
        assert refusal.value.code == "other_category"
        assert factories.adverse_event(agency.sofia, agency.claire, "D99", other_category="Ascenseur").id


def test_a_worker_of_another_client_is_refused(agency: Agency, database: Database) -> None:
    with database.writing(), pytest.raises(Refused) as refusal:
        factories.adverse_event(agency.ines, agency.claire, worker_id=agency.jean.id)
    assert refusal.value.code == "worker_id"


def test_nothing_is_reported_on_a_closed_record_or_by_somebody_of_another_sector(
    agency: Agency, database: Database
) -> None:
    with database.writing():
        with pytest.raises(Refused) as refusal:
            factories.adverse_event(agency.igor, agency.claire)
        assert refusal.value.code == "client_id"
        db.session.get_one(Client, agency.claire.id).active = False
        with pytest.raises(Refused) as refusal:
            factories.adverse_event(agency.sofia, agency.claire)
        assert "Claire Lefèvre" in str(refusal.value.message)


def test_a_visit_of_another_client_is_refused(agency: Agency, database: Database) -> None:
    with database.writing(), pytest.raises(Refused) as refusal:
        factories.adverse_event(agency.sofia, agency.claire, visit_id=agency.denis_done)
    assert refusal.value.code == "visit_id"


@pytest.mark.parametrize(("happened", "begins", "linked"), [
    ((2026, 11, 16, 8, 30), (2026, 11, 16, 9, 0), True),  # found on arriving
    ((2026, 11, 16, 0, 30), (2026, 11, 16, 22, 59), True),  # the same day: it could not take place
    ((2026, 11, 15, 22, 59), (2026, 11, 15, 23, 0), True),  # 23:59 in Paris, found before a visit at midnight
    ((2026, 11, 15, 21, 59), (2026, 11, 15, 23, 0), False),
    ((2026, 11, 15, 9, 0), (2026, 11, 16, 8, 0), False),
])  # fmt: skip
def test_a_visit_of_a_later_day_is_not_that_of_the_event(
    happened: tuple, begins: tuple, linked: bool, agency: Agency, database: Database
) -> None:
    with database.writing():
        visit = db.session.get_one(Visit, agency.claires_done)
        visit.starts_at = datetime(*begins, tzinfo=UTC)
        visit.ends_at = visit.starts_at + timedelta(hours=1)
        moment = datetime(*happened, tzinfo=UTC)
        report = factories.event_report(agency.claire.id, visit_id=visit.id, discovered_at=moment)
        if linked:
            assert declare_event(agency.sofia.user, report).event.visit_id == visit.id
            return
        with pytest.raises(Refused, match="visit_id"):
            declare_event(agency.sofia.user, report)
        until = visit.starts_at
        lasting: dict[str, Any] = {"occurred_at": moment, "occurred_until": until, "discovered_at": until}
        report = factories.event_report(agency.claire.id, visit_id=visit.id, **lasting)
        assert declare_event(agency.sofia.user, report).event.visit_id == visit.id


def test_an_event_without_a_client_belongs_to_a_sector_of_who_reports_it(agency: Agency, database: Database) -> None:
    with database.writing():
        lost = factories.event_report(None, "D17", sector_id=agency.north, worker_id=agency.wassim.id)
        assert declare_event(agency.sofia.user, lost).event.sector_id == agency.north
        with pytest.raises(Refused):
            declare_event(agency.igor.user, factories.event_report(None, sector_id=agency.north))


# ---- who sees it ----


def test_staff_see_the_events_of_their_sectors_and_nobody_sees_any_on_a_portal(
    agency: Agency, database: Database
) -> None:
    with database.writing():
        made = factories.adverse_event(agency.wassim, agency.claire, worker_id=agency.wassim.id)
        sees = {
            who: [one.id for one in db.session.scalars(visible_events(getattr(agency, who).user))]
            for who in ("sofia", "igor", "ines", "ada", "claire", "paul", "wassim", "jean")
        }
        assert sees == {who: [made.id] if who in ("sofia", "ines", "ada") else [] for who in sees}


@pytest.mark.parametrize("mode", Mode)
def test_who_reported_it_stands_nowhere_but_where_they_allow_it(mode: Mode, agency: Agency, database: Database) -> None:
    """Every row of the whole database is read for whoever reported it in confidence, or not at all."""
    with database.writing():
        before = _everything()
        event = factories.adverse_event(agency.wassim, agency.claire, mode=mode, phone="06 12 34 56 78")
        rows = _everything() - before
        own = [one.id for one in db.session.scalars(own_reports(agency.wassim.user))]
        assert own == ([] if mode == Mode.ANONYMOUS else [event.id])
        telling = {table for table, row in rows if _tells(row, agency.wassim)}
        expected = {Mode.NAMED: {"adverse_event_reporter", "audit_entry"},
                    Mode.CONFIDENTIAL: {"adverse_event_reporter"}, Mode.ANONYMOUS: set()}  # fmt: skip
        assert telling == expected[mode]
        entries = db.session.scalars(select(AuditEntry).where(AuditEntry.subject_type.in_(("adverse_event", "note"))))
        actors = {(one.kind, one.account_id) for one in entries if one.kind == "event.reported"}
        assert actors == {("event.reported", agency.wassim.account_id if mode == Mode.NAMED else None)}


def _everything() -> set[tuple[str, str]]:
    return {
        (table.name, json.dumps({key: str(cell) for key, cell in row.items()}, ensure_ascii=False))
        for table in db.metadata.sorted_tables
        for row in db.session.execute(select(table)).mappings()
    }


def _tells(row: str, person: factories.Persona) -> bool:
    cells = json.loads(row)
    named = any(word in cell for cell in cells.values() for word in (person.name.split()[-1], "06 12 34 56 78"))
    return named or cells.get("account_id") == str(person.account_id)


def test_the_code_of_an_anonymous_report_opens_it_however_it_is_typed(agency: Agency, database: Database) -> None:
    with database.writing():
        report = factories.event_report(agency.claire.id, mode=Mode.ANONYMOUS)
        made = declare_event(agency.wassim.user, report)
        assert made.code
        assert hash_of_code(made.code.lower().replace("-", " ")) == made.event.code_hash
        kept = {made.event.token, made.event.code_hash}
        assert not kept & {report.token, made.code}
        assert made.event.token == kept_token(report.token)
        assert made.event.capacity == "other", "in a small sector there is but one supervisor"


def test_staff_type_it_for_somebody(agency: Agency, database: Database) -> None:
    with database.writing():
        event = factories.adverse_event(agency.sofia, agency.claire, typed_for=True, name="Mme Petit, infirmière")
        kept = db.session.get_one(Reporter, event.id)
        assert (kept.name, kept.person_type, kept.typed_id) == ("Mme Petit, infirmière", None, agency.sofia.id)


# ---- requalified, alone, together ----


def test_an_incident_that_is_requalified_is_closed_and_knows_what_it_became(agency: Agency, database: Database) -> None:
    with database.writing():
        incident = factories.incident(agency.claire, agency.claires_past)
        event = factories.adverse_event(agency.sofia, agency.claire, incident_id=incident.id)
        db.session.refresh(incident)
        assert event.incident is incident
        assert (incident.state, incident.outcome) == (IncidentState.CLOSED, "other")
        assert event.reference in (incident.outcome_note or "")
        with pytest.raises(Refused) as refusal:
            factories.adverse_event(agency.sofia, agency.claire, incident_id=incident.id)
        assert refusal.value.code == "incident_id"


@pytest.mark.parametrize("mode", [Mode.CONFIDENTIAL, Mode.ANONYMOUS])
def test_a_requalified_incident_has_a_name(mode: Mode, agency: Agency, database: Database) -> None:
    with database.writing():
        incident = factories.incident(agency.claire, agency.claires_past)
        with pytest.raises(Refused) as refusal:
            factories.adverse_event(agency.sofia, agency.claire, incident_id=incident.id, mode=mode)
        assert refusal.value.code == "mode"
        assert db.session.get_one(Incident, incident.id).state == IncidentState.OPEN


def test_the_note_goes_to_the_supervisor_only_if_they_may_read_the_event(agency: Agency, database: Database) -> None:
    with database.writing():
        elsewhere = factories.adverse_event(agency.sofia, agency.claire, supervisor_id=agency.igor.id)
        assert elsewhere.note
        assert elsewhere.note.owner_id == agency.sofia.id
        quality = factories.adverse_event(agency.sofia, agency.claire, supervisor_id=agency.ines.id)
        assert quality.note
        assert quality.note.owner_id == agency.ines.id
        db.session.get_one(Staff, agency.ines.id).active = False
        with pytest.raises(Refused) as refusal:
            factories.adverse_event(agency.sofia, agency.claire, supervisor_id=agency.ines.id)
        assert refusal.value.code == "supervisor_id"


def test_people_and_those_who_were_told_are_kept(agency: Agency, database: Database) -> None:
    with database.writing():
        told = Told("family", NOON - timedelta(minutes=5), "Sofia", "téléphone", "yes")
        event = factories.adverse_event(agency.sofia, agency.claire, people=[Person("relative", "Paul")],
                                        informed=[told], token=new_public_id())  # fmt: skip
        assert [(one.role, one.name) for one in event.people] == [("relative", "Paul")]
        assert [(one.who, one.agreed) for one in event.informed] == [("family", "yes")]


def test_a_number_is_of_one_event(agency: Agency, database: Database) -> None:
    with pytest.raises(IntegrityError), database.writing():
        factories.adverse_event(agency.sofia, agency.claire)
        factories.adverse_event(agency.sofia, agency.claire).number = 1
        db.session.flush()


def test_there_is_one_note_for_each(agency: Agency, database: Database) -> None:
    with database.writing():
        made = [factories.adverse_event(agency.sofia, agency.claire) for _each in range(3)]
        notes = db.session.scalars(select(Note).where(Note.origin == "adverse_event")).all()
        assert {one.origin_id: one.id for one in notes} == {one.id: one.note_id for one in made}


def test_the_note_of_a_closed_event_is_taken_up_again_with_the_event_alone(agency: Agency, database: Database) -> None:
    with database.writing():
        event = factories.adverse_event(agency.sofia, agency.claire)
        note = event.note
        assert note
        move(agency.sofia.user, note, Situation.DONE)
        move(agency.sofia.user, note, Situation.TODO)
        move(agency.sofia.user, note, Situation.DONE)
        event.state = State.CLOSED
        db.session.flush()
        with pytest.raises(Refused) as refusal:
            move(agency.ines.user, note, Situation.TODO)
        assert refusal.value.code == "situation"
