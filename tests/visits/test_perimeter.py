"""Who sees which visits: a client their own, a worker those they are sent to, staff those of their sectors."""

from portal.extensions import db
from portal.people.models import Client, Sector, Service, Staff, Worker
from portal.visits.models import Visit
from portal.visits.queries import visible_visits
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency, at
from tests.pages import Page

ALL = {"claires_done", "claires_past", "claires_next", "claires_cancelled", "denis_done", "eloises_done", "draft"}
CLAIRES = {"claires_done", "claires_past", "claires_next", "claires_cancelled"}
SEEN = {
    "claire": CLAIRES,
    "paul": CLAIRES,
    "denis": {"denis_done"},
    "eloise": {"eloises_done"},
    "wassim": CLAIRES | {"denis_done"},
    "jean": {"eloises_done"},
    "sofia": ALL - {"eloises_done"},
    "igor": {"eloises_done"},
    "ines": ALL,
    "ada": ALL,
}


def test_everybody_sees_just_what_is_theirs(agency: Agency, database: Database) -> None:
    for name, visits in SEEN.items():
        with database.writing():
            user = getattr(agency, name).user
            seen = set(db.session.scalars(visible_visits(user).with_only_columns(Visit.id)))
        assert seen == {getattr(agency, visit) for visit in visits}, name


def shown(page: Page) -> set[int]:
    return {int(str(tag["id"]).removeprefix("visit-")) for tag in page.soup.select('[id^="visit-"]')}


def test_the_list_shows_just_that(agency: Agency, sign_in: SignIn) -> None:
    for name, path in (("claire", "/client/visits"), ("sofia", "/staff/visits"), ("ada", "/staff/visits")):
        page = sign_in(getattr(agency, name)).get(path)
        assert shown(page) == {getattr(agency, visit) for visit in SEEN[name]}, name


def test_a_neighbour_leaves_no_trace_in_the_list(agency: Agency, sign_in: SignIn, database: Database) -> None:
    """What Claire is given and told is the same, to the byte, whatever happens at Denis's."""
    claire = sign_in(agency.claire)
    before = {path: claire.get(path).says("main") for path in ("/client/visits", "/client/visits?state=done")}
    with database.writing():
        denis, service = db.session.get_one(Client, agency.denis.id), db.session.get_one(Service, agency.cleaning)
        for day in range(60):
            factories.done_visit(denis, service, [db.session.get_one(Worker, agency.wassim.id)], days=-1 - day, hour=6)
    for path, text in before.items():
        assert claire.get(path).says("main") == text


def test_searching_for_somebody_of_another_sector_finds_nobody(agency: Agency, sign_in: SignIn) -> None:
    for person, other in ((agency.sofia, "D’Angelo"), (agency.igor, "Lefèvre")):
        page = sign_in(person).get(f"/staff/visits?client={other}")
        assert shown(page) == set()
        assert "No visit matches this choice" in page.words


def test_a_coordinator_of_the_whole_sees_the_sectors_below(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        sofia = db.session.get_one(Staff, agency.sofia.id)
        north = db.session.get_one(Sector, agency.north)
        sofia.sectors = [db.session.get_one(Sector, north.parent_id)]
    assert agency.eloises_done in shown(sign_in(agency.sofia).get("/staff/visits"))


def test_a_coordinator_without_sectors_sees_nothing(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        db.session.get_one(Staff, agency.sofia.id).sectors = []
    assert shown(sign_in(agency.sofia).get("/staff/visits")) == set()


def test_a_visit_stays_in_the_sector_of_its_day(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        db.session.get_one(Client, agency.claire.id).sector_id = agency.south
    assert agency.claires_done in shown(sign_in(agency.sofia).get("/staff/visits"))
    assert agency.claires_done not in shown(sign_in(agency.igor).get("/staff/visits"))


def test_a_draft_is_the_staffs_alone(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        draft = db.session.get_one(Visit, agency.draft)
        draft.local_start, draft.starts_at, draft.ends_at = at(0, 15), draft.starts_at, draft.ends_at
        draft.sent = []
        claire, service = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.cleaning)
        wassim = db.session.get_one(Worker, agency.wassim.id)
        today = factories.visit(claire, service, [wassim], at(0, 15), draft=True).id
    assert today not in shown(sign_in(agency.claire).get("/client/visits"))
    assert today not in shown(sign_in(agency.wassim).get("/worker/"))
    assert today not in shown(sign_in(agency.wassim).get("/worker/week"))
    assert today in shown(sign_in(agency.sofia).get("/staff/visits"))


def test_ratings_follow_the_same_perimeter(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        factories.rate(agency.claire, agency.claires_done, 1, "le mot de Claire")
        factories.rate(agency.eloise, agency.eloises_done, 5, "le mot d’Éloïse")
    seen = {
        name: sign_in(getattr(agency, name)).get("/staff/ratings").words for name in ("sofia", "igor", "ines", "ada")
    }
    assert {name: ("le mot de Claire" in words, "le mot d’Éloïse" in words) for name, words in seen.items()} == {
        "sofia": (True, False), "igor": (False, True), "ines": (True, True), "ada": (True, True),
    }  # fmt: skip


def test_stars_in_lists_are_those_of_the_visit(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        factories.rate(agency.denis, agency.denis_done, 0)
    page = sign_in(agency.sofia).get("/staff/visits")
    assert "0 out of 5" in page.says(f"#visit-{agency.denis_done}")
    assert "out of 5" not in page.says(f"#visit-{agency.claires_done}"), "not rated is not zero"
