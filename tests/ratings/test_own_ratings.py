"""*Mes évaluations*: what a worker reads of their own ratings, what they answer, and what the agency decides."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.people.models import Client, Service, Worker
from portal.ratings.exclusion import exclude_rating
from portal.ratings.models import Rating
from portal.ratings.own import NOTICE
from portal.ratings.own_models import NoticeRead, ShownComment, WorkerWord
from portal.settings.actions import set_option
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.pages import Browser

OWN = "/worker/ratings"


@pytest.fixture(autouse=True)
def allowed(agency: Agency, database: Database) -> None:
    with database.writing():
        set_option(None, "ratings.workers_see", "true")


@pytest.fixture
def wassim(agency: Agency, sign_in: SignIn) -> Browser:
    """Wassim, who has read the notice."""
    browser = sign_in(agency.wassim)
    browser.get(OWN).form("I have read this").submit()
    return browser


@pytest.fixture
def rating(agency: Agency, database: Database) -> int:
    with database.writing():
        return factories.rate(agency.claire, agency.claires_done, 1, "Le secret de Claire").id


def several(agency: Agency, database: Database, *stars: int) -> list[int]:
    with database.writing():
        claire, rising = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.rising)
        wassim = db.session.get_one(Worker, agency.wassim.id)
        made = [factories.done_visit(claire, rising, [wassim], days=-3, hour=7) for _each in stars]
        return [factories.rate(agency.claire, visit.id, n).id for visit, n in zip(made, stars, strict=True)]


def contest(wassim: Browser, rating: int, text: str = "Je n’étais pas là") -> None:
    page = wassim.get(OWN).soup.select_one(f"#rating-{rating} a")
    assert page
    wassim.get(str(page["href"])).form("Send").submit(kind="contest", text=text)


# ---- the notice ----


def test_nothing_is_there_unless_the_agency_allows_it(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        set_option(None, "ratings.workers_see", "false")
    wassim = sign_in(agency.wassim)
    assert wassim.get(OWN).status == 404
    assert "My ratings" not in wassim.get("/worker/account").words


def test_the_notice_is_read_before_anything_is_shown(
    agency: Agency, sign_in: SignIn, database: Database, rating: int
) -> None:
    wassim = sign_in(agency.wassim)
    page = wassim.get("/worker/account").link("Read my ratings").click()
    assert page.h1 == "Before you read your ratings"
    assert "out of 5" not in page.words
    assert wassim.get(f"{OWN}/{rating}").status == 303
    page = page.form("I have read this").submit().follow()
    assert page.h1 == "My ratings"
    assert wassim.get(OWN).h1 == "My ratings", "once"
    wassim.act(OWN)
    assert database.count(NoticeRead) == 1
    assert database.count(AuditEntry, AuditEntry.kind == "rating.notice_read") == 1


# ---- what is shown ----


def test_a_worker_reads_stars_and_visit_and_neither_name_nor_comment_nor_way(wassim: Browser, rating: int) -> None:
    page = wassim.get(OWN)
    row = page.says(f"#rating-{rating}")
    assert "1 out of 5" in row
    assert "Aide au lever" in row
    for hidden in ("Claire", "Lefèvre", "secret", "portal", "mail"):
        assert hidden not in row


def test_a_comment_is_read_once_staff_have_passed_it_on_and_until_they_take_it_back(
    agency: Agency, wassim: Browser, sign_in: SignIn, rating: int, database: Database
) -> None:
    sofia, visit = sign_in(agency.sofia), f"/staff/visits/{agency.claires_done}"
    sofia.get(visit).form("Show to the worker").submit()
    assert "Le secret de Claire" in wassim.get(OWN).words
    assert "passed on by Sofia Benali" in sofia.get(visit).words
    sofia.get(visit).form("Hide from the worker").submit()
    assert "Le secret de Claire" not in wassim.get(OWN).words
    kinds = database.all(select(AuditEntry.kind).where(AuditEntry.kind.like("rating.comment%")).order_by(AuditEntry.id))
    assert kinds == ["rating.comment_shown", "rating.comment_hidden"]


def test_another_comment_is_passed_on_anew(
    agency: Agency, wassim: Browser, sign_in: SignIn, rating: int, database: Database, time_machine: TimeMachineFixture
) -> None:
    sign_in(agency.sofia).get(f"/staff/visits/{agency.claires_done}").form("Show to the worker").submit()
    assert "secret" in wassim.get(OWN).words
    time_machine.shift(timedelta(hours=1))
    page = sign_in(agency.claire).get(f"/client/visits/{agency.claires_done}/rating")
    page.form("Save").submit(stars="2", comment="Autre chose")
    page = wassim.get(OWN)
    assert "Autre chose" not in page.words
    assert "secret" not in page.words
    assert database.count(ShownComment) == 1


def test_a_comment_that_changed_meanwhile_is_not_passed_on_unread(
    agency: Agency, wassim: Browser, sign_in: SignIn, rating: int, database: Database, time_machine: TimeMachineFixture
) -> None:
    seen = sign_in(agency.sofia).get(f"/staff/visits/{agency.claires_done}")
    time_machine.shift(timedelta(minutes=10))
    page = sign_in(agency.claire).get(f"/client/visits/{agency.claires_done}/rating")
    page.form("Save").submit(stars="0", comment="Ce que personne n’a lu")
    assert seen.form("Show to the worker").submit().status == 409
    assert "personne" not in wassim.get(OWN).words
    assert database.count(ShownComment) == 0


def test_a_worker_contests_the_value_that_they_have_seen(
    agency: Agency, wassim: Browser, sign_in: SignIn, rating: int, database: Database, time_machine: TimeMachineFixture
) -> None:
    page = wassim.get(OWN).link("Reply or contest").click()
    time_machine.shift(timedelta(minutes=10))
    sign_in(agency.claire).get(f"/client/visits/{agency.claires_done}/rating").form("Save").submit(stars="5")
    refused = page.form("Send").submit(kind="contest", text="Une étoile, c’est injuste")
    assert refused.status == 409
    assert "injuste" in refused.at("textarea").get_text(), "nothing typed is lost"
    assert "5 out of 5" in refused.words
    assert database.count(WorkerWord) == 0
    assert refused.form("Send").submit().status == 303, "who sends it again has seen the new one"


def test_who_has_read_a_former_notice_reads_the_present_one(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        db.session.add(NoticeRead(worker_id=agency.wassim.id, version=NOTICE - 1))
    assert sign_in(agency.wassim).get(OWN).h1 == "Before you read your ratings"


def test_too_few_answers_make_no_average(agency: Agency, wassim: Browser, database: Database) -> None:
    several(agency, database, 5, 4, 5, 3)
    page = wassim.get(OWN)
    assert "Not enough answers · 4 ratings" in page.words
    assert not page.soup.select(".average")
    several(agency, database, 3)
    assert "4.0 out of 5 probably between" in wassim.get(OWN).says(".average")


def test_what_is_excluded_is_struck_through_and_not_in_the_average(
    agency: Agency, wassim: Browser, database: Database
) -> None:
    made = several(agency, database, 5, 5, 5, 5, 5, 0)
    with database.writing():
        rating = db.session.get_one(Rating, made[-1])
        exclude_rating(agency.ines.user, rating, "Mauvaise personne", rating.version)
    page = wassim.get(OWN)
    assert "5 ratings" in page.says(".average")
    assert "Not counted" in page.says(f"#rating-{made[-1]}")
    assert "Mauvaise" not in page.words


def test_a_worker_reads_their_own_alone_even_when_the_visit_is_given_to_another(
    agency: Agency, wassim: Browser, sign_in: SignIn, rating: int, database: Database
) -> None:
    jean = sign_in(agency.jean)
    jean.get(OWN).form("I have read this").submit()
    assert not jean.get(OWN).soup.select(".voice")
    assert jean.get(f"{OWN}/{rating}").status == 404
    assert jean.act(f"{OWN}/{rating}", {"kind": "reply", "text": "x"}).status == 404
    assert wassim.get(OWN).soup.select(".voice")


def test_the_page_asks_as_much_for_fifty_ratings_as_for_one(
    agency: Agency, wassim: Browser, database: Database, rating: int
) -> None:
    few = wassim.get(OWN)
    several(agency, database, *(n % 6 for n in range(50)))
    many = wassim.get(OWN)
    assert len(many.soup.select(".voice")) == 50
    assert len(many.statements) == len(few.statements) <= 7


# ---- what they answer, and what is decided ----


def test_each_value_is_answered_once(wassim: Browser, rating: int, database: Database) -> None:
    page = wassim.get(OWN).link("Reply or contest").click()
    refused = page.form("Send").submit(text="Merci")
    assert refused.status == 422
    assert "Merci" in refused.at("textarea").get_text(), "nothing typed is lost"
    assert page.form("Send").submit(kind="reply", text="Merci de votre retour").status == 303
    assert "You replied: Merci de votre retour" in wassim.get(OWN).words
    assert page.form("Send").submit(kind="reply", text="Encore").status == 409
    assert page.form("Send").submit(kind="contest", text="Je n’étais pas là").status == 303
    assert database.count(WorkerWord) == 2
    assert "Waits for a decision" in wassim.get(OWN).words


@pytest.mark.parametrize(("accepted", "adjusted"), [("yes", "5.0 out of 5"), ("no", "4.2 out of 5")])
def test_a_contest_is_decided_with_a_reason_and_both_figures_are_kept(
    agency: Agency, wassim: Browser, sign_in: SignIn, database: Database, accepted: str, adjusted: str
) -> None:
    made = several(agency, database, 5, 5, 5, 5, 5, 0)
    contest(wassim, made[-1])
    sofia = sign_in(agency.sofia)
    page = sofia.get("/staff/home").link("See the contested ratings").click()
    page = page.link("Wassim Haddad").click()
    assert "Je n’étais pas là" in page.words
    assert page.form("Decide").submit(accepted=accepted).status == 422, "never without a reason"
    assert page.form("Decide").submit(accepted=accepted, reason="Planning vérifié").status == 303
    assert page.form("Decide").submit(accepted="no", reason="Trop tard").status == 409
    own = wassim.get(OWN)
    assert "Planning vérifié" in own.words
    assert adjusted in own.says(".average")
    assert ("With them: 4.2 out of 5" in own.words) is (accepted == "yes")
    record = sofia.get(f"/staff/workers/{agency.wassim.id}/ratings")
    assert "4.2 out of 5" in record.words
    assert ("adjusted: average of 5 ratings" in record.words) is (accepted == "yes")
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "rating.contest_decided"))
    assert entry.after["accepted"] is (accepted == "yes")
    assert "Planning" not in str(entry.after)
    assert "See the contested ratings" not in sofia.get("/staff/home").words


def test_another_sector_decides_nothing(
    agency: Agency, wassim: Browser, sign_in: SignIn, rating: int, database: Database
) -> None:
    contest(wassim, rating)
    word = database.one(select(WorkerWord.id))
    igor = sign_in(agency.igor)
    assert igor.get(f"/staff/contests/{word}").status == 404
    assert igor.act(f"/staff/contests/{word}", {"accepted": "yes", "reason": "Parce que"}).status == 404
    assert igor.act(f"/staff/ratings/{rating}/showing").status == 404
    assert "Wassim" not in igor.get("/staff/contests").says("main")
    assert "See the contested ratings" not in igor.get("/staff/home").words


def test_the_page_of_the_visit_says_what_the_worker_says_in_no_more_statements_than_it_may(
    agency: Agency, wassim: Browser, sign_in: SignIn, rating: int
) -> None:
    contest(wassim, rating, "Je conteste")
    page = sign_in(agency.sofia).get(f"/staff/visits/{agency.claires_done}")
    assert "Je conteste" in page.words
    assert len(page.statements) <= 12
    assert page.link("Decide").click().h1 == "Contested rating"
