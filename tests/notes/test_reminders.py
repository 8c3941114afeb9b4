"""Reminders: on the home page, by mail, coming back; and that nothing of a note is on a portal."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal import clock
from portal.errors import Refused
from portal.extensions import db
from portal.notes.actions import Draft, change, end_note, reopen_note
from portal.notes.models import Note
from portal.outbox.models import Message
from portal.people.models import Staff
from tests import factories
from tests.conftest import Database, Mailbox, SignIn, text_of
from tests.factories import NOON, Agency

SECRET = "le secret de la note"
DAY = timedelta(days=1)


def one(title: str) -> Note:
    return db.session.scalars(select(Note).where(Note.title == title).order_by(Note.id.desc()).limit(1)).one()


# ---- coming back ----


def test_one_that_repeats_comes_back_once_when_it_is_finished_and_not_when_it_is_cancelled(
    agency: Agency, database: Database, time_machine: TimeMachineFixture
) -> None:
    with database.writing():
        due: dict[str, Any] = {"remind_at": clock.now() + DAY, "repeats": "weekly", "mails": True}
        note = factories.note(agency.sofia, "Appel", text="Texte", client_id=agency.claire.id, **due)
        end_note(agency.sofia.user, note)
        following = one("Appel")
        assert following.follows_id == note.id
        assert following.remind_at == due["remind_at"] + 7 * DAY, "early: one step"
        assert (following.text, following.client_id, following.situation) == ("Texte", agency.claire.id, "todo")
        reopen_note(agency.sofia.user, note)
        end_note(agency.sofia.user, note)
        assert len(db.session.scalars(select(Note)).all()) == 2, "not a third one"
        time_machine.move_to(NOON + 40 * DAY, tick=False)
        end_note(agency.sofia.user, following)
        last = one("Appel")
        assert last.remind_at and timedelta(0) < last.remind_at - clock.now() <= 7 * DAY, "late: the first to come"
        end_note(agency.sofia.user, last, cancelled=True)
        assert len(db.session.scalars(select(Note)).all()) == 3
        with pytest.raises(Refused):
            end_note(agency.sofia.user, last)


# ---- mails ----


def states(database: Database) -> list[tuple[str, str | None]]:
    kept = select(Message.state, Message.reason).where(Message.kind == "notes.reminder").order_by(Message.id)
    return list(database.all(kept))


def test_who_has_it_in_hand_is_mailed_when_it_is_due_in_their_language_and_without_a_word_of_it(
    agency: Agency, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(NOON, tick=False)
    with database.writing():
        db.session.get_one(Staff, agency.sofia.id).language = "ru"
        factories.note(agency.ines, SECRET, text=SECRET, client_id=agency.claire.id, worker_id=agency.wassim.id,
                       owner_id=agency.sofia.id, remind_at=NOON + DAY, mails=True)  # fmt: skip
        factories.note(agency.ines, "Sans mail", client_id=agency.claire.id, remind_at=NOON + DAY)
    assert mailbox.collect() == []
    time_machine.move_to(NOON + DAY, tick=False)
    (mail,) = mailbox.collect()
    assert mail["To"].addresses[0].addr_spec == "sofia@example.org"
    whole = f"{mail['Subject']} {text_of(mail)} {text_of(mail, 'html')}"
    assert "/staff/notes/1" in whole
    for word in ("secret", "Claire", "Lefèvre", "Wassim", "Haddad"):
        assert word not in whole
    assert [state for state, _reason in states(database)] == ["sent"]


def test_an_ended_note_mails_nobody_and_another_day_moves_the_mail(
    agency: Agency, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(NOON, tick=False)
    due: dict[str, Any] = {"client_id": agency.claire.id, "mails": True}
    with database.writing():
        end_note(agency.sofia.user, factories.note(agency.sofia, "Finie", remind_at=NOON + DAY, **due))
        moved = factories.note(agency.sofia, "Plus tard", remind_at=NOON + DAY, **due)
        later = Draft("Plus tard", owner_id=agency.sofia.id, remind_at=NOON + 2 * DAY, **due)
        change(agency.sofia.user, moved, later, moved.version)
    assert states(database) == [("cancelled", "note_ended"), ("cancelled", "note_changed"), ("scheduled", None)]
    time_machine.move_to(NOON + DAY, tick=False)
    assert mailbox.collect() == []
    time_machine.move_to(NOON + 2 * DAY, tick=False)
    assert len(mailbox.collect()) == 1


def test_whoever_may_not_read_it_any_more_is_not_mailed(
    agency: Agency, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(NOON, tick=False)
    with database.writing():
        factories.note(agency.sofia, client_id=agency.claire.id, remind_at=NOON + DAY, mails=True)
        db.session.get_one(Staff, agency.sofia.id).sectors = []
    time_machine.move_to(NOON + DAY, tick=False)
    assert mailbox.collect() == []
    assert states(database) == [("suppressed", "nobody_responsible")]


def test_the_list_of_messages_names_whom_it_is_about_to_who_may_read_it(
    agency: Agency, database: Database, sign_in: SignIn
) -> None:
    with database.writing():
        factories.note(agency.sofia, SECRET, client_id=agency.claire.id, remind_at=clock.now() + DAY, mails=True)
    assert "Reminder of a note" in (page := sign_in(agency.sofia).get("/staff/outbox")).words and "Claire" in page.words
    assert "secret" not in page.words
    assert "Reminder of a note" not in [tag.get_text() for tag in sign_in(agency.igor).get("/staff/outbox").soup("td")]


# ---- home ----


def test_the_home_page_shows_what_is_due_in_ones_own_hands_alerts_first(
    agency: Agency, database: Database, sign_in: SignIn, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(NOON, tick=False)
    claire = {"client_id": agency.claire.id}
    with database.writing():
        factories.note(agency.sofia, "Échue", remind_at=NOON + timedelta(minutes=1), **claire)
        factories.note(agency.sofia, "Demain", remind_at=NOON + DAY, **claire)
        other = {"owner_id": agency.ines.id, "remind_at": NOON + timedelta(minutes=1)}
        factories.note(agency.sofia, "À un autre", **claire, **other)
        factories.note(agency.sofia, "Alerte", alert=True, **claire)
        end_note(agency.sofia.user, factories.note(agency.sofia, "Finie", alert=True, **claire))
    time_machine.move_to(NOON + timedelta(hours=1), tick=False)
    page = sign_in(agency.sofia).get("/staff/home")
    card = page.at("section[aria-labelledby=home-reminders]")
    assert [tag.get_text(strip=True) for tag in card.select("li b")] == ["Alerte", "Échue"]
    page = sign_in(agency.sofia).get("/staff/reminders")
    found = [tag.get_text(" ", strip=True) for tag in page.soup.select("#notes h2, #notes tbody a")]
    assert found == ["Overdue reminders", "Échue", "Later this week", "Demain", "Without a reminder", "Alerte"]


# ---- portals ----

PAGES = {
    "claire": ("visits", "visits/{done}", "threads"),
    "paul": ("visits", "threads"),
    "wassim": ("", "week", "threads"),
}


def test_nothing_of_a_note_is_on_a_portal(agency: Agency, database: Database, sign_in: SignIn) -> None:
    def seen() -> dict[str, str]:
        found = {}
        for who, paths in PAGES.items():
            browser, portal = sign_in(getattr(agency, who)), "worker" if who == "wassim" else "client"
            for path in paths:
                address = f"/{portal}/{path.format(done=agency.claires_done)}"
                found[f"{who} {address}"] = browser.get(address).words
        return found

    before = seen()
    with database.writing():
        for visit in (None, agency.claires_done, agency.claires_past):
            factories.note(agency.sofia, SECRET, text=SECRET, client_id=agency.claire.id, worker_id=agency.wassim.id,
                           visit_id=visit, alert=True, remind_at=clock.now() + DAY, mails=True)  # fmt: skip
    assert seen() == before
    assert len(before) == sum(map(len, PAGES.values()))
