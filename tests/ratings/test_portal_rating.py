"""*Laisser une évaluation*: a client rates a visit on the portal."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.outbox.models import Message
from portal.ratings.models import FormerRating, Rating, RatingSubject
from portal.settings.actions import set_option
from portal.visits.actions import cancel_visit
from portal.visits.models import Visit
from tests.conftest import Database, Mailbox, SignIn
from tests.factories import Agency, rate
from tests.pages import Browser, Page
from tests.ratings.conftest import plan_asked_visit

RATED_MEANWHILE = "This visit has been rated in the meantime. Close this window to see the rating."


@pytest.fixture
def claire(agency: Agency, sign_in: SignIn) -> Browser:
    return sign_in(agency.claire)


@pytest.fixture
def address(agency: Agency) -> str:
    return f"/client/visits/{agency.claires_done}/rating"


def said(database: Database) -> tuple:
    return database.one(select(Rating.stars, Rating.comment, Rating.channel, Rating.author_name, Rating.author_role))


def row(page: Page, visit: int) -> str:
    return page.says(f"#visit-{visit}")


def test_a_client_rates_without_javascript(claire: Browser, agency: Agency, address: str, database: Database) -> None:
    page = claire.get("/client/visits").link("Leave a rating").click()
    assert page.response.request.path == address
    page = page.form("Save").submit(stars="4", comment="  Très douce,\r\nmerci !  ")
    assert page.status == 303
    assert "4 out of 5" in row(page.follow(), agency.claires_done)
    assert said(database) == (4, "Très douce,\nmerci !", "portal", "Claire Lefèvre", "client")
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "rating.left"))
    assert (entry.account_id, entry.role, entry.subject_type, entry.subject_id, entry.before, entry.after) == (
        agency.claire.account_id, "client", "visit", agency.claires_done, None, {"stars": 4, "channel": "portal"},
    )  # fmt: skip


def test_with_javascript_the_row_changes_in_place(claire: Browser, agency: Agency, address: str) -> None:
    window = claire.part(address)
    assert window.is_fragment
    page = window.form("Save").submit(htmx=True, stars="5")
    assert page.status == 200
    assert page.events == "rating-left"
    assert "5 out of 5" in row(page, agency.claires_done)
    assert "Thank you. Your rating is saved." in page.words
    assert "rating-left" in str(window.at("[data-close-on]")["data-close-on"]), "the window closes at this event"


def test_the_window_is_a_page_and_a_part_of_one_address(claire: Browser, address: str) -> None:
    assert not claire.get(address).is_fragment
    assert claire.part(address).is_fragment
    assert not claire.get(address, headers={"HX-Request": "true", "HX-Request-Type": "full"}).is_fragment
    restored = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert not claire.get(address, headers=restored).is_fragment


def test_zero_stars_are_a_score(claire: Browser, agency: Agency, address: str, database: Database) -> None:
    page = claire.get(address).form("Save").submit(stars="0")
    assert "0 out of 5" in row(page.follow(), agency.claires_done)
    assert said(database)[0] == 0
    again = claire.get(address)
    assert again.at('input[name="stars"][checked]')["value"] == "0"
    assert f'href="{address}"' in str(claire.get("/client/visits").at(f"#visit-{agency.claires_done}"))


def test_zero_is_not_offered_where_the_agency_does_not_want_it(
    claire: Browser, address: str, database: Database
) -> None:
    with database.writing():
        set_option(None, "ratings.offer_zero", "no")
    assert [tag["value"] for tag in claire.get(address).soup.select('input[name="stars"]')] == ["1", "2", "3", "4", "5"]
    page = claire.act(address, {"stars": "0", "comment": "Rien"})
    assert page.status == 409
    assert page.errors() == ["Please choose between 1 and 5 stars."]
    assert "Rien" in page.at("textarea").get_text()
    assert database.count(Rating) == 0


def test_without_a_number_of_stars_nothing_is_saved(claire: Browser, address: str, database: Database) -> None:
    for stars in (None, "", "6", "-1", "4.5", "abc", " "):
        page = claire.act(address, {"comment": "Ce que j’ai écrit"} | ({} if stars is None else {"stars": stars}))
        assert page.status == 422, stars
        assert page.errors()
        assert "Ce que j’ai écrit" in page.at("textarea").get_text(), "what was typed stays"
    assert database.count(Rating) == 0


def test_a_comment_has_room_for_5000_characters(claire: Browser, address: str, database: Database) -> None:
    form, comment = claire.get(address).form("Save"), "é" * 5000
    page = form.submit(stars="3", comment=f"{comment}é")
    assert (page.status, page.errors()) == (422, ["Please use at most 5,000 characters."])
    assert f"{comment}é" in page.at("textarea").get_text()
    assert database.count(Rating) == 0
    assert form.submit(stars="3", comment=comment).status == 303
    assert database.all(select(Rating.comment)) == [comment]


def test_a_comment_is_shown_as_it_was_written(claire: Browser, agency: Agency, address: str, sign_in: SignIn) -> None:
    sofia = sign_in(agency.sofia)
    for comment in ("<b>gras</b>", "{{ 7*7 }}", "\"'><script>alert(1)</script>", "a\u202eb", "🙂 да", "x\x00y"):
        assert claire.get(address).form("Save").submit(stars="2", comment=comment).status == 303
        kept = comment.replace("\x00", "")
        assert claire.get(address).at("textarea").get_text().strip() == kept
        assert sofia.get("/staff/ratings").says("blockquote") == kept


# ---- refusals, each with a sentence ----


def test_nobody_writes_what_would_be_refused(claire: Browser, agency: Agency, address: str, database: Database) -> None:
    with database.writing():
        for subject in db.session.scalars(select(RatingSubject)):
            subject.ended_at -= timedelta(days=90)
    for page in (claire.get(address), claire.part(address)):
        assert page.status == 409
        assert "too long ago" in page.html
        assert "<textarea" not in page.html


def test_a_visit_that_is_not_done_cannot_be_rated(claire: Browser, agency: Agency, database: Database) -> None:
    for visit in (agency.claires_past, agency.claires_next, agency.claires_cancelled):
        page = claire.act(f"/client/visits/{visit}/rating", {"stars": "5", "comment": "Trop tôt"})
        assert page.status == 409
        assert page.errors() == ["This visit is not done, so it cannot be rated."]
        assert "Trop tôt" in page.at("textarea").get_text()
    assert database.count(Rating) == 0


def test_someone_elses_visit_is_not_there(claire: Browser, agency: Agency, database: Database) -> None:
    for visit in (agency.denis_done, agency.eloises_done, agency.draft, 999, 2**31, 10**30):
        assert claire.get(f"/client/visits/{visit}/rating").status == 404
        assert claire.act(f"/client/visits/{visit}/rating", {"stars": "5"}).status == 404
    assert database.count(Rating) == 0


def test_a_visit_rated_meanwhile_keeps_the_first_rating_and_what_was_typed(
    claire: Browser, agency: Agency, address: str, sign_in: SignIn, database: Database
) -> None:
    open_window, paul = claire.get(address), sign_in(agency.paul)
    paul.get(address).form("Save").submit(stars="2", comment="Le premier")
    page = open_window.form("Save").submit(stars="5", comment="Mon long texte")
    assert page.status == 409
    assert page.errors() == [RATED_MEANWHILE]
    assert "Mon long texte" in page.at("textarea").get_text()
    assert page.at('input[name="stars"][checked]')["value"] == "5"
    assert said(database)[:2] == (2, "Le premier")
    assert database.count(AuditEntry, AuditEntry.kind.like("rating.%")) == 1


def test_the_same_with_javascript_brings_the_list_up_to_date(
    claire: Browser, agency: Agency, address: str, database: Database
) -> None:
    window = claire.part(address)
    with database.writing():
        rate(agency.paul, agency.claires_done, 2)
    page = window.form("Save").submit(htmx=True, stars="5", comment="Mon texte")
    assert page.status == 409
    assert page.events is None
    assert "Mon texte" in page.at("textarea").get_text()
    assert "2 out of 5" in row(page, agency.claires_done)


@pytest.mark.parametrize("switch", ["ratings.enabled", "ratings.client_ratings"])
def test_a_switched_off_module_offers_no_rating(
    claire: Browser, agency: Agency, address: str, database: Database, switch: str
) -> None:
    with database.writing():
        set_option(None, switch, "off")
    page = claire.get("/client/visits")
    assert not page.soup.select('a[href$="/rating"]')
    page = claire.act(address, {"stars": "5", "comment": "Bien"})
    assert page.status == (404 if switch == "ratings.enabled" else 409)
    assert page.errors() == ["Your agency has switched ratings off."]
    assert "Bien" in page.at("textarea").get_text(), "what was typed stays"
    assert database.count(Rating) == 0


def test_a_visit_cancelled_while_its_client_writes_says_so(
    claire: Browser, agency: Agency, address: str, database: Database
) -> None:
    with database.writing():
        cancel_visit(None, db.session.get_one(Visit, agency.claires_done), "Erreur de saisie")
    page = claire.act(address, {"stars": "5", "comment": "Bien"})
    assert page.errors() == ["This visit was cancelled in the meantime. It can no longer be rated."]


def test_a_switched_off_module_leaves_the_menus_and_answers_404(
    agency: Agency, address: str, sign_in: SignIn, database: Database
) -> None:
    sofia = sign_in(agency.sofia)
    assert sofia.get("/staff/visits").soup.select('nav a[href="/staff/ratings"]')
    with database.writing():
        set_option(None, "ratings.enabled", "off")
    assert not sofia.get("/staff/visits").soup.select('nav a[href="/staff/ratings"]')
    assert sofia.get("/staff/ratings").status == 404
    assert sign_in(agency.claire).get(address).status == 404


def test_with_the_module_switched_off_nothing_anywhere_tells_of_ratings(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    sofia, visit = sign_in(agency.sofia), agency.claires_done
    assert sofia.get(f"/staff/visits/{visit}/rating").form("Save").submit(stars="1", how="paper").status == 303
    sofia.get(f"/staff/visits/{visit}").link("Answer the client").click().form("Send the answer").submit(text="Non")
    with database.writing():
        rate(agency.denis, agency.denis_done, 3)
    record = f"/staff/clients/{agency.claire.id}"
    places = {
        sign_in(agency.claire): ("/client/visits",), sign_in(agency.paul): ("/client/visits",),
        sign_in(agency.denis): ("/client/visits",),
        sofia: (
            "/staff/home", "/staff/visits", "/staff/visits?state=done", f"/staff/visits/{visit}",
            f"{record}/planning?day=2026-11-16", f"{record}/planning?day=2026-11-16&view=list", f"{record}/timeline",
            f"/staff/workers/{agency.wassim.id}/planning?day=2026-11-16", f"{record}/workers",
            f"/staff/workers/{agency.wassim.id}/clients",
        ),
    }  # fmt: skip
    telling = ("out of 5", "Rating", "rating", "rated", "Reply of the agency", "Entered by the agency")
    on = [browser.get(url) for browser, urls in places.items() for url in urls]
    assert [page for page in on if not any(word in page.says("main") for word in telling)] == []
    with database.writing():
        set_option(None, "ratings.enabled", "off")
    for browser, urls in places.items():
        for url in urls:
            page = browser.get(url)
            assert page.status in (200, 303)
            assert not [word for word in telling if word in page.says("main")], url
            assert not page.soup.select('main .stars, main a[href*="rating"]'), url
    page = sofia.get(f"/staff/visits/{visit}")
    assert "Set back to be done" not in page.words, "what is rated stays done, also while nobody sees the rating"
    with database.writing():
        set_option(None, "ratings.enabled", "on")
    assert "1 out of 5" in sign_in(agency.claire).get("/client/visits").words


@pytest.mark.parametrize(("days", "status"), [(59.9, 303), (60.1, 409)])
def test_a_visit_can_be_rated_for_sixty_days(
    agency: Agency,
    address: str,
    sign_in: SignIn,
    database: Database,
    time_machine: TimeMachineFixture,
    days: float,
    status: int,
) -> None:
    with database.writing():
        ended = db.session.get_one(Visit, agency.claires_done).ended_at
    assert ended
    time_machine.move_to(ended + timedelta(days=days))
    claire = sign_in(agency.claire)
    offered = claire.get("/client/visits").soup.select(f'#visit-{agency.claires_done} a[href$="/rating"]')
    assert bool(offered) is (status == 303)
    assert claire.act(address, {"stars": "5"}).status == status


# ---- changing it ----


def test_a_rating_is_changed_and_the_former_value_kept(
    claire: Browser, agency: Agency, address: str, database: Database, time_machine: TimeMachineFixture, sign_in: SignIn
) -> None:
    claire.get(address).form("Save").submit(stars="2", comment="En retard")
    time_machine.shift(timedelta(days=6))
    page = sign_in(agency.claire).get("/client/visits").link("Change").click()
    assert page.at("textarea").get_text().strip() == "En retard"
    assert page.form("Save").submit(stars="4", comment="Finalement bien").status == 303
    assert said(database)[:2] == (4, "Finalement bien")
    assert database.all(select(FormerRating.stars, FormerRating.comment, FormerRating.author_name)) == [
        (2, "En retard", "Claire Lefèvre")
    ]
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "rating.changed"))
    assert (entry.account_id, entry.subject_id, entry.before, entry.after) == (
        agency.claire.account_id, agency.claires_done, {"stars": 2}, {"stars": 4},
    )  # fmt: skip
    assert "En retard" not in repr((entry.before, entry.after)), "free text is not kept in the journal"


def test_saving_the_same_again_changes_nothing(claire: Browser, address: str, database: Database) -> None:
    claire.get(address).form("Save").submit(stars="2", comment="En retard")
    before = database.fingerprint()
    assert claire.get(address).form("Save").submit(stars="2", comment="En retard").status == 303
    assert database.fingerprint() == before


@pytest.mark.parametrize(("days", "status"), [(6.9, 303), (7.1, 409)])
def test_a_rating_can_be_changed_for_a_week(
    agency: Agency,
    address: str,
    sign_in: SignIn,
    database: Database,
    time_machine: TimeMachineFixture,
    days: float,
    status: int,
) -> None:
    with database.writing():
        rate(agency.claire, agency.claires_done, 2)
    claire = sign_in(agency.claire)
    version = claire.get(address).form("Save").values()["version"]
    time_machine.shift(timedelta(days=days))
    claire = sign_in(agency.claire)
    changes = claire.get("/client/visits").soup.select(f'#visit-{agency.claires_done} a[href$="/rating"]')
    assert bool(changes) is (status == 303)
    page = claire.act(address, {"stars": "5", "version": version})
    assert page.status == status
    assert said(database)[0] == (5 if status == 303 else 2)
    if status == 409:
        assert page.errors() == ["This rating can no longer be changed. Please contact your agency."]


def test_a_stale_window_does_not_overwrite(
    claire: Browser, agency: Agency, address: str, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        rate(agency.claire, agency.claires_done, 3)
    paul = sign_in(agency.paul)
    hers, his = claire.get(address).form("Save"), paul.get(address).form("Save")
    assert his.submit(stars="1", comment="De Paul").status == 303
    page = hers.submit(stars="5", comment="De Claire")
    assert page.status == 409
    assert page.errors() == ["Somebody changed this rating in the meantime. Close this window to see it."]
    assert "De Claire" in page.at("textarea").get_text()
    assert said(database)[:2] == (1, "De Paul")
    assert hers.submit(stars="5", comment="De Claire").status == 409, "trying once more does not help either"
    assert database.count(FormerRating) == 1


def test_a_forged_version_does_not_overwrite(claire: Browser, agency: Agency, address: str, database: Database) -> None:
    with database.writing():
        rate(agency.paul, agency.claires_done, 3)
    for version in ("", "abc", "-1", "999999999999", "2", "٣"):
        assert claire.act(address, {"stars": "5", "version": version}).status == 409, version
    assert said(database)[0] == 3


def test_fields_that_are_not_in_the_form_are_ignored(
    claire: Browser, agency: Agency, address: str, database: Database
) -> None:
    extra = {
        "id": "99",
        "subject_id": "2",
        "visit_id": str(agency.denis_done),
        "client_id": "2",
        "author_name": "Denis",
        "channel": "mail",
        "left_at": "2020-01-01",
        "state": "draft",
        "role": "admin",
        "is_admin": "1",
    }
    claire.act(address, {"stars": "5"} | extra)
    assert said(database) == (5, None, "portal", "Claire Lefèvre", "client")


def test_rating_on_the_portal_takes_the_mail_back(
    claire: Browser, agency: Agency, database: Database, mailbox: Mailbox
) -> None:
    visit = plan_asked_visit(agency, database)
    claire.act(f"/client/visits/{visit}/rating", {"stars": "5"})
    assert mailbox.collect() == []
    assert database.one(select(Message.state, Message.reason)) == ("cancelled", "already_rated")


def test_the_question_of_the_day_is_the_newest_visit_that_waits(
    claire: Browser, agency: Agency, address: str, database: Database
) -> None:
    assert "How did the visit of Wassim go?" in claire.get("/client/visits").says("#waiting")
    claire.act(address, {"stars": "5"})
    assert claire.get("/client/visits").says("#waiting") == ""
