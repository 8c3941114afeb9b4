"""Low ratings: the file manager is told, they wait on the home page, and somebody takes note of them."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from time_machine import TimeMachineFixture

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.notes.models import Note
from portal.outbox.models import Message
from portal.people.models import Client, Sector, Staff
from portal.ratings.actions import change_rating
from portal.ratings.models import Rating
from portal.settings.actions import set_option
from tests.conftest import Database, Mailbox, SignIn, text_of
from tests.factories import Agency, Persona, rate

ALERTS = select(Message.kind).where(Message.kind.like("ratings.%low")).order_by(Message.id)


def told(mailbox: Mailbox) -> str:
    """The address at which the one alert has come."""
    return mailbox.one()["To"].addresses[0].addr_spec


def waits_for(sign_in: SignIn, person: Persona) -> bool:
    """Whether somebody finds the one low rating on the home page, in the menu and in the list that the mail opens."""
    browser = sign_in(person)
    home, listed = browser.get("/staff/home"), browser.get("/staff/ratings?unseen=1")
    found = {
        "I have looked at it" in home.text, home.soup.select_one("nav .count-bubble") is not None,
        "I have looked at it" in listed.text,
    }  # fmt: skip
    assert len(found) == 1, "the three agree"
    return found.pop()


def give(agency: Agency, database: Database, stars: int, comment: str = "") -> None:
    with database.writing():
        rate(agency.claire, agency.claires_done, stars, comment)


def change(agency: Agency, database: Database, stars: int) -> None:
    with database.writing():
        rating = db.session.scalars(select(Rating)).one()
        change_rating(agency.claire.user, rating, stars, "", rating.version)


@pytest.mark.parametrize(("stars", "alerts"), [
    (0, ["ratings.very_low"]), (1, ["ratings.very_low"]), (2, ["ratings.low"]), (3, []), (5, []),
])  # fmt: skip
def test_few_stars_alert_and_very_few_are_urgent(
    agency: Agency, database: Database, stars: int, alerts: list[str]
) -> None:
    give(agency, database, stars)
    assert database.all(ALERTS) == alerts


def test_who_keeps_the_visit_of_a_client_who_has_moved_learns_no_new_address_and_writes_to_nobody(
    agency: Agency, database: Database, sign_in: SignIn
) -> None:
    give(agency, database, 1, "Jamais")
    with database.writing():
        claire = db.session.get_one(Client, agency.claire.id)
        claire.sector_id, claire.phone, claire.email = agency.south, "06 99 88 77 66", "nouvelle@example.org"
        rating = db.session.scalars(select(Rating.id)).one()
    visit, reply = f"/staff/visits/{agency.claires_done}", f"/staff/ratings/{rating}/reply"
    sofia, ines = sign_in(agency.sofia), sign_in(agency.ines)
    for path, status in (("/staff/home", 200), (f"{visit}/rating/request", 409), (reply, 409)):
        page = sofia.get(path)
        assert page.status == status, path
        assert "06 99 88 77 66" not in page.text, path
        assert "nouvelle@example.org" not in page.text, path
        assert ines.get(path).status == 200
    assert "Answer the client" not in sofia.get(visit).words
    for path in (visit, "/staff/home"):
        assert "Write a follow-up note" not in sofia.get(path).words, path
        assert "Write a follow-up note" in ines.get(path).words, path
    assert "06 99 88 77 66" in ines.get("/staff/home").words, "whoever may open the file can call"
    before = database.fingerprint()
    for path in (f"{visit}/rating/request", reply):
        page = sofia.act(path, {"version": "0", "text": "Nous vous appelons."})
        assert page.status == 409
        assert "This client is another sector’s now: only who may open the file can do this." in page.words
    assert database.fingerprint() == before


def test_the_card_on_the_home_page_leads_to_the_visit(agency: Agency, database: Database, sign_in: SignIn) -> None:
    give(agency, database, 1, "Trop tard")
    home = sign_in(agency.sofia).get("/staff/home")
    link = home.at("[data-low] .voice-said p a")
    assert (link.get_text(), link["href"]) == ("Claire Lefèvre", f"/staff/visits/{agency.claires_done}")


@pytest.mark.parametrize("path", ["/staff/home", "/staff/visits/{}"])
def test_from_a_low_rating_a_follow_up_note_is_written(
    agency: Agency, database: Database, sign_in: SignIn, path: str
) -> None:
    give(agency, database, 1, "Trop tard")
    page = sign_in(agency.sofia).get(path.format(agency.claires_done)).link("Write a follow-up note").click()
    form = page.form("/staff/notes/new")
    assert form.submit(title="Appel de satisfaction").status == 303
    note = database.one(select(Note).options(joinedload(Note.category)))
    assert (note.category.code if note.category else None, note.visit_id) == ("N01", agency.claires_done)
    assert (note.client_id, note.worker_id) == (agency.claire.id, agency.wassim.id)


def test_who_is_content_needs_no_follow_up(agency: Agency, database: Database, sign_in: SignIn) -> None:
    give(agency, database, 5)
    assert "Write a follow-up note" not in sign_in(agency.sofia).get(f"/staff/visits/{agency.claires_done}").words


def test_the_thresholds_are_options(agency: Agency, database: Database) -> None:
    with database.writing():
        set_option(None, "ratings.low_threshold", "3")
        set_option(None, "ratings.urgent_threshold", "0")
    give(agency, database, 3)
    assert database.all(ALERTS) == ["ratings.low"]


def test_the_mail_goes_to_the_manager_of_the_file_and_says_nothing_of_the_client(
    agency: Agency, database: Database, mailbox: Mailbox
) -> None:
    give(agency, database, 1, "Elle a crié, diabète oublié")
    mail = mailbox.one()
    assert mail["To"].addresses[0].addr_spec == agency.sofia.email
    read = f"{mail['Subject']} {mail.as_string()}"
    assert "1 out of 5" in text_of(mail) or "1 sur 5" in text_of(mail)
    for secret in ("Claire", "Lefèvre", "Wassim", "crié", "diabète"):
        assert secret not in read
    assert "/staff/ratings?unseen=1#rating-" in text_of(mail)


def no_manager(agency: Agency) -> None:
    db.session.get_one(Client, agency.claire.id).file_manager_id = None


def sofia_has_left(agency: Agency) -> None:
    db.session.get_one(Staff, agency.sofia.id).active = False


def sofia_is_above(agency: Agency) -> None:
    sofia, north = db.session.get_one(Staff, agency.sofia.id), db.session.get_one(Sector, agency.north)
    sofia.sectors = [db.session.get_one(Sector, north.parent_id)]


def ines_has_no_address(agency: Agency) -> None:
    db.session.get_one(Staff, agency.ines.id).email = None


@pytest.mark.parametrize(("happened", "reads"), [
    ([no_manager], "sofia"), ([no_manager, sofia_is_above], "sofia"), ([no_manager, sofia_has_left], "ines"),
    ([sofia_has_left], "ines"), ([sofia_has_left, ines_has_no_address], "ada"),
])  # fmt: skip
def test_without_a_manager_of_the_file_the_sector_answers_then_quality(
    agency: Agency, database: Database, mailbox: Mailbox, sign_in: SignIn, happened: list[Callable], reads: str
) -> None:
    with database.writing():
        for deed in happened:
            deed(agency)
    give(agency, database, 2)
    person = getattr(agency, reads)
    assert told(mailbox) == person.email
    assert waits_for(sign_in, person)


def test_somebody_whose_access_is_closed_is_not_told_and_the_next_one_is(
    agency: Agency, database: Database, mailbox: Mailbox, sign_in: SignIn
) -> None:
    ada = sign_in(agency.ada)
    page = ada.get(f"/staff/accounts/{agency.sofia.account_id}/changes?deed=close")
    assert page.form("Close the access").submit(deed="close").status == 303
    give(agency, database, 0)
    assert told(mailbox) == agency.ines.email
    assert waits_for(sign_in, agency.ines)
    assert [line.select("td")[0].get_text() for line in ada.get("/staff/team").soup.select("tbody tr")
            if "Access closed" in line.get_text()] == ["Sofia Benali"]  # fmt: skip


def test_somebody_who_has_no_login_yet_is_told(agency: Agency, database: Database, mailbox: Mailbox) -> None:
    with database.writing():
        db.session.get_one(Staff, agency.sofia.id).account_id = None
    give(agency, database, 2)
    assert told(mailbox) == agency.sofia.email


def test_a_file_manager_who_may_not_see_the_rating_is_not_told_of_it(
    agency: Agency, database: Database, mailbox: Mailbox, sign_in: SignIn
) -> None:
    with database.writing():
        db.session.get_one(Client, agency.claire.id).file_manager_id = agency.igor.id
    give(agency, database, 1)
    assert told(mailbox) == agency.sofia.email
    assert waits_for(sign_in, agency.sofia)
    assert not waits_for(sign_in, agency.igor)


def test_after_a_move_the_sector_of_the_visit_is_told_not_the_new_one(
    agency: Agency, database: Database, mailbox: Mailbox, sign_in: SignIn
) -> None:
    with database.writing():
        moved = db.session.get_one(Client, agency.claire.id)
        moved.sector_id, moved.file_manager_id = agency.south, agency.igor.id
    give(agency, database, 1)
    assert told(mailbox) == agency.sofia.email
    assert waits_for(sign_in, agency.sofia)
    assert not waits_for(sign_in, agency.igor)


def test_a_rating_that_falls_alerts_and_one_that_only_moves_does_not(agency: Agency, database: Database) -> None:
    give(agency, database, 4)
    assert database.all(ALERTS) == []
    change(agency, database, 2)
    assert database.all(ALERTS) == ["ratings.low"]
    change(agency, database, 1)
    assert database.all(ALERTS) == ["ratings.low", "ratings.very_low"]
    change(agency, database, 0)
    change(agency, database, 2)
    assert database.all(ALERTS) == ["ratings.low", "ratings.very_low"]


def test_a_rating_that_was_mended_or_looked_at_before_the_mail_left_needs_no_mail(
    agency: Agency, database: Database, mailbox: Mailbox, sign_in: SignIn
) -> None:
    give(agency, database, 1)
    change(agency, database, 5)
    assert mailbox.collect() == []
    assert database.all(select(Message.reason).where(Message.kind == "ratings.very_low")) == ["not_low"]
    change(agency, database, 1)
    sign_in(agency.sofia).get("/staff/home").form("I have looked at it").submit()
    assert mailbox.collect() == []
    told = select(Message.reason).where(Message.kind == "ratings.very_low").order_by(Message.id)
    assert database.all(told) == ["not_low", "looked_at"]


def test_it_waits_on_the_home_page_and_in_the_menu_until_somebody_looks_at_it(
    agency: Agency, database: Database, sign_in: SignIn, time_machine: TimeMachineFixture
) -> None:
    give(agency, database, 1, "Personne n’est venu")
    sofia = sign_in(agency.sofia)
    page = sofia.get("/staff/home")
    assert "1 low rating to look at" in page.text
    assert "Personne n’est venu" in page.text
    assert page.says("nav .count-bubble") == "1"
    done = page.form("I have looked at it").submit()
    assert done.status == 303
    home = done.follow()
    assert "Personne" not in home.text
    assert home.soup.select_one("nav .count-bubble") is None
    listed = sofia.get("/staff/ratings?low=1")
    assert f"Looked at by {agency.sofia.name}" in listed.text
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "rating.looked_at"))
    assert (entry.account_id, entry.subject_type, entry.after) == (agency.sofia.account_id, "visit", {"stars": 1})


@pytest.mark.parametrize("path", ["/staff/ratings?unseen=1", "/staff/ratings?stars=1", "/staff/ratings", "/staff/home"])
def test_without_javascript_one_returns_to_where_one_was(
    agency: Agency, database: Database, sign_in: SignIn, path: str
) -> None:
    give(agency, database, 1)
    form = sign_in(agency.sofia).get(path).form("I have looked at it")
    assert form.submit().location == path


def test_one_is_not_sent_to_a_page_that_is_not_ours(agency: Agency, database: Database, sign_in: SignIn) -> None:
    give(agency, database, 1)
    form = sign_in(agency.sofia).get("/staff/home").form("I have looked at it")
    assert form.submit(next="//evil.example/").location == "/staff/ratings"


@pytest.mark.parametrize(("stars", "mark"), [(1, "Urgent"), (2, "Low")])
def test_the_list_and_the_home_page_mark_a_low_rating_alike(
    agency: Agency, database: Database, sign_in: SignIn, stars: int, mark: str
) -> None:
    give(agency, database, stars)
    sofia = sign_in(agency.sofia)
    for path in ("/staff/home", "/staff/ratings"):
        assert sofia.get(path).says(".voice-marks .badge:first-child") == mark


def test_with_javascript_the_line_says_who_looked(agency: Agency, database: Database, sign_in: SignIn) -> None:
    give(agency, database, 2)
    page = sign_in(agency.sofia).get("/staff/ratings?unseen=1").form("I have looked at it").submit(htmx=True)
    assert page.status == 200
    assert f"Looked at by {agency.sofia.name}" in page.text


def test_on_the_home_page_and_on_the_visit_the_page_comes_anew(
    agency: Agency, database: Database, sign_in: SignIn
) -> None:
    give(agency, database, 1)
    sofia = sign_in(agency.sofia)
    for path in ("/staff/home", f"/staff/visits/{agency.claires_done}"):
        assert not sofia.get(path).form("I have looked at it").partial, "a line of the list would not fit there"
    visit = sofia.get(f"/staff/visits/{agency.claires_done}").form("I have looked at it").submit().follow()
    assert visit.response.request.path == f"/staff/visits/{agency.claires_done}"
    assert f"Looked at by {agency.sofia.name}" in visit.text


def test_the_first_to_look_is_named_and_the_second_is_told(agency: Agency, database: Database, sign_in: SignIn) -> None:
    give(agency, database, 1)
    first, second = sign_in(agency.sofia).get("/staff/home"), sign_in(agency.ines).get("/staff/home")
    first.form("I have looked at it").submit()
    late = second.form("I have looked at it").submit()
    assert late.status == 409
    assert "Somebody has looked at this rating in the meantime" in late.text
    assert database.one(select(Rating.looked_by)) == agency.sofia.name


def test_a_rating_that_changes_is_to_be_looked_at_anew(agency: Agency, database: Database, sign_in: SignIn) -> None:
    give(agency, database, 2)
    sign_in(agency.sofia).get("/staff/home").form("I have looked at it").submit()
    change(agency, database, 1)
    assert database.one(select(Rating.looked_at)) is None


def test_another_sectors_coordinator_sees_none_of_it(agency: Agency, database: Database, sign_in: SignIn) -> None:
    give(agency, database, 1, "Personne n’est venu")
    igor = sign_in(agency.igor)
    home = igor.get("/staff/home")
    assert "Personne" not in home.text
    assert home.soup.select_one("nav .count-bubble") is None
    assert "Personne" not in igor.get("/staff/ratings?unseen=1").text


def test_the_home_page_and_the_list_take_few_statements(agency: Agency, database: Database, sign_in: SignIn) -> None:
    give(agency, database, 1)
    sofia = sign_in(agency.sofia)
    assert len(sofia.get("/staff/home").statements) <= 12
    assert len(sofia.get("/staff/ratings").statements) <= 6


def test_nothing_waits_when_the_module_is_off(agency: Agency, database: Database, sign_in: SignIn) -> None:
    give(agency, database, 1)
    with database.writing():
        set_option(None, "ratings.enabled", "no")
    home = sign_in(agency.sofia).get("/staff/home")
    assert "low rating" not in home.text
    assert home.soup.select_one("nav .count-bubble") is None
