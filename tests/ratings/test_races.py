"""Many at once: the database decides who was first, and nobody sees an error page."""

from collections.abc import Callable, Sequence

from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.outbox.models import Message
from portal.ratings.models import FormerRating, Rating, RatingExclusion, RatingReply, RatingRequest, RequestChoice
from portal.visits.models import Visit
from tests.conftest import Database, SignIn, open_browser
from tests.factories import Agency, rate
from tests.pages import Browser
from tests.racing import at_once, posting
from tests.ratings.conftest import Asked


def test_twenty_answers_at_once_are_one_rating(agency: Agency, sign_in: SignIn, database: Database) -> None:
    url = f"/client/visits/{agency.claires_done}/rating"
    people = [sign_in(agency.claire if number % 2 else agency.paul) for number in range(20)]
    statuses = at_once([posting(one, url, {"stars": str(number % 6)}) for number, one in enumerate(people)])
    assert statuses == [303] + [409] * 19
    assert database.count(Rating) == 1
    assert database.count(AuditEntry, AuditEntry.kind == "rating.left") == 1


def test_ten_changes_at_once_are_one_change(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        rate(agency.claire, agency.claires_done, 0)
    url = f"/client/visits/{agency.claires_done}/rating"
    people = [sign_in(agency.claire) for _ in range(10)]
    deeds = [
        posting(one, url, {"stars": str(1 + n % 5), "comment": str(n), "version": "1"}) for n, one in enumerate(people)
    ]
    assert at_once(deeds) == [303] + [409] * 9
    assert database.count(FormerRating) == 1
    assert database.count(AuditEntry, AuditEntry.kind == "rating.changed") == 1


def test_the_mailed_link_and_the_portal_at_once_are_one_rating(
    agency: Agency, sign_in: SignIn, database: Database, asked: Asked
) -> None:
    app = database.app
    portal = [posting(sign_in(agency.claire), f"/client/visits/{asked.visit}/rating", {"stars": "1"}) for _ in range(5)]
    mailed = [posting(open_browser(app), asked.link, {"stars": "5"}) for _ in range(5)]
    statuses = at_once([*portal, *mailed])
    assert statuses[1:] == [409] * 9
    assert statuses[0] in (200, 303)
    assert database.count(Rating) == 1


def test_a_visit_closed_by_two_people_at_once_is_closed_once(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    wassim = [posting(sign_in(agency.wassim), f"/worker/visits/{agency.claires_past}/done", {}) for _ in range(4)]
    sofia = [posting(sign_in(agency.sofia), f"/staff/visits/{agency.claires_past}/done", {}) for _ in range(4)]
    assert at_once([*wassim, *sofia]) == [303] + [409] * 7
    closed = AuditEntry.kind == "visit.done", AuditEntry.subject_id == agency.claires_past
    assert database.count(AuditEntry, *closed) == 1
    assert database.one(select(Visit.state).where(Visit.id == agency.claires_past)) == "done"


def test_done_and_cancelled_at_once_is_one_of_them(agency: Agency, sign_in: SignIn, database: Database) -> None:
    url = f"/staff/visits/{agency.claires_past}"
    done = [posting(sign_in(agency.sofia), f"{url}/done", {}) for _ in range(3)]
    cancelled = [posting(sign_in(agency.ines), f"{url}/cancellation", {"reason": "Absente"}) for _ in range(3)]
    statuses = at_once([*done, *cancelled])
    assert set(statuses) <= {303, 409}
    deeds = database.all(
        select(AuditEntry.kind, AuditEntry.before, AuditEntry.after)
        .where(AuditEntry.subject_type == "visit", AuditEntry.subject_id == agency.claires_past)
        .order_by(AuditEntry.id)
    )
    states = [deed[2]["state"] for deed in deeds]
    assert [deed[1]["state"] for deed in deeds[1:]] == states[:-1], (
        "each deed started from what the one before had made"
    )
    assert database.one(select(Visit.state).where(Visit.id == agency.claires_past)) == states[-1]
    assert statuses.count(303) == len(deeds) - 1


def test_unsubscribing_ten_times_at_once_is_done_once(database: Database, asked: Asked) -> None:
    app = database.app
    one_click = {"List-Unsubscribe": "One-Click"}
    assert at_once([posting(open_browser(app), asked.unsubscribe, one_click) for _ in range(10)]) == [200] * 10
    assert database.count(RequestChoice) == 1
    assert database.count(AuditEntry, AuditEntry.kind == "rating.requests_stopped") == 1


def test_having_them_again_ten_times_at_once_is_done_once(database: Database, asked: Asked) -> None:
    app = database.app
    open_browser(app).post(asked.unsubscribe, data={"List-Unsubscribe": "One-Click"})
    again = [posting(open_browser(app), asked.unsubscribe, {"again": "yes"}) for _ in range(10)]
    assert at_once(again) == [200] * 10
    assert database.all(select(RequestChoice.wanted).order_by(RequestChoice.id)) == [False, True]
    assert database.count(AuditEntry, AuditEntry.kind == "rating.requests_wanted") == 1


def test_a_person_and_the_agency_who_stop_at_once_have_stopped_once(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    own = [posting(sign_in(agency.claire), "/client/rating-requests", {"wanted": "no"}) for _ in range(5)]
    url = f"/staff/visits/{agency.claires_done}/rating-requests"
    noted = [posting(sign_in(agency.sofia), url, {"wanted": "no"}) for _ in range(5)]
    assert at_once([*own, *noted]) == [303] * 10
    assert database.count(RequestChoice) == 1
    assert database.count(AuditEntry, AuditEntry.kind == "rating.requests_stopped") == 1


def test_a_visit_reopened_and_rated_at_once_is_one_of_them(agency: Agency, sign_in: SignIn, database: Database) -> None:
    rating = posting(sign_in(agency.claire), f"/client/visits/{agency.claires_done}/rating", {"stars": "4"})
    reopening = [posting(sign_in(agency.sofia), f"/staff/visits/{agency.claires_done}/reopening", {}) for _ in range(4)]
    statuses = at_once([rating, *reopening])
    assert statuses == [303] + [409] * 4
    state = database.one(select(Visit.state).where(Visit.id == agency.claires_done))
    assert (state, database.count(Rating)) in (("done", 1), ("planned", 0))


def test_wrong_passwords_at_once_are_all_counted(agency: Agency, database: Database) -> None:
    app = database.app
    wrong = {"email": agency.claire.email, "password": "wrong"}
    assert at_once([posting(open_browser(app), "/sign-in", wrong) for _ in range(8)]) == [422] * 8
    from portal.accounts.models import Throttle

    assert database.all(select(Throttle.hits)) == [8, 8, 8]  # for the login, from there, and of all


def test_the_client_and_the_agency_at_once_are_one_rating(agency: Agency, sign_in: SignIn, database: Database) -> None:
    typed = {"stars": "1", "how": "telephone", "day": "2026-11-17", "hour": "11:30"}
    visit = f"visits/{agency.claires_done}/rating"
    own = [posting(sign_in(agency.claire), f"/client/{visit}", {"stars": "5"}) for _ in range(5)]
    staff = [posting(sign_in(agency.sofia), f"/staff/{visit}", typed) for _ in range(5)]
    assert at_once([*own, *staff]) == [303] + [409] * 9
    assert database.count(Rating) == 1
    assert database.count(AuditEntry, AuditEntry.kind == "rating.left") == 1


def test_what_several_of_the_agency_do_at_once_is_done_once(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        rating = rate(agency.claire, agency.claires_done, 1).id
    deeds = {
        f"/staff/visits/{agency.claires_done}/rating/request": ({"version": "0"}, RatingRequest),
        f"/staff/ratings/{rating}/reply": ({"text": "Nous vous appelons."}, RatingReply),
        f"/staff/ratings/{rating}/exclusion": ({"reason": "Autre personne", "version": "1"}, RatingExclusion),
    }
    for url, (data, written) in deeds.items():
        people = [sign_in(agency.ines if number % 2 else agency.ada) for number in range(6)]
        assert at_once([posting(one, url, data) for one in people]) == [303] + [409] * 5, url
        assert database.count(written) == 1


LOCKED = ("UPDATE message ", "UPDATE rating_subject ", "INSERT INTO request_tally ", "UPDATE rating ",
          "INSERT INTO rating ", "INSERT INTO rating_tally ")  # fmt: skip
RANKS = dict(zip(LOCKED, (0, 1, 1, 2, 3, 3), strict=True))  # a rating that is not there yet is nobody else's


def locked_in_order(statements: Sequence[str]) -> list[str]:
    """What a deed locked, each once, in the order in which it did first; fail where that is not the order of all."""
    found = [name for one in statements for name in LOCKED if name in one]
    assert found == sorted(found, key=RANKS.__getitem__), "\n".join(found)
    return list(dict.fromkeys(found))


def test_who_rates_and_who_takes_mails_back_lock_in_one_order(
    agency: Agency, sign_in: SignIn, database: Database, visit: Callable[..., int]
) -> None:
    """On PostgreSQL two who lock the same in two orders wait for each other, until one of them gets an error page."""
    rate_url, ask_url = f"/client/visits/{(made := visit())}/rating", f"/staff/visits/{made}/rating/request"
    claire, ines = sign_in(agency.claire), sign_in(agency.ines)
    message = database.one(select(RatingRequest.message_id))

    def do(person: Browser, url: str, **data: str) -> list[str]:
        posted = person.post(url, data=data, headers={"X-CSRFToken": person.csrf_token()})
        assert posted.status == 303, posted.text
        return locked_in_order(posted.statements)

    assert {"UPDATE message ", "INSERT INTO request_tally "} <= set(do(ines, ask_url, version="1"))
    assert {"UPDATE message ", "INSERT INTO rating "} <= set(do(claire, rate_url, stars="4"))
    assert "UPDATE rating " in do(ines, ask_url, version="2")
    assert {"UPDATE message ", "UPDATE rating "} <= set(do(claire, rate_url, stars="2", comment="Non", version="1"))
    assert database.one(select(Message.state).where(Message.id == message)) == "cancelled"
