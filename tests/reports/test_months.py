"""*Clôturer le mois*: what counted stays as it was; what changes later is listed beside it, never folded in."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import func, select, update

from portal import clock
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.people.models import Client, Service
from portal.ratings.models import Rating
from portal.reports.month_models import ClosedMonth, ClosedRating
from portal.settings.actions import set_option
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.pages import Page
from tests.reports.conftest import MONTHS, tallied
from tests.reports.test_feedback import asked, figures, number, words

MONTH = f"{MONTHS}/2026/10"


def differences(page: Page) -> list[list[str]]:
    table = page.soup.select("#since ~ .table-frame table")
    return [[words(cell) for cell in row.select("td")][1:] for row in table[0].select("tbody tr")] if table else []


def test_a_closed_month_keeps_what_counted(
    october: Agency, close: Callable[[], Page], sign_in: SignIn, database: Database
) -> None:
    page = close()
    assert "Closed by Inès Caron on 17 November 2026, 12:00." in page.words
    before = figures(page)
    assert before["Overall rating"].startswith("3.50 / 5")  # (5 + 4 + 4 + 1) / 4
    assert before["Rated part"].startswith("83% | n = 6 ")  # the excluded one was an answer too
    assert before["Coverage"].startswith("0% | n = 6 ")
    assert differences(page) == []
    with database.writing():
        ratings = db.session.scalars(select(Rating).order_by(Rating.id)).all()
        ratings[0].stars, ratings[1].excluded_at, ratings[1].exclude_reason = 2, clock.now(), "Un doublon"
        ratings[3].excluded_at = ratings[3].exclude_reason = None
        unrated = db.session.scalar(select(func.max(Rating.subject_id)))
        set_option(None, "ratings.passives_from", "2")
        visit = factories.done_visit(db.session.get_one(Client, october.claire.id),
                                     db.session.get_one(Service, october.rising), [], days=-27)  # fmt: skip
        assert unrated
        factories.rate(october.claire, visit.id, 3)
        tallied()
    ines = sign_in(october.ines)
    page = ines.get(MONTH)
    assert figures(page) == before, "what was closed does not move"
    assert differences(page) == [
        ["Aide au lever", "0 out of 5 Not counted", "0 out of 5"],
        ["Aide au lever", "4 out of 5", "4 out of 5 Not counted"],
        ["Aide au lever", "5 out of 5", "2 out of 5"],
        ["Aide au lever", "not rated", "3 out of 5"],
    ]
    assert "Counted today it would be: 2.00 / 5 (n = 5)." in page.words  # (2 + 4 + 0 + 1 + 3) / 5
    assert number(asked(ines, period="last_month")) == 5, "live pages show what counts now"


def test_everybody_sees_their_sectors_of_it(october: Agency, close: Callable[[], Page], sign_in: SignIn) -> None:
    close()
    assert figures(sign_in(october.sofia).get(MONTH))["Overall rating"].startswith("4.33 / 5")
    igor = sign_in(october.igor).get(MONTH)
    assert figures(igor)["Overall rating"] == "Not enough answers | n = 1"
    assert "Wassim" not in igor.words


def test_a_month_is_closed_once_when_it_is_over_and_by_who_may(
    october: Agency, close: Callable[[], Page], sign_in: SignIn, database: Database
) -> None:
    sofia, ines, ada = sign_in(october.sofia), sign_in(october.ines), sign_in(october.ada)
    form = ada.get(f"{MONTH}/closing").form("Close the month")
    assert "Close the month" not in sofia.get(MONTHS).words
    assert sofia.act(f"{MONTH}/closing").status == 403
    close()
    second = form.submit()
    assert second.status == 409
    assert "Somebody has closed this month already." in second.words
    assert database.one(select(func.count()).select_from(ClosedMonth)) == 1
    assert database.one(select(func.count()).select_from(ClosedRating)) == 5
    assert database.all(select(AuditEntry.account_id, AuditEntry.after).where(AuditEntry.kind == "month.closed")) == [
        (october.ines.account_id, {"month": "2026-10-01"})
    ]
    for path in ("/staff/analytics/months/2026/11/closing", "/staff/analytics/months/2026/13/closing",
                 "/staff/analytics/months/2026/9", "/staff/analytics/months/0/1"):  # fmt: skip
        assert ines.get(path).status == 404, path


def test_it_is_said_before_what_is_still_open(october: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        visit = factories.done_visit(db.session.get_one(Client, october.denis.id),
                                     db.session.get_one(Service, october.rising), [], days=-20, ask=True)  # fmt: skip
        factories.request_of(visit.id).message.state = "scheduled"
        db.session.execute(update(Client).values(active=True))
        tallied()
    page = sign_in(october.ines).get(f"{MONTH}/closing")
    assert "1 request can still be answered" in page.words


def test_a_request_that_was_kept_back_is_open_as_long_as_its_link(
    october: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        visit = factories.done_visit(db.session.get_one(Client, october.denis.id),
                                     db.session.get_one(Service, october.rising), [], days=-20, ask=True)  # fmt: skip
        factories.sent_request(visit, "denis@example.org")
        factories.request_of(visit.id).expires_at = clock.now() + timedelta(hours=1)
        tallied()
    ines = sign_in(october.ines)
    assert "1 request can still be answered" in ines.get(f"{MONTH}/closing").words
    with database.writing():
        factories.request_of(visit.id).expires_at = clock.now() - timedelta(hours=1)
    assert "No request of this month can still be answered by mail." in ines.get(f"{MONTH}/closing").words


def test_the_list_begins_with_the_first_month_that_has_a_visit(october: Agency, sign_in: SignIn) -> None:
    rows = sign_in(october.ines).get(MONTHS).soup.select("tbody tr")
    assert [words(row.select("td")[0]) for row in rows] == ["October 2026"]
