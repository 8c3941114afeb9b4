"""Who is asked in the coming week, and who is not and why: told without anything being written."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select

from portal import clock
from portal.extensions import db
from portal.outbox.models import Suppression
from portal.outbox.suppression import note_refusal
from portal.people.models import Client
from portal.ratings.models import RatingRequest, RequestChoice
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.pages import Page


def test_the_coming_week_says_who_is_asked_and_why_others_are_not(
    agency: Agency, sign_in: SignIn, database: Database, visit: Callable[..., int], set_up: Callable[..., None]
) -> None:
    first, second = visit(hour=13), visit("jean", hour=14)
    unreachable = visit(hour=13, client="denis")
    with database.writing():
        db.session.get_one(Client, agency.denis.id).email = None
    sofia, igor = sign_in(agency.sofia), sign_in(agency.igor)
    before = {name: rows for name, rows in database.fingerprint().items() if name != "account_session"}
    page = sofia.get("/staff/ratings/coming")
    rows = {str(row.select("a")[0]["href"]).rpartition("/")[2]: " ".join(row.get_text(" ").split())
            for row in page.soup.select("tbody tr")}  # fmt: skip
    assert "Not asked" not in rows[str(first)]
    assert "the client was asked a short time ago" in rows[str(second)], "the pause is followed in memory"
    assert "no address to write to" in rows[str(unreachable)]
    assert len(page.statements) <= 6
    assert agency.claire.name not in igor.get("/staff/ratings/coming").words
    assert before.items() <= database.fingerprint().items()
    few = len(page.statements)
    for hour in range(15, 20):
        visit(hour=hour)
    assert len(sofia.get("/staff/ratings/coming").statements) == few
    set_up(request_cap_days=2)
    assert "not asked again before that day" in sofia.get("/staff/ratings/coming").words, "in time yet: it waits"
    set_up(ask_mode="first", request_cap_days=0)
    assert "the client has been asked about the worker before" in sofia.get("/staff/ratings/coming").words


def row_of(page: Page, visit_id: int) -> str:
    rows = page.soup.select("tbody tr")
    found = next(row for row in rows if str(row.select("a")[0]["href"]).endswith(f"/visits/{visit_id}"))
    return " ".join(found.get_text(" ").split())


def test_what_will_stop_a_request_when_it_leaves_is_foretold(
    agency: Agency, sign_in: SignIn, database: Database, visit: Callable[..., int]
) -> None:
    sofia, waits, denied = sign_in(agency.sofia), visit(hour=13), visit(hour=13, client="denis")
    few = len(sofia.get("/staff/ratings/coming").statements)
    with database.writing():
        factories.incident(agency.sofia, waits)
        factories.incident(agency.sofia, agency.claires_next)
        note_refusal(agency.denis.email)
    page = sofia.get("/staff/ratings/coming")
    assert "Not asked" in row_of(page, waits) and "incident" in row_of(page, waits)
    assert "incident" in row_of(page, agency.claires_next), "a planned one, too"
    assert "Not asked" not in row_of(page, denied), "one refusal silences no address"
    assert len(page.statements) == few <= 6
    with database.writing():
        refused = db.session.scalars(select(Suppression)).one()
        refused.first_refused_at -= timedelta(days=2)
    assert "refused" in row_of(sofia.get("/staff/ratings/coming"), denied)


def test_of_a_client_who_has_moved_it_is_said_that_the_file_is_another_sectors(
    agency: Agency, sign_in: SignIn, database: Database, visit: Callable[..., int]
) -> None:
    asked = visit(hour=13)
    hint = "The file is another sector’s now."
    assert hint not in sign_in(agency.sofia).get("/staff/ratings/coming").words
    with database.writing():
        db.session.get_one(Client, agency.claire.id).sector_id = agency.south
    assert hint in row_of(sign_in(agency.sofia).get("/staff/ratings/coming"), asked)
    assert hint not in sign_in(agency.ines).get("/staff/ratings/coming").words


def test_a_request_that_is_tried_again_does_not_stand_in_its_own_way_and_a_relative_may_have_said_no(
    agency: Agency, sign_in: SignIn, database: Database, visit: Callable[..., int]
) -> None:
    tried = visit(hour=13)
    with database.writing():
        request = db.session.scalars(select(RatingRequest).order_by(RatingRequest.id.desc())).first()
        assert request
        request.asked_at = clock.now()
        request.message.state, request.message.next_at = "retry", clock.now() + timedelta(minutes=10)
    sofia = sign_in(agency.sofia)
    page = sofia.get("/staff/ratings/coming")
    row = next(row for row in page.soup.select("tbody tr") if f"/visits/{tried}" in str(row.select("a")[0]["href"]))
    assert "Not asked" not in row.get_text()
    assert "asked again" not in row.get_text()
    with database.writing():
        claire = db.session.get_one(Client, agency.claire.id)
        claire.email = None
        paul = next(one for one in claire.relatives if one.email and one.may_rate)
        db.session.add(RequestChoice(person_type="relative", person_id=paul.id, address=str(paul.email).lower(),
                                     wanted=False, said_by="link"))  # fmt: skip
    assert "the person wants no rating requests" in sofia.get("/staff/ratings/coming").words
