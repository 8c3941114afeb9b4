"""Notes as staff see them: written, changed, finished, in the records of those they are about."""

import pytest
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.notes.models import Note
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.pages import Page


def lines(page: Page) -> list[str]:
    """The notes of a list, each with its badges."""
    found = []
    for row in page.soup.select("#notes tbody tr"):
        marks = [tag.get_text(strip=True) for tag in row.select(".badge")]
        found.append(f"{row.select('a')[0].get_text(strip=True)} ({', '.join(marks)})")
    return found


def test_a_note_is_written_on_a_client_changed_and_finished(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/clients/{agency.claire.id}/notes")
    assert "No note yet" in page.words
    form = page.link("Write a note").click().form("Save")
    page = form.submit(title="Rappeler la fille", text="Elle part en août.", remind_on="2026-11-20",
                       worker_id=str(agency.wassim.id), colleague_id=str(agency.ines.id)).follow()  # fmt: skip
    assert "The note is saved." in page.words and "Elle part en août." in page.words
    note = database.one(select(Note))
    assert (note.client_id, note.worker_id, note.colleague_id) == (agency.claire.id, agency.wassim.id, agency.ines.id)
    assert f"{note.remind_at:%d.%m.%y %H:%M}" == "20.11.26 08:00", "nine in Paris"
    assert (note.owner_id, note.created_by) == (agency.sofia.id, "Sofia Benali")
    ada = sign_in(agency.ada)
    for browser, record in ((sofia, f"clients/{agency.claire.id}"), (sofia, f"workers/{agency.wassim.id}"),
                            (ada, f"team/{agency.ines.id}"), (sign_in(agency.ines), "reminders")):  # fmt: skip
        shown = browser.get(f"/staff/{record}/notes" if "/" in record else f"/staff/{record}")
        assert lines(shown) == ["Rappeler la fille (To do)"], record
        assert len(shown.statements) <= 6, record
    page = page.link("Edit").click().form("Save").submit(situation="progress", priority="high", alert="y").follow()
    assert [tag.get_text() for tag in page.soup.select("#note .badge")] == ["Alert", "In progress", "High"]
    page = sofia.get(f"/staff/clients/{agency.claire.id}/notes").form("Finish").submit(situation="done").follow()
    assert page.request.path == f"/staff/clients/{agency.claire.id}/notes" and "The note is finished." in page.words
    assert lines(page) == ["Rappeler la fille (Finished)"]
    page = page.form("Take up again").submit(situation="todo").follow()
    assert lines(page) == ["Rappeler la fille (Alert, To do, High)"]
    deeds = database.all(select(AuditEntry.kind, AuditEntry.after).where(AuditEntry.subject_type == "note"))
    assert [kind for kind, _after in deeds] == ["note.written", "note.changed", "note.ended", "note.reopened"]
    assert "Elle part" not in str(deeds) and "Rappeler" not in str(deeds)


@pytest.mark.parametrize(("typed", "field", "sentence"), [
    ({"title": ""}, "title", "Please give a title."),
    ({"title": "x" * 161}, "title", "Please use at most 160 characters."),
    ({"text": "x" * 5001}, "text", "Please use at most 5000 characters."),
    ({"remind_on": "2026-02-30"}, "remind_on", "This date is not valid."),
    ({"remind_on": "2026-11-16"}, "remind_on", "This moment is over."),
    ({"remind_on": "2026-11-20", "remind_time": "25:00"}, "remind_time", "This hour is not valid."),
    ({"remind_time": "10:00"}, "remind_time", "Please give the day as well."),
    ({"repeats": "monthly"}, "remind_on", "Please say when the reminder is due first"),
    ({"mails": "y"}, "remind_on", "Please say when the mail is to leave"),
    ({"mails": "y", "remind_on": "2026-11-20", "owner_id": ""}, "owner_id", "Please say who has it in hand"),
    ({"owner_id": "igor"}, "owner_id", "Please choose one of the values offered."),
    ({"worker_id": "jean"}, "worker_id", "Please choose one of the values offered."),
    ({"category_id": "x"}, "category_id", "Please choose one of the values offered."),
    ({"situation": "lost"}, "situation", "Please choose one of the values offered."),
])  # fmt: skip
def test_what_cannot_be_is_said_at_its_field_and_nothing_typed_is_lost(
    agency: Agency, sign_in: SignIn, database: Database, typed: dict[str, str], field: str, sentence: str
) -> None:
    known = {who: str(getattr(agency, who).id) for who in ("igor", "jean")}
    typed = {name: known.get(value, value) for name, value in typed.items()}
    form = sign_in(agency.sofia).get(f"/staff/notes/new?client={agency.claire.id}").form("Save")
    page = form.page.browser.act(form.action, {**form.values(), "title": "Titre", "text": "Le texte", **typed})
    assert page.status in (409, 422)
    assert sentence in page.says(f"#{field}-error")
    assert typed.get("text", "Le texte") in page.form("Save").values()["text"]
    assert database.count(Note) == 0


def test_whoever_saves_second_sees_both_texts(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        note = factories.note(agency.sofia, "Le titre", text="Un", client_id=agency.claire.id).id
    address = f"/staff/notes/{note}/editing"
    first, second = (sign_in(who).get(address).form("Save") for who in (agency.sofia, agency.ines))
    first.submit(text="Deux", priority="low").follow()
    page = second.submit(text="Trois")
    assert page.status == 409 and "Somebody changed this note in the meantime." in page.words
    assert "What stands there now: Deux" in page.words and page.form("Save").values()["text"] == "Trois"
    page.form("Save").submit().follow()
    assert database.one(select(Note.text)) == "Trois"


def test_a_note_of_another_sector_is_not_there(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        note = factories.note(agency.sofia, "Le secret", client_id=agency.claire.id).id
    igor = sign_in(agency.igor)
    for address in (f"notes/{note}", f"notes/{note}/editing", f"clients/{agency.claire.id}/notes",
                    f"notes/new?client={agency.claire.id}", f"notes/new?visit={agency.claires_done}",
                    f"notes/new?worker={agency.wassim.id}", "notes/new?client=x",
                    "notes/new?colleague=999"):  # fmt: skip
        assert igor.get(f"/staff/{address}").status == 404, address
    assert igor.act(f"/staff/notes/{note}/situation", {"situation": "done"}).status == 404


def test_the_visit_has_its_notes(agency: Agency, sign_in: SignIn, database: Database) -> None:
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/visits/{agency.claires_done}")
    form = page.link("Write a note").click().form("Save")
    assert form.values()["worker_id"] == str(agency.wassim.id)
    form.submit(title="Clés rendues").follow()
    note = database.one(select(Note))
    assert (note.visit_id, note.client_id) == (agency.claires_done, agency.claire.id)
    page = sofia.get(f"/staff/visits/{agency.claires_done}")
    assert "Clés rendues" in page.words and len(page.statements) <= 12


def test_lists_ask_as_often_however_long_they_are(agency: Agency, sign_in: SignIn, database: Database) -> None:
    sofia, asked = sign_in(agency.sofia), []
    for number in (1, 60):
        with database.writing():
            for each in range(number):
                factories.note(agency.sofia, f"Note {each}", client_id=agency.claire.id, worker_id=agency.wassim.id)
        pages = [sofia.get(f"/staff/{address}") for address in
                 (f"clients/{agency.claire.id}/notes", f"workers/{agency.wassim.id}/notes", "reminders")]  # fmt: skip
        asked.append([len(page.statements) for page in pages])
        assert max(asked[-1]) <= 6, asked
    assert asked[0] == asked[1]
