"""Who reads which note."""

import pytest
from sqlalchemy import select

from portal.errors import Refused
from portal.extensions import NoteOrigin, db, wires
from portal.notes.actions import end_note, follow, move
from portal.notes.models import Note, Origin, Situation
from portal.notes.queries import visible_notes
from portal.people.models import Client, Worker
from tests import factories
from tests.conftest import Database
from tests.factories import Agency

STAFF = ("sofia", "igor", "ines", "ada")


def readers(agency: Agency, note_id: int) -> str:
    everybody = (*STAFF, "claire", "paul", "denis", "wassim", "jean")
    found = (db.session.scalar(visible_notes(getattr(agency, who).user).where(Note.id == note_id)) for who in everybody)
    return " ".join(who for who, note in zip(everybody, found, strict=True) if note)


@pytest.mark.parametrize(("about", "author", "expected"), [
    ({"client_id": "claire"}, "sofia", "sofia ines ada"),
    ({"client_id": "eloise"}, "igor", "igor ines ada"),
    # a client's note is not opened by who sees the worker alone, nor by who was in charge once
    ({"client_id": "claire", "worker_id": "jean"}, "igor", "sofia ines ada"),
    ({"client_id": "claire", "colleague_id": "igor"}, "igor", "sofia ines ada"),
    ({"worker_id": "jean"}, "igor", "igor ines ada"),
    ({"worker_id": "jean", "colleague_id": "sofia"}, "igor", "igor ines ada"),
    ({"colleague_id": "sofia"}, "igor", "sofia igor ines ada"),
    ({"colleague_id": "sofia"}, "ada", "sofia ines ada"),
    ({"owner_id": "sofia"}, "ada", "sofia ines ada"),
    ({}, "sofia", "sofia ines ada"),
])  # fmt: skip
def test_a_note_is_read_by_those_who_see_whom_it_is_about(
    agency: Agency, database: Database, about: dict[str, str], author: str, expected: str
) -> None:
    with database.writing():
        about_whom = {name: getattr(agency, who).id for name, who in about.items()}
        note = factories.note(getattr(agency, author), **about_whom)
        assert readers(agency, note.id) == expected


def test_a_worker_of_all_sectors_is_everybodys(agency: Agency, database: Database) -> None:
    with database.writing():
        db.session.get_one(Worker, agency.jean.id).all_sectors = True
        assert readers(agency, factories.note(agency.igor, worker_id=agency.jean.id).id) == "sofia igor ines ada"


def test_one_that_follows_something_is_read_by_exactly_those_who_read_that(
    agency: Agency, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hidden(user: object) -> object:
        return select(Client.id).where(Client.id == agency.claire.id, user.key == agency.ines.key)  # ty: ignore

    with database.writing():
        follow(Origin.EVENT, agency.claire.id, title="Chute", client_id=agency.claire.id, owner_id=agency.sofia.id)
        note = db.session.scalars(select(Note)).one()
        monkeypatch.setattr(wires, "note_origins", {})
        assert readers(agency, note.id) == "", "nobody knows of what it follows"
        barred = NoteOrigin(hidden, str, "An event", lambda _user, _number: False)  # ty: ignore
        monkeypatch.setattr(wires, "note_origins", {"adverse_event": barred})
        assert readers(agency, note.id) == "ines", "also whoever has it in hand, or sees the client, does not"
        with pytest.raises(Refused):
            move(agency.ines.user, note, Situation.DONE)
        with pytest.raises(Refused):
            end_note(agency.ines.user, note, cancelled=True)
        end_note(agency.ines.user, note)
        assert note.done_at and note.done_by == "Inès Caron"
