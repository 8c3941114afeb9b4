"""*Créer une évaluation client*: the agency types what a client has said by telephone, during a visit or on paper."""

import json
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal.audit.models import AuditEntry
from portal.errors import Refused
from portal.extensions import db
from portal.outbox.models import Message
from portal.ratings.models import FormerRating, Rating
from portal.ratings.on_behalf import Said, moment_given, type_rating
from portal.settings.actions import set_option
from tests import factories
from tests.conftest import Database, Mailbox, SignIn
from tests.factories import NOON, Agency, rate
from tests.pages import Browser, Page
from tests.ratings.conftest import Asked, plan_asked_visit

GIVEN: dict[str, Any] = {"how": "telephone", "day": "2026-11-17", "hour": "11:30"}
COLUMNS = (
    Rating.stars, Rating.comment, Rating.channel, Rating.author_name, Rating.author_role, Rating.typed_by,
    Rating.given_how, Rating.given_at,
)  # fmt: skip


@pytest.fixture
def sofia(agency: Agency, sign_in: SignIn) -> Browser:
    return sign_in(agency.sofia)


@pytest.fixture
def address(agency: Agency) -> str:
    return f"/staff/visits/{agency.claires_done}/rating"


def typed(agency: Agency, database: Database, stars: int = 4, comment: str = "Au téléphone") -> int:
    with database.writing():
        said = Said(stars, comment, "telephone", NOON - timedelta(minutes=30))
        return type_rating(agency.sofia.user, factories.subject(agency.claires_done), said)


def kept(database: Database) -> tuple:
    return database.one(select(*COLUMNS))


# ---- the window ----


def test_a_coordinator_types_what_a_client_has_said_and_the_mail_stays_at_home(
    agency: Agency, database: Database, sofia: Browser, mailbox: Mailbox, sign_in: SignIn
) -> None:
    visit = plan_asked_visit(agency, database)
    message = database.one(select(Message.id).where(Message.kind == "ratings.request"))
    page = sofia.get(f"/staff/visits/{visit}").link("Create a client rating").click()
    assert page.h1 == "Create a client rating"
    assert "You are answering for Claire Lefèvre." in page.words
    form = page.form("Save")
    assert (form.values()["day"], form.values()["hour"]) == ("2026-11-17", "12:00"), "now, as the agency's clock shows"
    page = form.submit(stars="2", comment="Elle est venue en retard", **GIVEN)
    assert page.location == f"/staff/visits/{visit}"
    page = page.follow()
    assert "The rating is saved. It is marked as entered by the agency." in page.words
    assert kept(database) == (
        2, "Elle est venue en retard", "staff", "Claire Lefèvre", "client", "Sofia Benali", "telephone",
        NOON - timedelta(minutes=30),
    )  # fmt: skip
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "rating.left"))
    assert (entry.account_id, entry.role, entry.subject_id) == (agency.sofia.account_id, "coordinator", visit)
    assert entry.after == {"stars": 2, "channel": "staff", "how": "telephone", "cancelled_messages": [message]}
    assert database.all(select(Message.state, Message.reason).where(Message.id == message)) == [
        ("cancelled", "already_rated")
    ]
    assert [mail["Subject"] for mail in mailbox.collect() if "claire" in str(mail["To"])] == []
    assert database.all(select(Message.kind).where(Message.kind.like("ratings.%low"))) == ["ratings.low"]


def test_wherever_it_is_shown_it_says_that_the_agency_typed_it(
    agency: Agency, database: Database, sofia: Browser, sign_in: SignIn
) -> None:
    typed(agency, database, 1)
    how = "entered by Sofia Benali, given by telephone on 17 November 2026, 11:30"  # on the agency's clock
    for path in ("/staff/ratings", "/staff/home", f"/staff/visits/{agency.claires_done}"):
        assert how in sofia.get(path).words, path
    page = sofia.get(f"/staff/visits/{agency.claires_done}")
    frame = next(tag for tag in page.soup.select(".panel") if tag.h2 and tag.h2.get_text() == "Client")
    assert "1 out of 5" in frame.get_text(" ")
    assert "Entered by the agency" in frame.get_text(" ")
    assert "Claire Lefèvre rated the visit: 1 out of 5" in page.words
    assert "Entered by the agency" in sofia.get("/staff/visits?state=done").says(f"#visit-{agency.claires_done}")
    claire = sign_in(agency.claire)
    row = claire.get("/client/visits")
    assert "Entered by the agency" in row.says(f"#visit-{agency.claires_done}")
    said = row.link("Entered by the agency").click()
    assert "Entered by Maison & Soins: given by telephone on 17 November 2026, 11:30." in said.words
    assert claire.part(f"/client/visits/{agency.claires_done}/rating/said").is_fragment
    assert "Entered by Maison & Soins" in claire.get(f"/client/visits/{agency.claires_done}/rating").words


def test_the_window_is_the_clients_own_as_a_page_and_in_a_dialog(
    agency: Agency, sofia: Browser, sign_in: SignIn, address: str
) -> None:
    own = sign_in(agency.claire).part(f"/client/visits/{agency.claires_done}/rating")
    window = sofia.part(address)
    assert window.is_fragment
    for selector in (".rate", ".who"):
        assert window.says(selector) == own.says(selector)
    assert window.at("textarea")["maxlength"] == own.at("textarea")["maxlength"]
    page = window.form("Save").submit(htmx=True, stars="5", **GIVEN)
    assert page.response.headers["HX-Redirect"] == f"/staff/visits/{agency.claires_done}", "another page was open"


def test_the_page_under_the_window_is_brought_up_to_date_where_it_is(sofia: Browser, address: str) -> None:
    own = {"HX-Current-URL": "http://localhost/staff/visits?state=done"}
    page = sofia.act(f"{address}?next=/staff/visits?state%3Ddone", {"stars": "5", **GIVEN}, htmx=True, headers=own)
    asked = json.loads(page.headers["HX-Location"])
    assert asked["path"].startswith("/staff/visits?state=done")
    assert sofia.get(asked["path"]).at(asked["target"]).name == "main"


def test_it_returns_to_the_page_from_which_the_window_was_opened(sofia: Browser, address: str) -> None:
    page = sofia.get(f"{address}?next=/staff/visits?state=done").form("Save").submit(stars="5", **GIVEN)
    assert page.location == "/staff/visits?state=done"
    assert page.headers["Location"].endswith(f"#visit-{address.split('/')[3]}"), "at the same line"
    assert sofia.act(f"{address}?next=//evil.example", {"stars": "5", **GIVEN}).status == 409


# ---- what may be typed ----


WRONG = (
    ({"how": None}, "Please say how the client gave the rating."),
    ({"how": "pigeon"}, "Please choose one of the values offered."),
    ({"day": ""}, "Please give the day."),
    ({"day": "17/11/2026"}, "Not a valid date value."),
    ({"day": "0001-01-01"}, "Please give the day."),
    ({"hour": ""}, "Please give the time."),
    ({"hour": "25:00"}, "Not a valid time value."),
    ({"hour": "12:01"}, "This moment is still to come."),
    ({"day": "2026-11-16", "hour": "09:59"}, "The visit was not over by then."),
    ({"stars": None}, "Please choose a number of stars."),
    ({"stars": "6"}, "Please choose one of the values offered."),
)


def test_bad_input_is_said_at_the_field_and_what_was_typed_stays(
    sofia: Browser, address: str, database: Database
) -> None:
    before = database.fingerprint()
    for wrong, error in WRONG:
        sent = {"stars": "4", "comment": "Ce qu’elle a dit", **GIVEN} | wrong
        page = sofia.act(address, {name: value for name, value in sent.items() if value is not None})
        assert page.status == 422, wrong
        assert error in page.errors(), wrong
        assert "Ce qu’elle a dit" in page.at("textarea").get_text()
        if "how" not in wrong:
            assert page.at('input[name="how"][checked]')["value"] == "telephone"
        if "stars" not in wrong:
            assert page.at('input[name="stars"][checked]')["value"] == "4"
    assert database.fingerprint() == before


def test_zero_is_a_score_here_too_where_the_agency_offers_it(sofia: Browser, address: str, database: Database) -> None:
    with database.writing():
        set_option(None, "ratings.offer_zero", "no")
    page = sofia.act(address, {"stars": "0", **GIVEN})
    assert (page.status, page.errors()) == (409, ["Please choose between 1 and 5 stars."])
    with database.writing():
        set_option(None, "ratings.offer_zero", "yes")
    assert sofia.get(address).form("Save").submit(stars="0", **GIVEN).status == 303
    assert kept(database)[0] == 0


@pytest.mark.parametrize(("day", "hour", "expected"), [
    (date(2026, 10, 25), time(2, 30), "2026-10-25T01:30+00:00"),  # comes twice: after the visit's end
    (date(2026, 10, 25), time(3, 0), "2026-10-25T02:00+00:00"),
    (date(2026, 11, 17), time(12, 0), "2026-11-17T11:00+00:00"),
])  # fmt: skip
def test_the_hour_is_the_agencys_also_in_the_night_in_which_one_comes_twice(
    app, day: date, hour: time, expected: str
) -> None:
    ended = datetime(2026, 10, 25, 1, 15, tzinfo=NOON.tzinfo)  # 2:15 for the second time
    with app.app_context():
        assert moment_given(day, hour, ended) == datetime.fromisoformat(expected)
        with pytest.raises(Refused):
            moment_given(date(2026, 10, 25), time(2, 10), ended)


def test_only_what_is_done_is_rated(agency: Agency, sofia: Browser, database: Database) -> None:
    for visit in (agency.claires_past, agency.claires_next, agency.claires_cancelled, agency.draft):
        assert "Create a client rating" not in sofia.get(f"/staff/visits/{visit}").words
        page = sofia.get(f"/staff/visits/{visit}/rating")
        assert (page.status, page.errors()) == (409, ["This visit is not done, so it cannot be rated."])
        assert not page.soup.select("textarea")
        assert sofia.act(f"/staff/visits/{visit}/rating", {"stars": "5", **GIVEN}).status == 409
    assert database.count(Rating) == 0


def test_a_survey_on_paper_may_come_late_and_where_clients_do_not_rate_by_themselves(
    agency: Agency, database: Database, sign_in: SignIn, time_machine: TimeMachineFixture, address: str
) -> None:
    with database.writing():
        set_option(None, "ratings.client_ratings", "off")
    time_machine.shift(timedelta(days=100))
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/visits/{agency.claires_done}").link("Create a client rating").click()
    assert page.form("Save").submit(stars="3", how="paper", day="2026-12-24", hour="09:00").status == 303
    assert kept(database)[6] == "paper"


def test_with_the_module_off_nothing_is_typed(agency: Agency, database: Database, sofia: Browser, address: str) -> None:
    with database.writing():
        set_option(None, "ratings.enabled", "off")
    assert "Create a client rating" not in sofia.get(f"/staff/visits/{agency.claires_done}").words
    assert sofia.get(address).status == 404
    assert sofia.act(address, {"stars": "5", **GIVEN}).status == 404


def test_a_visit_of_another_sector_is_not_there(
    agency: Agency, database: Database, sign_in: SignIn, address: str
) -> None:
    igor, before = sign_in(agency.igor), database.fingerprint()
    assert igor.get(address).status == 404
    assert igor.act(address, {"stars": "5", **GIVEN}).status == 404
    assert database.fingerprint() == before


# ---- whose word it is ----


@pytest.mark.parametrize("way", ["portal", "mail"])
def test_nobody_changes_what_a_client_has_given(
    agency: Agency, database: Database, sofia: Browser, address: str, asked: Asked, way: str, sign_in: SignIn
) -> None:
    visit = agency.claires_done if way == "portal" else asked.visit
    sofia = sign_in(agency.sofia)
    if way == "portal":
        with database.writing():
            rate(agency.claire, visit, 1, "Jamais")
    else:
        assert sofia.post(asked.link, data={"stars": "1", "comment": "Jamais"}).status == 200
    assert "/rating" not in [str(a.get("href")) for a in sofia.get(f"/staff/visits/{visit}").soup.select(".panel a")]
    before = database.fingerprint()
    address = f"/staff/visits/{visit}/rating"
    for version in ("0", "1", "2"):
        page = sofia.act(address, {"stars": "5", "comment": "Mieux", "version": version, **GIVEN})
        assert page.status == 409
        assert page.errors() == [
            "The client has rated this visit. Nobody else can change that; you can ask the client again."
        ]
        assert "Mieux" in page.at("textarea").get_text(), "what was typed stays"
    assert sofia.get(address).status == 409
    assert database.fingerprint() == before


def test_a_client_who_is_faster_wins_and_the_coordinator_keeps_the_text(
    agency: Agency, database: Database, sofia: Browser, address: str
) -> None:
    window = sofia.get(address).form("Save")
    with database.writing():
        rate(agency.claire, agency.claires_done, 5, "Parfait")
    page = window.submit(stars="1", comment="Au téléphone", **GIVEN)
    assert page.status == 409
    assert "The client has rated this visit." in page.errors()[0]
    assert "Au téléphone" in page.at("textarea").get_text()
    assert database.one(select(Rating.stars, Rating.channel)) == (5, "portal")
    assert database.count(FormerRating) == 0


def test_a_coordinator_who_is_faster_wins_and_the_client_keeps_the_text(
    agency: Agency, database: Database, sign_in: SignIn
) -> None:
    window = sign_in(agency.claire).get(f"/client/visits/{agency.claires_done}/rating").form("Save")
    typed(agency, database, 4)
    page = window.submit(stars="1", comment="Mon avis")
    assert page.status == 409
    assert "This visit has been rated in the meantime." in page.errors()[0]
    assert "Mon avis" in page.at("textarea").get_text()
    assert kept(database)[0] == 4


def test_the_link_in_a_mail_that_has_left_says_that_the_agency_has_entered_the_rating(
    agency: Agency, database: Database, asked: Asked, sign_in: SignIn
) -> None:
    sofia = sign_in(agency.sofia)
    form = sofia.get(f"/staff/visits/{asked.visit}/rating").form("Save")
    assert form.submit(stars="4", comment="Secret", how="visit", day="2026-11-17", hour="11:00").status == 303
    page: Page = sign_in(agency.claire).get(f"{asked.link}?lang=en")
    assert "Your agency has already entered your rating" in page.words
    assert "4 out of 5" in page.words
    assert "Secret" not in page.words, "what the portal holds is read behind the sign-in"
    assert page.browser.post(asked.link, data={"stars": "1"}).status == 409
    assert database.one(select(Rating.stars)) == 4


def test_a_client_who_corrects_it_makes_it_their_own(
    agency: Agency, database: Database, sign_in: SignIn, sofia: Browser, address: str
) -> None:
    typed(agency, database, 4, "Au téléphone")
    claire = sign_in(agency.claire)
    page = claire.get("/client/visits").link("Entered by the agency").click().link("Change").click()
    assert page.at("textarea").get_text().strip() == "Au téléphone"
    assert page.form("Save").submit(stars="2", comment="Pas tout à fait").status == 303
    assert kept(database) == (2, "Pas tout à fait", "portal", "Claire Lefèvre", "client", None, None, None)
    former = database.one(select(FormerRating.stars, FormerRating.channel, FormerRating.typed_by))
    assert former == (4, "staff", "Sofia Benali")
    how = "entered by Sofia Benali, given by telephone on 17 November 2026, 11:30"
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "rating.changed"))
    assert (entry.before, entry.after) == ({"stars": 4, "channel": "staff"}, {"stars": 2, "channel": "portal"})
    assert "Entered by the agency" not in claire.get("/client/visits").words
    page = sofia.get(f"/staff/visits/{agency.claires_done}")
    assert how in page.says("details .voices"), "the former value says who had typed it, how and when it was given"
    story = [" ".join(line.get_text(" ").split()) for line in page.soup.select(".timeline > li")]
    assert [line for line in story if "4 out of 5" in line and how in line], story
    assert sofia.act(address, {"stars": "5", "version": "2", **GIVEN}).status == 409


def test_a_client_who_saves_it_as_it_is_makes_it_their_own_too(
    agency: Agency, database: Database, sign_in: SignIn
) -> None:
    typed(agency, database, 4, "Au téléphone")
    form = sign_in(agency.claire).get(f"/client/visits/{agency.claires_done}/rating").form("Save")
    assert form.submit().status == 303
    assert kept(database)[:4] == (4, "Au téléphone", "portal", "Claire Lefèvre")


def test_after_the_delay_the_client_still_reads_it_and_no_longer_changes_it(
    agency: Agency, database: Database, sign_in: SignIn, time_machine: TimeMachineFixture
) -> None:
    typed(agency, database)
    time_machine.shift(timedelta(days=8))
    page = sign_in(agency.claire).get("/client/visits").link("Entered by the agency").click()
    assert "given by telephone" in page.words
    assert "Change" not in page.words
    assert page.browser.get(f"/client/visits/{agency.claires_done}/rating").status == 409


def test_a_relative_from_whom_ratings_are_kept_does_not_read_it(
    agency: Agency, database: Database, sign_in: SignIn
) -> None:
    typed(agency, database)
    with database.writing():
        db.session.get_one(factories.Relative, agency.paul.id).sees_ratings = False
    paul = sign_in(agency.paul)
    assert "Entered by the agency" not in paul.get("/client/visits").words
    assert paul.get(f"/client/visits/{agency.claires_done}/rating/said").status == 404


def test_the_agency_corrects_its_own_typing_and_the_former_value_stays(
    agency: Agency, database: Database, sofia: Browser, sign_in: SignIn, address: str
) -> None:
    typed(agency, database, 4)
    hers = sofia.get(f"/staff/visits/{agency.claires_done}").link("Correct what the agency entered").click()
    colleagues = sign_in(agency.ines).get(address).form("Save")
    assert (hers.form("Save").values()["hour"], hers.at('input[name="how"][checked]')["value"]) == (
        "11:30", "telephone",
    )  # fmt: skip
    assert hers.form("Save").submit(stars="3", how="paper").status == 303
    assert kept(database)[0] == 3
    assert kept(database)[5:7] == ("Sofia Benali", "paper")
    assert database.one(select(FormerRating.stars, FormerRating.typed_by)) == (4, "Sofia Benali")
    page = colleagues.submit(stars="1", comment="D’Inès")
    assert page.status == 409
    assert "Somebody entered this rating in the meantime." in page.words
    assert "3 out of 5" in page.says(".voice-said")
    assert "D’Inès" in page.at("textarea").get_text()
    assert kept(database)[0] == 3
    before = database.fingerprint()
    assert sofia.get(address).form("Save").submit().status == 303
    assert database.fingerprint() == before, "the same again changes nothing"


@pytest.mark.parametrize("htmx", [False, True])
def test_of_two_colleagues_who_type_it_at_once_the_second_sees_both_texts_and_may_save_hers(
    agency: Agency, database: Database, sofia: Browser, sign_in: SignIn, address: str, htmx: bool
) -> None:
    ines = sign_in(agency.ines)
    hers = (ines.part(address) if htmx else ines.get(address)).form("Save")
    assert sofia.get(address).form("Save").submit(stars="4", comment="Le premier texte", **GIVEN).status == 303
    page = hers.submit(htmx=htmx, stars="2", comment="Le second texte", **GIVEN)
    assert page.status == 409
    assert "Above is what stands now, below what you typed." in page.words
    assert "entered by Sofia Benali" in page.words
    assert "Le premier texte" in page.says(".voice-said")
    assert "Le second texte" in page.at("textarea").get_text()
    assert kept(database)[1] == "Le premier texte"
    assert page.form("Save anyway").submit().status == 303
    assert kept(database)[:2] == (2, "Le second texte")
    assert kept(database)[5] == "Inès Caron"
    assert database.one(select(FormerRating.comment)) == "Le premier texte"


def test_the_pages_stay_thrifty(agency: Agency, database: Database, sofia: Browser, sign_in: SignIn) -> None:
    plan_asked_visit(agency, database)
    typed(agency, database, 1)
    visit = f"/staff/visits/{agency.claires_done}"
    for path, most in ((visit, 12), (f"{visit}/rating", 12), ("/staff/ratings", 6), ("/staff/home", 12)):
        page = sofia.get(path)
        assert len(page.statements) <= most, "\n".join([path, *page.statements])
    claire = sign_in(agency.claire)
    assert len(claire.get("/client/visits").statements) <= 6
    assert len(claire.get(f"/client/visits/{agency.claires_done}/rating/said").statements) <= 12
