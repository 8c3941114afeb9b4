"""The mailed links that let a person choose a password: the invitation and the forgotten password."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from time_machine import TimeMachineFixture

from portal.accounts.actions import invite
from portal.accounts.models import Account, AccountLink, AccountSession
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.links import make_token
from portal.outbox.models import Message
from portal.people.actions import open_login
from portal.people.models import Client
from tests.conftest import Database, Mailbox, SignIn, open_browser, text_of
from tests.factories import PASSWORD, Agency
from tests.pages import Browser, Page

NEW = "une phrase toute neuve"


def ask(browser: Browser, email: str) -> Page:
    return browser.get("/forgotten-password").form("Send me").submit(email=email)


def link_in(mailbox: Mailbox) -> str:
    """The path of the link in the one mail that is due; the same in both parts."""
    mail = mailbox.one()
    paths = {re.findall(r"http://localhost(/password/[\w-]+)", text_of(mail, kind))[0] for kind in ("plain", "html")}
    assert len(paths) == 1
    return paths.pop()


def choose(browser: Browser, path: str, password: str = NEW) -> Page:
    return browser.get(path).form(path).submit(password=password, confirm=password)


def is_refused(page: Page) -> bool:
    return page.status == 404 and page.h1 == "This link can no longer be used"


def signs_in(app: Flask, email: str, password: str) -> bool:
    return open_browser(app).act("/sign-in", {"email": email, "password": password}).status == 303


def test_a_forgotten_password_is_replaced_by_mail(
    stranger: Browser, agency: Agency, mailbox: Mailbox, app: Flask
) -> None:
    page = ask(stranger, agency.claire.email)
    assert page.h1 == "Look at your mail"
    path = link_in(mailbox)
    assert mailbox.received[0]["To"] == "Claire Lefèvre <claire@example.org>"
    page = choose(stranger, path)
    assert page.follow().h1 == "My visits", "who has chosen a password is signed in"
    assert signs_in(app, agency.claire.email, NEW)
    assert not signs_in(app, agency.claire.email, PASSWORD)


def test_an_invitation_opens_the_first_login(
    stranger: Browser, agency: Agency, mailbox: Mailbox, database: Database
) -> None:
    with database.writing():
        george = db.session.get_one(Client, agency.george)
        george.email = "george@example.org"
        open_login(agency.ada.user, george)
    path = link_in(mailbox)
    page = stranger.get(path)
    assert "george@example.org" in page.words or page.soup.select('[value="george@example.org"]')
    assert choose(stranger, path).follow().h1 == "My visits"
    assert is_refused(stranger.get(path))
    kinds = database.all(select(AuditEntry.kind).where(AuditEntry.subject_type == "account").order_by(AuditEntry.id))
    assert kinds[-4:] == ["account.created", "account.invited", "account.password_set", "account.signed_in"]


@pytest.mark.parametrize(
    ("name", "says"),
    [("claire", "see your visits and write"), ("paul", "see your visits and write"),
     ("wassim", "your visits of today and of the week"), ("sofia", "the visits of your clients"),
     ("ines", "the visits of your clients"), ("ada", "the visits of your clients")],
)  # fmt: skip
def test_an_invitation_says_what_this_person_will_find(
    agency: Agency, mailbox: Mailbox, database: Database, name: str, says: str
) -> None:
    with database.writing():
        account = db.session.get_one(Account, getattr(agency, name).account_id)
        account.language = "en"
        invite(None, account)
    mail = mailbox.one()
    for kind in ("plain", "html"):
        words = " ".join(text_of(mail, kind).split())
        assert says in words
        assert words.count("has opened an access for you") == 1


def test_looking_at_the_link_uses_nothing_up(
    stranger: Browser, agency: Agency, mailbox: Mailbox, database: Database
) -> None:
    ask(stranger, agency.claire.email)
    path = link_in(mailbox)
    before = database.fingerprint()
    for number in range(20):
        scanner = stranger.head if number % 2 else stranger.get
        assert scanner(path, headers={"User-Agent": f"scanner {number}", "Purpose": "prefetch"}).status == 200
    assert database.fingerprint() == before
    assert choose(stranger, path).status == 303


def test_the_link_works_once(stranger: Browser, agency: Agency, mailbox: Mailbox, app: Flask) -> None:
    ask(stranger, agency.claire.email)
    path = link_in(mailbox)
    waiting = stranger.get(path).form(path)
    choose(open_browser(app), path)
    assert is_refused(stranger.get(path))
    assert is_refused(waiting.submit(password="le mot du second", confirm="le mot du second"))
    assert signs_in(app, agency.claire.email, NEW)


@pytest.mark.parametrize(("minutes", "opens"), [(59, True), (61, False)])
def test_a_reset_link_lasts_an_hour(
    stranger: Browser, agency: Agency, mailbox: Mailbox, time_machine: TimeMachineFixture, minutes: int, opens: bool
) -> None:
    ask(stranger, agency.claire.email)
    path = link_in(mailbox)
    form = stranger.get(path).form(path)
    time_machine.shift(timedelta(minutes=minutes))
    assert is_refused(stranger.get(path)) is not opens
    page = form.submit(password=NEW, confirm=NEW)
    assert (page.status == 303) is opens


@pytest.mark.parametrize(("days", "opens"), [(6.9, True), (7.1, False)])
def test_an_invitation_lasts_a_week(
    stranger: Browser, agency: Agency, mailbox: Mailbox, database: Database, time_machine: TimeMachineFixture,
    days: float, opens: bool,
) -> None:  # fmt: skip
    with database.writing():
        george = db.session.get_one(Client, agency.george)
        george.email = "george@example.org"
        open_login(None, george)
    path = link_in(mailbox)
    time_machine.shift(timedelta(days=days))
    assert is_refused(stranger.get(path)) is not opens


def test_a_later_sign_in_ends_the_link(
    stranger: Browser, agency: Agency, mailbox: Mailbox, time_machine: TimeMachineFixture, app: Flask
) -> None:
    ask(stranger, agency.claire.email)
    path = link_in(mailbox)
    time_machine.shift(timedelta(minutes=1))
    assert signs_in(app, agency.claire.email, PASSWORD)
    assert is_refused(stranger.get(path))


def test_a_new_password_ends_the_links_asked_for_before(
    stranger: Browser, agency: Agency, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    ask(stranger, agency.claire.email)
    first = link_in(mailbox)
    time_machine.shift(timedelta(minutes=1))
    ask(stranger, agency.claire.email)
    second = link_in(mailbox)
    time_machine.shift(timedelta(minutes=1))
    choose(stranger, first)
    assert is_refused(stranger.get(second))


def test_a_new_password_ends_every_session(
    stranger: Browser, agency: Agency, mailbox: Mailbox, sign_in: SignIn, database: Database
) -> None:
    forgotten = sign_in(agency.claire)
    ask(stranger, agency.claire.email)
    # a session that is older than the link
    with database.writing():
        row = db.session.scalars(select(AccountSession)).one()
        row.created_at -= timedelta(hours=1)
    choose(stranger, link_in(mailbox))
    assert forgotten.get("/client/visits").status == 302
    assert stranger.get("/client/visits").status == 200


def test_an_unknown_address_gets_the_same_answer_and_no_mail(
    agency: Agency, mailbox: Mailbox, app: Flask, database: Database
) -> None:
    with database.writing():
        db.session.get_one(Account, agency.denis.account_id).active = False
    answers = {
        ask(open_browser(app), email).words for email in (agency.claire.email, "nobody@example.org", agency.denis.email)
    }
    assert len(answers) == 1
    assert [mail["To"].addresses[0].addr_spec for mail in mailbox.collect()] == [agency.claire.email]


def test_five_mails_a_day_are_enough_for_one_address(
    agency: Agency, mailbox: Mailbox, app: Flask, database: Database, time_machine: TimeMachineFixture
) -> None:
    answers = {ask(open_browser(app), agency.claire.email).words for _ in range(7)}
    assert len(answers) == 1, "a stranger does not learn that the address is known"
    assert database.count(Message) == 5
    time_machine.shift(timedelta(days=1, minutes=1))
    ask(open_browser(app), agency.claire.email)
    assert database.count(Message) == 6


def test_twenty_tries_an_hour_from_one_place_are_enough(stranger: Browser, agency: Agency, database: Database) -> None:
    for number in range(20):
        assert ask(stranger, f"nobody{number}@example.org").status == 200
    page = ask(stranger, agency.claire.email)
    assert page.status == 429
    assert page.errors() == ["Too many attempts. Please wait a few minutes and try again."]
    assert database.count(Message) == 0


def test_a_link_that_was_used_before_its_mail_left_is_not_mailed(
    stranger: Browser, agency: Agency, mailbox: Mailbox, database: Database, app: Flask
) -> None:
    ask(stranger, agency.claire.email)
    with app.app_context():
        token = make_token("password", db.session.scalars(select(AccountLink.public_id)).one())
    choose(stranger, f"/password/{token}")
    mailbox.collect()
    kind = Message.kind == "accounts.reset"
    assert database.one(select(Message.state, Message.reason).where(kind)) == ("cancelled", "used")


@pytest.mark.parametrize(
    "password",
    ["court", "onze signes", "motdepasse12", "azertyazerty", "123456123456", "aaaaaaaaaaaa", "abababababab", "x" * 129],
)
def test_a_password_that_is_easy_to_guess_is_refused(
    stranger: Browser, agency: Agency, mailbox: Mailbox, database: Database, password: str
) -> None:
    ask(stranger, agency.claire.email)
    path = link_in(mailbox)
    page = choose(stranger, path, password)
    assert page.status == 422
    assert page.errors()
    assert password not in page.html
    assert database.count(AccountLink, AccountLink.used_at.is_(None)) == 1


LONGEST = "huit mots ou plus, même très longs, " * 3 + "on peut les garder !"


@pytest.mark.parametrize(
    "password", ["пароль не скажу вам", "🙂🙃🎁🎈🎉 un été russe", LONGEST, "deux  blancs\tet\nun saut\u200b"]
)
def test_any_sign_and_length_is_accepted(
    stranger: Browser, agency: Agency, mailbox: Mailbox, app: Flask, password: str
) -> None:
    ask(stranger, agency.claire.email)
    assert choose(stranger, link_in(mailbox), password).status == 303
    assert signs_in(app, agency.claire.email, password)
    assert password.isprintable() or not signs_in(app, agency.claire.email, " ".join(password.split()).strip("\u200b"))


def test_two_different_passwords_are_refused(stranger: Browser, agency: Agency, mailbox: Mailbox) -> None:
    ask(stranger, agency.claire.email)
    path = link_in(mailbox)
    page = stranger.get(path).form(path).submit(password=NEW, confirm=NEW + "?")
    assert page.status == 422
    assert "The two passwords are not the same." in page.errors()


def test_a_token_of_another_purpose_or_a_changed_one_opens_nothing(
    stranger: Browser, agency: Agency, mailbox: Mailbox, app: Flask
) -> None:
    ask(stranger, agency.claire.email)
    path = link_in(mailbox)
    with app.app_context():
        public_id = db.session.scalars(select(AccountLink.public_id)).one()
        others = [make_token(purpose, public_id) for purpose in ("rate", "unsubscribe", "Password", "password:")]
    token = path.removeprefix("/password/")
    changed = [
        token[:-1],
        token + "A",
        token[1:],
        token.swapcase(),
        token[:22],
        token[22:],
        "x",
        "é",
        "%ED%A0%80",
        "A" * 4000,
    ]
    for wrong in others + changed:
        assert is_refused(stranger.get(f"/password/{wrong}")), wrong
    assert stranger.get(path).status == 200


@pytest.mark.parametrize(("noted", "chosen", "written"), [("ru", None, "ru"), ("ru", "fr", "fr"), (None, None, "fr")])
def test_the_mail_is_written_in_the_chosen_language_or_in_the_one_of_the_file(
    stranger: Browser, agency: Agency, mailbox: Mailbox, database: Database,
    noted: str | None, chosen: str | None, written: str,
) -> None:  # fmt: skip
    with database.writing():
        db.session.execute(update(Client).where(Client.email == agency.claire.email).values(language=noted))
        db.session.execute(update(Account).where(Account.email == agency.claire.email).values(language=chosen))
    ask(stranger, agency.claire.email)
    assert mailbox.one()["Content-Language"] == written
