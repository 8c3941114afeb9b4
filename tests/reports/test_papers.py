"""Papers about adverse events: what stands in them, in three languages, and whom they do not name."""

import re
import shutil
import subprocess
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import force_locale
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader
from sqlalchemy import select

from portal import clock
from portal.adverse_events.follow_models import Action, Analysis, AuthorityRoute
from portal.adverse_events.models import AdverseEvent, Mode
from portal.adverse_events.report import Person, Told
from portal.audit.models import ReadEntry
from portal.extensions import db
from portal.papers import Paper, Section, facts, set_right, typeset, words
from portal.reports.initials import Initials, initials
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.pages import Page

CANARIES = ("Lefèvre", "LEFEVRE", "Claire", "Wassim", "Haddad", "Sofia", "Benali", "Paul", "Rosier",
            "claire@example.org", "06 12 34 56 78")  # fmt: skip
FACTS = ("Mme LEFEVRE est tombée ; Wassim l'a relevée avec Paul. Voir claire@example.org ou le 06 12 34 56 78.\n"
         "Elle dit \"j'ai glissé\". Température : 38,5 ; secours au 15.")  # fmt: skip


def text_of(content: bytes) -> str:
    """What the paper says, its lines joined; hyphens at their ends taken back."""
    pages = PdfReader(BytesIO(content)).pages
    text = "\n".join(page.extract_text() for page in pages).replace("\u00ad", "-")
    return re.sub(r"\s+", " ", re.sub(r"-\n", "", text))


def paper(page: Page) -> str:
    assert (page.status, page.mimetype) == (200, "application/pdf")
    return text_of(page.data)


def whole_event(agency: Agency, mode: Mode = Mode.NAMED) -> int:
    """An event with something of everything, and names in every text."""
    event = factories.adverse_event(
        agency.wassim, agency.claire, worker_id=agency.wassim.id, visit_id=agency.claires_done, mode=mode, facts=FACTS,
        people=[Person("relative", "Paul Lefèvre")], witnesses="Mme Rosier", measures_note="Claire est assise.",
        informed=[Told("family", clock.now(), "Sofia Benali", "Par téléphone à Paul", "yes")],
    )  # fmt: skip
    event.frequency, event.told_at, event.told_text = 3, clock.now(), "Merci Wassim"
    event.closed_by, event.closed_at, event.closed_why = "Sofia Benali", clock.now(), "Claire va bien"
    today = clock.now().date()
    db.session.add(Action(event_id=event.id, kind="corrective", text="Barre d’appui chez Claire",
                          owner_id=agency.sofia.id, due_on=today + timedelta(days=9)))  # fmt: skip
    db.session.add(AuthorityRoute(event_id=event.id, route="R-ESSMS", status="told", told_at=clock.now(),
                                  recipient="Cellule du département, Sofia Benali"))  # fmt: skip
    db.session.add(Analysis(event_id=event.id, method="five_whys", whys=["Claire a glissé"], factors={"A5": "Sol"}))
    db.session.flush()
    return event.id


@pytest.fixture
def event_id(agency: Agency, database: Database) -> int:
    with database.writing():
        return whole_event(agency)


def test_the_paper_with_names_says_what_the_page_says(
    agency: Agency, sign_in: SignIn, database: Database, event_id: int
) -> None:
    page = sign_in(agency.sofia).get(f"/staff/adverse-events/{event_id}").link("With names, for the agency").click()
    text = paper(page)
    for said in ("EI-2026-0001", "Claire Lefèvre", "Wassim Haddad", "Mme Rosier", "Barre d’appui chez Claire",
                 "Paul Lefèvre", "06 12 34 56 78", "Sofia Benali"):  # fmt: skip
        assert said in text, said
    assert "Reported by Wassim Haddad Reported as" in text, "a name says that it was with a name"
    assert page.headers["Content-Disposition"] == 'attachment; filename="EI-2026-0001.pdf"'
    assert database.all(select(ReadEntry.part).order_by(ReadEntry.id)) == ["event", "paper"]


def test_the_paper_without_names_names_nobody(agency: Agency, sign_in: SignIn, event_id: int) -> None:
    ours = sign_in(agency.sofia).get(f"/staff/adverse-events/{event_id}")
    page = ours.link("Without names, for an authority").click()
    text = paper(page)
    for canary in CANARIES:
        assert canary.lower() not in text.lower(), canary
    for said in ("Mme L. est tombée", "W. l’a relevée avec P. Voir … ou le ….", "38,5", "secours au 15", "C. L.",
                 "W. H.", "Barre d’appui chez C.", "Cellule du département, S. B."):  # fmt: skip
        assert said in text, said
    meta = PdfReader(BytesIO(page.data)).metadata
    assert not any(canary in str(meta) for canary in CANARIES)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", ("État", "17 novembre 2026, 12:00", "«\u00a0j’ai glissé\u00a0»")),
        ("ru", ("Статус", "17 ноября 2026, 12:00", "«j’ai glissé»")),
        ("en", ("What happened", "Criticality", "17 November 2026, 12:00", "“j’ai glissé”", "page 1 of")),
    ],
)
def test_a_paper_is_in_the_language_of_its_reader(
    agency: Agency, sign_in: SignIn, event_id: int, language: str, said: tuple[str, ...], tmp_path: Path
) -> None:
    answer = sign_in(agency.ines).get(f"/staff/adverse-events/{event_id}/paper?lang={language}")
    text = paper(answer)
    for each in said:
        assert re.sub(r"\s+", " ", each) in text, each
    root = PdfReader(BytesIO(answer.data)).root_object
    assert str(root["/Lang"]).startswith(language)
    assert "/StructTreeRoot" in root, "it is tagged"
    if shutil.which("pdftoppm"):
        (tmp_path / "paper.pdf").write_bytes(answer.data)
        subprocess.run(["pdftoppm", "-r", "20", str(tmp_path / "paper.pdf"), str(tmp_path / "page")], check=True)
        assert list(tmp_path.glob("page*"))


@pytest.mark.parametrize("mode", [Mode.CONFIDENTIAL, Mode.ANONYMOUS])
def test_no_paper_tells_who_reported_in_confidence(
    agency: Agency, sign_in: SignIn, database: Database, mode: Mode
) -> None:
    with database.writing():
        event = factories.adverse_event(agency.wassim, agency.claire, visit_id=agency.claires_done, mode=mode,
                                        facts="Elle est tombée.")  # fmt: skip
        event_id = event.id
    for path in ("paper", "paper/anonymous"):
        for who in (agency.sofia, agency.ines):
            text = paper(sign_in(who).get(f"/staff/adverse-events/{event_id}/{path}"))
            assert "Wassim" not in text and "Haddad" not in text
    hidden = paper(sign_in(agency.sofia).get(f"/staff/adverse-events/{event_id}/paper"))
    assert "Aide au lever" not in hidden and "Reported as" not in hidden
    assert "Aide au lever" in paper(sign_in(agency.ines).get(f"/staff/adverse-events/{event_id}/paper"))


def test_papers_of_another_sector_are_not_there(agency: Agency, sign_in: SignIn, event_id: int) -> None:
    igor = sign_in(agency.igor)
    for path in (f"{event_id}/paper", f"{event_id}/paper/anonymous", "reviews/1999"):
        assert igor.get(f"/staff/adverse-events/{path}").status == 404
    assert "EI-2026-0001" not in paper(igor.get("/staff/adverse-events/register?period=this_month"))


def test_the_register_has_the_filters_of_the_table_and_names_nobody(
    agency: Agency, sign_in: SignIn, database: Database, event_id: int
) -> None:
    with database.writing():
        factories.adverse_event(agency.sofia, agency.denis, category="D03")
    sofia = sign_in(agency.sofia)
    table = sofia.get("/staff/adverse-events?period=this_month&client=Claire Lefèvre")
    page = table.link("Register").click()
    text = paper(page)
    assert "EI-2026-0001" in text and "EI-2026-0002" not in text and "C. L." in text
    assert not [name for name in CANARIES if name in text]
    assert len(page.statements) <= 8
    assert sofia.get("/staff/adverse-events/register?period=free").status == 404
    assert "register" in database.all(select(ReadEntry.part))
    heads = paper(sign_in(agency.ines).get("/staff/adverse-events/register?period=this_month&lang=ru"))
    assert "Когда произошло Зарегистрировано Клиент Категории" in heads, "no heading runs into the next one"


def test_the_review_counts_and_hides_small_numbers(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        for _each in range(6):
            factories.adverse_event(agency.sofia, agency.claire, category="D01")
        factories.adverse_event(agency.sofia, agency.denis, category="D03")
        stored = db.session.scalars(select(AdverseEvent).where(AdverseEvent.client_id == agency.claire.id)).all()
        stored[0].acknowledged_at = clock.now() + timedelta(hours=1)
    ines, sofia = sign_in(agency.ines), sign_in(agency.sofia)
    page = ines.get("/staff/adverse-events/reviews").link("Review of 2026").click()
    whole, masked = paper(page), paper(sofia.get("/staff/adverse-events/reviews/2026"))
    assert re.search(r"Adverse events 7 0", whole) and re.search(r"Fall 6", whole) and re.search(r"Medication 1", whole)
    assert re.search(r"again to the same client within 90 days 5 0", whole)
    assert "Medication 1" not in masked and "Medication < 5" in masked
    assert "Fall 6" not in masked, "with the total it would give the other one away"
    assert len(page.statements) <= 16
    assert not [name for name in CANARIES if name in whole]
    with database.writing():
        first, *others = [db.session.get_one(AdverseEvent, one.id) for one in stored]
        first.nature = "near_miss"
    assert "Near misses 14%" in paper(ines.get("/staff/adverse-events/reviews/2026"))
    masked = paper(sofia.get("/staff/adverse-events/reviews/2026"))
    assert "Near misses … –" in masked and "Near miss < 5" in masked, "14 of 100 of 7 is 1"
    with database.writing():
        for one in others:
            db.session.get_one(AdverseEvent, one.id).severity = 5
    masked = paper(sofia.get("/staff/adverse-events/reviews/2026"))
    assert "Serious ones (G4 and G5) … 0" in masked, "5 of 7 would tell of the two others"
    assert "No adverse event was reported that year." in paper(ines.get("/staff/adverse-events/reviews/2024"))


def test_the_review_says_when_it_happened_and_who_reported_but_not_who_did_in_confidence(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        tuesday = clock.now().replace(hour=9, minute=0, second=0, microsecond=0)  # 10:00 where the agency is
        for capacity, mode, occurred, until in (
            ("worker", Mode.NAMED, tuesday, None),
            ("worker", Mode.NAMED, tuesday - timedelta(hours=10), None),  # midnight, by the agency's clocks
            ("relative", Mode.NAMED, tuesday - timedelta(hours=1), tuesday),
            ("client", Mode.CONFIDENTIAL, tuesday - timedelta(hours=5), tuesday),  # from the night to the morning
            ("client", Mode.ANONYMOUS, tuesday - timedelta(days=7), tuesday),  # from a Tuesday to a Tuesday
            ("supervisor", Mode.NAMED, None, None),
        ):
            factories.adverse_event(
                agency.sofia, agency.claire, capacity=capacity, mode=mode, discovered_at=clock.now(),
                occurred_at=occurred, occurred_until=until,
            )  # fmt: skip
    url = "/staff/adverse-events/reviews/2026"
    text = paper(sign_in(agency.ines).get(url))
    said = ("Worker 2", "Client 0", "Relative or carer 1", "Supervisor or office 1", "In confidence 1",
            "Anonymously 1", "Monday 0", "Tuesday 4", "Not known 2", "Night, 0:00 to 6:00 1",
            "Morning, 6:00 to 12:00 2", "Evening, 18:00 to 24:00 0", "Not known 3")  # fmt: skip
    for each in said:
        assert each in text, each
    masked = paper(sign_in(agency.sofia).get(url))
    assert "Worker < 5" in masked and "In confidence < 5" in masked and "Morning, 6:00 to 12:00 < 5" in masked
    for language, line in (("fr", "mardi 4"), ("ru", "вторник 4")):
        assert line in paper(sign_in(agency.ines).get(f"{url}?lang={language}"))


# ---- typesetting ----


@given(st.text(max_size=300))
def test_any_text_can_be_set(text: str) -> None:
    for language in ("fr", "ru", "en"):
        assert set_right(set_right(text, language), language) is not None


def test_signs_that_no_font_has_do_not_break_a_paper(app: Flask) -> None:
    odd = "家 😀 \u202e عربى \x07 \ue000 e\u0301 𝒜 ‱ \ufffd 👩‍👩‍👧"
    with app.app_context(), force_locale("fr"):
        text = text_of(typeset(Paper("Essai", "", [Section("Titre", [facts(("Mot", odd)), words(odd * 20)])], "essai")))
    assert "Essai" in text and "▯" in text


@pytest.mark.parametrize(
    ("language", "typed", "set_"),
    [
        ("fr", "Ça va ? \"oui\" : l'aide « dit »", "Ça va\u00a0? «\u00a0oui\u00a0»\u00a0: l’aide «\u00a0dit\u00a0»"),
        ("ru", "Она сказала \"да\" - и ушла — домой", "Она сказала «да» - и ушла\u00a0— домой"),
        ("en", "She said \"yes\"; it's fine", "She said “yes”; it’s fine"),
    ],
)  # fmt: skip
def test_texts_are_set_as_printers_of_the_language_do(language: str, typed: str, set_: str) -> None:
    assert set_right(typed, language) == set_


# ---- initials ----


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("Mme Lefèvre et M. LEFEVRE", "Mme L. et M. L."),
        ("chez claire, de la gare", "chez C., de la gare"),
        ("Иванова упала, у Ивановой боль, с Ивановым", "И. упала, у И. боль, с И."),
        ("иван-чай", "иван-чай"),
        ("appeler le +33 6 12 34 56 78 ou a.b@c.fr.", "appeler le … ou …."),
        ("Il a vu Claire.", "Il a vu C."),
        ("le 17/11/2026 à 9:00, 38,5 °C, 15 ou 112", "le 17/11/2026 à 9:00, 38,5 °C, 15 ou 112"),
    ],
)  # fmt: skip
def test_names_become_initials(text: str, hidden: str) -> None:
    assert Initials(["Claire Lefèvre", "Jean de la Tour", "Анна Иванова"]).in_text(text) == hidden


@given(st.text(alphabet=st.characters(categories=("Lu", "Ll")), min_size=2, max_size=12), st.text(max_size=80))
def test_a_name_never_stays(name: str, around: str) -> None:
    kept = Initials([name]).in_text(f"{around} {name} {around}")
    assert f" {name} " not in kept or Initials([name]).in_text(name) == name, "only particles stay"


def test_initials_of_a_name() -> None:
    assert initials("Mme Éloïse D’Angelo") == initials("Éloïse d'Angelo") == "É. D."
    assert initials("Jean-Pierre de La Tour") == "J. P. T."
