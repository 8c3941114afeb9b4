"""A new agency: the code of the terminal, the first administrator, the steps up to the invitations."""

import io
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounts.models import Account, AccountLink
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.outbox.models import Message
from portal.people.models import Client, Sector, Staff, Worker
from portal.settings.actions import mark_setup
from portal.settings.queries import option
from portal.setup.queries import setup_code
from portal.supervisor import Supervisor
from portal.work import jobs as work
from portal.work.models import Work
from tests import factories
from tests.conftest import Database, Mailbox, SignIn, open_browser, text_of
from tests.factories import Agency, Persona
from tests.pages import Browser, Page

PASSWORD = "quatre chats mangent dehors"
ADA: dict[str, Any] = {
    "first_name": "Ada", "last_name": "Martin", "email": "Ada@Maison.example.org", "password": PASSWORD,
    "confirm": PASSWORD,
}  # fmt: skip
CLIENTS = "Prénom;Nom;E-mail\nClaire;Lefèvre;claire@example.org\nDenis;Moreau;denis@example.org\nGeorge;Wright;\n"


def code(app: Flask) -> str:
    with app.app_context():
        return setup_code()


@pytest.fixture
def ada(app: Flask, stranger: Browser, database: Database) -> Browser:
    """The first administrator of an empty portal, with a telephone that shows codes."""
    page = stranger.get("/setup").form("/setup").submit(code=code(app), **ADA)
    assert (page.status, page.location) == (303, "/staff/setup")
    with database.writing():
        made = db.session.scalars(select(Staff)).one()
        factories.protected(Persona(f"staff:{made.id}", made.id, made.account_id or 0, made.email or "", made.name))
    return stranger


def step(browser: Browser, name: str) -> Page:
    return browser.get(f"/staff/setup?step={name}")


def say(browser: Browser, **typed: Any) -> Page:
    return step(browser, "agency").form("/staff/setup?step=agency").submit(**typed)


# ---- who may begin ----


def test_the_code_makes_one_administrator_who_is_signed_in(app: Flask, stranger: Browser, database: Database) -> None:
    page = stranger.get("/setup").form("/setup").submit(code=code(app).lower().replace("-", " "), **ADA)
    assert (page.status, page.location) == (303, "/staff/setup")
    person = database.one(select(Staff))
    assert (person.role, person.email, person.name) == ("admin", "ada@maison.example.org", "Ada Martin")
    assert stranger.get("/staff/account").status in (200, 303)
    kinds = set(database.all(select(AuditEntry.kind)))
    assert {"account.created", "person.created", "account.password_set", "account.signed_in", "option.set"} <= kinds


def test_afterwards_the_address_is_gone_for_ever(app: Flask, ada: Browser, database: Database) -> None:
    other = open_browser(app)
    assert other.get("/setup").status == 404
    assert other.act("/setup", {"code": code(app), **ADA, "email": "eve@example.org"}).status == 404
    assert database.count(Staff) == 1


def test_who_signs_in_again_later_is_the_same_administrator(app: Flask, ada: Browser) -> None:
    other = open_browser(app)
    page = other.get("/sign-in").form("/sign-in").submit(email=ADA["email"], password=PASSWORD)
    assert page.status == 303


@pytest.mark.parametrize("wrong", ["AAAA-BBBB-CCCC", "", "ключ"])
def test_without_the_code_nobody_gets_in_and_what_was_typed_stays(
    stranger: Browser, database: Database, wrong: str
) -> None:
    page = stranger.get("/setup").form("/setup").submit(code=wrong, **ADA)
    assert page.status == 422
    assert page.errors()
    assert page.form("/setup").values()["email"] == ADA["email"]
    assert (database.count(Staff), database.count(Account)) == (0, 0)


def test_guessing_the_code_is_braked(app: Flask, stranger: Browser, database: Database) -> None:
    for _ in range(10):
        page = stranger.get("/setup").form("/setup").submit(code="AAAA-BBBB-CCCC", **ADA)
        assert "This is not the code that the terminal shows." in page.words
    page = stranger.get("/setup").form("/setup").submit(code=code(app), **ADA)
    assert "Too many attempts." in page.words
    assert database.count(Staff) == 0


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"password": "short", "confirm": "short"}, "at least 12 characters"),
        ({"password": "ada martin maison", "confirm": "ada martin maison"}, "own name or e-mail address"),
        ({"confirm": "something else entirely"}, "not the same"),
        ({"email": "nobody"}, "not an e-mail address"),
        ({"first_name": " "}, "first name"),
    ],
)
def test_the_first_administrator_follows_the_rules_of_all_accounts(
    app: Flask, stranger: Browser, database: Database, typed: dict[str, Any], sentence: str
) -> None:
    given: dict[str, Any] = ADA | {"code": code(app)} | typed
    page = stranger.get("/setup").form("/setup").submit(**given)
    assert page.status == 422
    assert [error for error in page.errors() if sentence in error], page.errors()
    assert database.count(Staff) == 0


def test_the_command_line_shows_the_code_until_there_is_somebody(app: Flask, database: Database) -> None:
    run = app.test_cli_runner().invoke
    shown = run(args=["setup-code"])
    assert "http://localhost/setup" in shown.output
    assert code(app) in shown.output
    with database.writing():
        factories.staff("Ada", "Martin", "admin", [], "ada@example.org")
    refused = run(args=["setup-code"])
    assert refused.exit_code == 1
    assert code(app) not in refused.output


@pytest.mark.parametrize("path", ["/", "/sign-in"])
def test_a_portal_that_belongs_to_nobody_says_at_its_door_where_it_is_set_up(
    stranger: Browser, database: Database, path: str
) -> None:
    page = stranger.get(path)
    page = page.follow() if path == "/" else page
    assert "This portal has not been set up yet." in page.words
    assert "Code shown in the terminal" in page.link("Set up your portal").click().words
    with database.writing():
        factories.staff("Ada", "Martin", "admin", [], "ada@example.org")
    assert "set up" not in stranger.get("/sign-in").words


def test_starting_everything_shows_where_to_begin_until_there_is_somebody(app: Flask, database: Database) -> None:
    begins = Supervisor(app, "127.0.0.1", 5000)._first_steps()
    assert begins == ["  First steps: http://127.0.0.1:5000/setup", f"  with the code {code(app)}"]
    with database.writing():
        factories.staff("Ada", "Martin", "admin", [], "ada@example.org")
    assert Supervisor(app, "127.0.0.1", 5000)._first_steps() == []


def test_an_agency_that_is_at_work_shows_no_first_steps(agency: Agency, sign_in: SignIn) -> None:
    ada = sign_in(agency.ada)
    assert "First steps" not in ada.get("/staff/home").words
    assert ada.get("/staff/setup").follow().status == 200
    assert ada.get("/staff/setup").location == "/staff/settings"


def test_an_administrator_made_at_the_command_line_has_the_same_steps(
    app: Flask, database: Database, sign_in: SignIn
) -> None:
    """Without them there would be no sector, and no file could be brought in."""
    words = ["user", "create", "ada@example.org", "--first-name", "Ada", "--last-name", "Martin"]
    assert app.test_cli_runner().invoke(args=words).exit_code == 0
    with database.writing():
        made = db.session.scalars(select(Staff)).one()
        person = Persona(f"staff:{made.id}", made.id, made.account_id or 0, made.email or "", made.name)
        factories.protected(person)
    ada = sign_in(person)
    assert "First steps" in ada.get("/staff/home").words
    say(ada, **{"agency.name": "Maison du Parc"})
    assert ada.get("/staff/setup?step=imports").status == 200


# ---- the steps ----


def test_the_administrator_is_led_on_from_the_home_page(ada: Browser) -> None:
    home = ada.get("/staff/home")
    assert "First steps" in home.words
    page = home.link("Go on").click()
    assert page.says('.journey [aria-current="step"]') == "Your agency"


def test_the_agency_is_named_and_clients_have_a_sector_to_be_in(app: Flask, ada: Browser, database: Database) -> None:
    page = say(ada, **{"agency.name": "Maison du Parc", "agency.zone": "America/Guadeloupe", "agency.language": "ru"})
    assert (page.status, page.location) == (303, "/staff/setup?step=sender")
    assert database.all(select(Sector.name)) == ["Maison du Parc"]
    with app.app_context():
        assert (option("agency.name"), option("agency.zone")) == ("Maison du Parc", "America/Guadeloupe")
    assert "Your agency" in [
        " ".join(tag.get_text(" ").split()).removeprefix("done ")
        for tag in page.follow().soup.select(".journey [data-done] a")
    ]


def test_sectors_are_made_once_below_the_agency(ada: Browser, database: Database) -> None:
    say(ada, **{"agency.name": "Maison du Parc", "sectors": " Nord\n\nSud\nnord\n"})
    say(ada, sectors="Nord\nEst")
    rows = database.all(select(Sector.name, Sector.parent_id).order_by(Sector.id))
    assert rows == [("Maison du Parc", None), ("Nord", 1), ("Sud", 1), ("Est", 1)]
    assert database.count(AuditEntry, AuditEntry.kind == "sector.created") == 4


def test_a_sector_line_that_is_too_long_is_named_and_nothing_is_cut(ada: Browser, database: Database) -> None:
    long = "Nord " + "x" * 300
    page = say(ada, **{"agency.name": "Maison du Parc", "sectors": f"Sud\n{long}"})
    assert page.status == 422
    assert [error for error in page.errors() if "“Nord xxxxxxxxxxxxxxxxxxxxxxxxx…” has 305 characters" in error]
    assert page.form("/staff/setup?step=agency").values()["sectors"].splitlines() == ["Sud", long]
    assert database.count(Sector) == 0


def test_a_sector_just_entered_can_be_corrected(ada: Browser, database: Database) -> None:
    say(ada, **{"agency.name": "Maison du Parc", "sectors": "Norr\nSud"})
    form = step(ada, "agency").form("/staff/setup?step=agency")
    field = next(name for name, text in form.values().items() if text == "Norr")
    names: list[tuple[dict[str, Any], int]] = [({field: "Sud"}, 409), ({field: " "}, 422), ({field: "x" * 81}, 422)]
    assert [form.submit(**typed).status for typed, _status in names] == [status for _typed, status in names]
    renamed: dict[str, Any] = {field: "Nord", "sectors": "Est"}
    assert form.submit(**renamed).status == 303
    assert database.all(select(Sector.name).order_by(Sector.id)) == ["Maison du Parc", "Nord", "Sud", "Est"]
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "sector.renamed"))
    assert (entry.before, entry.after) == ({"name": "Norr"}, {"name": "Nord"})


def test_a_wrong_answer_is_said_and_the_others_stay(ada: Browser, database: Database) -> None:
    page = say(ada, **{"agency.name": "Maison du Parc", "agency.zone": "Mars", "sectors": "Nord"})
    assert page.status == 422
    values = page.form("/staff/setup?step=agency").values()
    assert (values["agency.name"], values["sectors"]) == ("Maison du Parc", "Nord")
    assert database.count(Sector) == 0


def test_a_colleague_is_added_with_sectors_and_receives_an_invitation(
    ada: Browser, database: Database, mailbox: Mailbox
) -> None:
    say(ada, **{"agency.name": "Maison du Parc", "sectors": "Nord"})
    form = step(ada, "team").form("/staff/team")
    sofia: dict[str, Any] = {
        "first_name": "Sofia",
        "last_name": "Benali",
        "email": "sofia@example.org",
        "role": "coordinator",
    }
    refused = form.submit(**sofia)
    assert refused.status == 409, "a coordinator without a sector would see nothing"
    assert refused.h1 == "First steps"
    assert refused.form("/staff/team").values()["last_name"] == "Benali"
    assert form.submit(**sofia, sectors="2").status == 303
    mail = mailbox.one()
    assert mail["To"].addresses[0].addr_spec == "sofia@example.org"
    page = step(ada, "team")
    assert "Sofia Benali · Coordinator · Nord" in page.words
    again = page.form("/staff/team").submit(**sofia, sectors="2")
    assert (again.status, database.count(Staff)) == (409, 2)


def bring_in(browser: Browser, database: Database, text: str) -> Page:
    """Bring a file in and confirm it."""
    page = step(browser, "imports").link("Bring in a file · Clients").click()
    page = page.form("/staff/imports").submit(file=(io.BytesIO(text.encode()), "clients.csv")).follow()
    with database.app.app_context():
        for work_id in db.session.scalars(select(Work.id).where(Work.state == "waiting")):
            work.run(work_id)
    page = browser.get(page.response.request.path)
    page = page.form("/write").submit().follow()
    with database.app.app_context():
        for work_id in db.session.scalars(select(Work.id).where(Work.state == "waiting")):
            work.run(work_id)
    return browser.get(page.response.request.path)


def test_the_first_file_of_an_empty_agency_is_taken(ada: Browser, database: Database) -> None:
    """A client needs a sector: the step before has made one, so no line is refused for want of it."""
    say(ada, **{"agency.name": "Maison du Parc"})
    bring_in(ada, database, CLIENTS)
    assert database.count(Client) == 3
    page = step(ada, "imports")
    assert "Clients done 3" in page.words
    assert page.soup.select('a[href*="kind=visits"]')


def test_everybody_with_an_address_and_no_login_is_invited_once(
    ada: Browser, database: Database, mailbox: Mailbox
) -> None:
    say(ada, **{"agency.name": "Maison du Parc"})
    bring_in(ada, database, CLIENTS)
    page = step(ada, "invitations")
    assert "Invite 2 clients" in page.words
    assert "Without an e-mail address: 1 (clients), 0 (workers)." in page.words
    assert page.press('button[name="who"][value="1"]').status == 303
    page = step(ada, "invitations")
    assert "2 people were invited." in page.words
    assert not page.soup.select("button[name=who]")
    assert {mail["To"].addresses[0].addr_spec for mail in mailbox.collect()} == {
        "claire@example.org",
        "denis@example.org",
    }
    assert ada.act("/staff/setup/invitations", {"who": "1"}).status == 409
    assert database.count(AccountLink) == 2


def test_many_are_invited_by_a_job_that_goes_on_where_it_died(ada: Browser, database: Database) -> None:
    say(ada, **{"agency.name": "Maison du Parc"})
    with database.writing():
        within = db.session.scalars(select(Sector)).one()
        for number in range(45):
            factories.client("Anne", f"Nr {number}", within, f"anne{number}@example.org")
        factories.worker("Wassim", "Haddad", [within], "wassim@example.org")
    assert step(ada, "invitations").press('button[name="who"][value="3"]').status == 303
    page = step(ada, "invitations")
    assert "Writing the invitations" in page.words
    assert page.soup.select("#invitations[hx-get]")
    assert ada.act("/staff/setup/invitations", {"who": "3"}).status == 409, "one at a time"
    assert database.count(Message) == 0
    with database.app.app_context():
        work.run(database.one(select(Work.id).where(Work.kind == "setup.invite")))
    assert (database.count(Message), database.count(Worker, Worker.account_id.is_not(None))) == (46, 1)
    assert database.count(AuditEntry, AuditEntry.kind == "account.invited", AuditEntry.account_id.is_not(None)) == 46
    part = ada.part("/staff/setup?step=invitations")
    assert part.is_fragment
    assert "46 people were invited." in part.words


@pytest.mark.parametrize("name", ["agency", "sender", "team", "imports", "invitations"])
def test_a_step_asks_the_database_a_bounded_number_of_times(ada: Browser, name: str) -> None:
    assert len(step(ada, name).statements) <= 14


def test_the_end_puts_the_steps_away(ada: Browser, database: Database) -> None:
    asked = step(ada, "invitations").form("/staff/setup/end").submit().follow()
    assert "Finish without these steps?" in asked.words
    assert "First steps" in ada.get("/staff/home").words, "nothing has ended yet"
    page = asked.form("/staff/setup/end").submit().follow()
    assert "Your portal is ready." in page.words
    assert "First steps" not in page.words


def test_who_comes_back_after_the_end_is_led_to_the_configuration(ada: Browser, database: Database) -> None:
    with database.writing():
        mark_setup(None, "finished")
    say_so = [ada.get("/staff/setup"), ada.get("/staff/setup?step=team"), ada.act("/staff/setup/end")]
    assert [(page.status, page.location) for page in say_so] == [(303, "/staff/settings")] * 3


def test_an_end_with_every_step_done_is_not_asked_about(ada: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.setup.queries.open_steps", lambda _user: [])
    page = step(ada, "invitations").form("/staff/setup/end").submit().follow()
    assert "Your portal is ready." in page.words


# ---- the mail to oneself ----


def test_a_test_mail_leaves_and_the_page_says_what_the_server_answered(ada: Browser, mailbox: Mailbox) -> None:
    page = step(ada, "sender").form("/staff/settings/test-mail").submit().follow()
    assert "Your test message waits to leave." in page.words
    assert page.soup.select("#test-mail[hx-get]")
    mail = mailbox.one()
    assert mail["To"].addresses[0].addr_spec == "ada@maison.example.org"
    assert "Mails leave as they should." in text_of(mail)
    page = step(ada, "sender")
    assert "Your test message has left." in page.words
    assert "250 taken" in page.words
    assert not page.soup.select("#test-mail[hx-get]")


def test_a_second_test_waits_for_the_first(ada: Browser, database: Database, mailbox: Mailbox) -> None:
    part = step(ada, "sender").form("/staff/settings/test-mail").submit(htmx=True)
    assert part.is_fragment
    assert "waits to leave" in part.words
    refused = step(ada, "sender").form("/staff/settings/test-mail").submit(htmx=True)
    assert (refused.status, database.count(Message)) == (409, 1)
    mailbox.one()
    step(ada, "sender").form("/staff/settings/test-mail").submit()
    assert database.count(Message) == 2


def test_without_a_mail_server_the_page_says_who_can_help(ada: Browser) -> None:
    page = step(ada, "sender").form("/staff/settings/test-mail").submit().follow()
    assert "No mail server is set" in page.words
    assert not page.soup.select("#test-mail[hx-get]"), "nothing is going to happen: nobody asks every second"


def test_the_sender_is_whom_the_mail_comes_from(ada: Browser, mailbox: Mailbox) -> None:
    page = step(ada, "sender").form("/staff/setup?step=sender").submit(**{"agency.sender": "qualite@example.org"})
    page.follow().form("/staff/settings/test-mail").submit()
    assert mailbox.one()["From"].addresses[0].addr_spec == "qualite@example.org"
