"""A rating that is not counted: struck through with its reason, never deleted; the client sees no difference."""

import pytest
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.ratings.actions import change_rating
from portal.ratings.models import FormerRating, Rating, RatingExclusion
from tests.conftest import Database, Mailbox, SignIn
from tests.factories import Agency, rate
from tests.pages import Page

REASON = "Évaluation d’une autre personne"
STATE = select(Rating.stars, Rating.excluded_by, Rating.exclude_reason)


@pytest.fixture
def rating(agency: Agency, database: Database) -> int:
    with database.writing():
        return rate(agency.claire, agency.claires_done, 1, "Mauvais").id


def exclude(sign_in: SignIn, agency: Agency, reason: str = REASON) -> Page:
    page = sign_in(agency.ines).get(f"/staff/visits/{agency.claires_done}").link("Exclude from statistics").click()
    return page.form("Exclude from statistics").submit(reason=reason)


def test_it_is_shown_struck_through_with_reason_name_and_date_and_no_longer_waits(
    agency: Agency, database: Database, sign_in: SignIn, rating: int, mailbox: Mailbox
) -> None:
    page = exclude(sign_in, agency)
    assert page.location == f"/staff/visits/{agency.claires_done}"
    sofia = sign_in(agency.sofia)
    for path in (f"/staff/visits/{agency.claires_done}", "/staff/ratings", "/staff/ratings?low=1"):
        page = sofia.get(path)
        assert f"Excluded by Inès Caron on 17 November 2026, 12:00: {REASON}" in page.words
        assert "1 out of 5" in page.says(".not-counted s"), path
        assert "I have looked at it" not in page.words
        assert page.soup.select_one("nav .count-bubble") is None
    assert "low rating" not in sofia.get("/staff/home").words
    assert "All low ratings have been looked at" in sofia.get("/staff/ratings?unseen=1").words
    assert "Not counted" in sofia.get("/staff/visits?state=done").says(f"#visit-{agency.claires_done}")
    assert (
        "Inès Caron excluded the rating from the statistics" in sofia.get(f"/staff/visits/{agency.claires_done}").words
    )
    assert mailbox.collect() == [], "an alert that has not left yet is not needed"
    own = sign_in(agency.claire).get("/client/visits")
    assert "1 out of 5" in own.says(f"#visit-{agency.claires_done}")
    assert REASON not in own.html
    assert "counted" not in own.words
    assert database.one(STATE) == (1, "Inès Caron", REASON)
    kept = database.one(select(RatingExclusion))
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "rating.excluded"))
    assert (entry.account_id, entry.subject_id, entry.after) == (
        agency.ines.account_id, agency.claires_done, {"stars": 1, "exclusion": kept.id},
    )  # fmt: skip
    assert REASON not in repr(entry.after), "free text is not kept in the journal"


def test_it_can_be_counted_again_and_the_reason_stays_on_record(
    agency: Agency, database: Database, sign_in: SignIn, rating: int
) -> None:
    page = exclude(sign_in, agency).follow()
    assert page.form("Count it again").submit().status == 303
    assert database.one(STATE) == (1, None, None)
    assert database.one(select(RatingExclusion.reason)) == REASON
    page = sign_in(agency.sofia).get(f"/staff/visits/{agency.claires_done}")
    assert not page.soup.select("s")
    assert "I have looked at it" in page.words
    assert "Inès Caron had the rating counted again" in page.words
    assert database.count(AuditEntry, AuditEntry.kind == "rating.included") == 1
    assert sign_in(agency.ines).act(f"/staff/ratings/{rating}/inclusion").status == 409


def test_another_value_is_counted_and_the_reason_stays_with_the_former_one(
    agency: Agency, database: Database, sign_in: SignIn, rating: int
) -> None:
    exclude(sign_in, agency)
    with database.writing():
        found = db.session.get_one(Rating, rating)
        change_rating(agency.claire.user, found, 4, "Mieux", found.version)
    assert database.one(STATE) == (4, None, None)
    assert database.one(select(FormerRating.stars, FormerRating.exclude_reason)) == (1, REASON)
    page = sign_in(agency.sofia).get(f"/staff/visits/{agency.claires_done}")
    assert f"This value was not counted: {REASON}" in page.says("details .voices")
    assert "1 out of 5" in page.says("details .not-counted > .voice-stars > s")
    assert len(page.soup.select("s")) == 1, "the present value counts"


def test_what_has_changed_meanwhile_is_not_excluded_unseen(
    agency: Agency, database: Database, sign_in: SignIn, rating: int
) -> None:
    window = sign_in(agency.ines).get(f"/staff/ratings/{rating}/exclusion").form("Exclude from statistics")
    with database.writing():
        found = db.session.get_one(Rating, rating)
        change_rating(agency.claire.user, found, 5, "Très bien", found.version)
    page = window.submit(reason=REASON)
    assert page.status == 409
    assert page.errors() == ["This rating has changed or been excluded in the meantime. Look at the visit again."]
    assert REASON in page.at("textarea").get_text()
    assert database.one(STATE) == (5, None, None)


def test_two_who_exclude_at_once_leave_the_first_reason(
    agency: Agency, database: Database, sign_in: SignIn, rating: int
) -> None:
    path = f"/staff/ratings/{rating}/exclusion"
    hers, adas = sign_in(agency.ines).get(path), sign_in(agency.ada).get(path)
    assert hers.form("Exclude from statistics").submit(reason=REASON).status == 303
    assert adas.form("Exclude from statistics").submit(reason="Une autre raison").status == 409
    assert database.one(STATE) == (1, "Inès Caron", REASON)


def test_a_reason_is_more_than_a_word(agency: Agency, database: Database, sign_in: SignIn, rating: int) -> None:
    form = sign_in(agency.ines).get(f"/staff/ratings/{rating}/exclusion").form("Exclude from statistics")
    before = database.fingerprint()
    too_short = "Please give the reason in a few words."
    for reason, error in (("", too_short), ("Erreur", too_short), ("a " * 300, "Please use at most 500 characters.")):
        page = form.submit(reason=reason)
        assert page.status == 422
        assert error in page.errors()
        assert reason.strip() in page.at("textarea").get_text()
    assert database.fingerprint() == before


def test_coordinators_see_no_button_and_may_not(
    agency: Agency, database: Database, sign_in: SignIn, rating: int
) -> None:
    sofia = sign_in(agency.sofia)
    assert "Exclude from statistics" not in sofia.get(f"/staff/visits/{agency.claires_done}").words
    assert sofia.act(f"/staff/ratings/{rating}/exclusion", {"reason": REASON, "version": "1"}).status == 403
    assert sofia.act(f"/staff/ratings/{rating}/inclusion").status == 403
    assert database.one(STATE) == (1, None, None)
