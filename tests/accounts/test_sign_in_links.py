"""The mailed link that signs in, for clients and relatives: asked for, looked at, used once, dead."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal.accounts.actions import deactivate
from portal.accounts.models import Account, AccountLink, AccountSession
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.links import make_token
from portal.outbox.models import Message
from portal.people.actions import open_login
from portal.people.models import Sector
from tests import factories
from tests.conftest import Database, Mailbox, SignIn, open_browser, text_of
from tests.factories import PASSWORD, Agency
from tests.pages import Browser, Page

ASKED = "/sign-in/link"


def ask(browser: Browser, email: str) -> Page:
    """As on the sign-in page: the address, then the second button."""
    return browser.get("/sign-in").press(f'[formaction="{ASKED}"]', email=email)


def link_in(mailbox: Mailbox) -> str:
    mail = mailbox.one()
    paths = {re.findall(r"http://localhost(/sign-in/[\w-]+)", text_of(mail, kind))[0] for kind in ("plain", "html")}
    assert len(paths) == 1
    return paths.pop()


def is_refused(page: Page) -> bool:
    return page.status == 404 and page.h1 == "This link can no longer be used"


def test_a_client_signs_in_without_a_password(
    stranger: Browser, agency: Agency, mailbox: Mailbox, database: Database
) -> None:
    page = ask(stranger, agency.claire.email)
    assert page.h1 == "Look at your mail"
    path = link_in(mailbox)
    page = stranger.get(path)
    assert "cl•••@example.org" in page.words
    assert agency.claire.email not in page.html
    assert page.form(path).submit().follow().h1 == "My visits"
    assert database.one(select(AccountSession.method)) == "link"
    kinds = database.all(select(AuditEntry.kind).where(AuditEntry.subject_type == "account").order_by(AuditEntry.id))
    assert kinds[-2:] == ["account.link_asked", "account.signed_in"]


def test_the_mail_is_in_the_persons_language_and_holds_nothing_about_care(
    stranger: Browser, agency: Agency, mailbox: Mailbox, database: Database
) -> None:
    with database.writing():
        db.session.get_one(Account, agency.paul.account_id).language = "ru"
    ask(stranger, agency.paul.email)
    mail = mailbox.one()
    assert mail["Content-Language"] == "ru"
    assert "15" in text_of(mail)
    for word in ("Aide au lever", "Ménage", "Claire", "Wassim"):
        assert word not in text_of(mail) + text_of(mail, "html") + str(mail["Subject"])


def test_fifty_looks_at_the_link_sign_nobody_in(
    stranger: Browser, agency: Agency, mailbox: Mailbox, database: Database
) -> None:
    ask(stranger, agency.claire.email)
    path = link_in(mailbox)
    before = database.fingerprint()
    for number in range(50):
        look = stranger.head if number % 2 else stranger.get
        assert look(path, headers={"User-Agent": f"scanner {number}", "Purpose": "prefetch"}).status == 200
    assert database.fingerprint() == before
    assert stranger.get("/client/visits").status == 302
    assert stranger.get(path).form(path).submit().status == 303


def test_the_link_works_once(stranger: Browser, agency: Agency, mailbox: Mailbox, app: Flask) -> None:
    ask(stranger, agency.claire.email)
    path = link_in(mailbox)
    waiting = open_browser(app).get(path).form(path)
    stranger.get(path).form(path).submit()
    assert is_refused(waiting.submit())
    assert is_refused(open_browser(app).get(path))


def test_of_two_who_press_the_button_at_once_one_is_in(
    app: Flask, agency: Agency, mailbox: Mailbox, database: Database
) -> None:
    ask(open_browser(app), agency.claire.email)
    path = link_in(mailbox)
    forms = [open_browser(app).get(path).form(path) for _ in range(6)]
    with ThreadPoolExecutor(6) as together:
        pages = list(together.map(lambda form: form.submit(), forms))
    assert sorted(page.status for page in pages) == [303, 404, 404, 404, 404, 404]
    assert database.count(AccountSession) == 1


@pytest.mark.parametrize(("minutes", "opens"), [(14.9, True), (15.1, False)])
def test_the_link_lasts_a_quarter_of_an_hour(
    stranger: Browser, agency: Agency, mailbox: Mailbox, time_machine: TimeMachineFixture, minutes: float, opens: bool
) -> None:
    ask(stranger, agency.claire.email)
    path = link_in(mailbox)
    form = stranger.get(path).form(path)
    time_machine.shift(timedelta(minutes=minutes))
    assert is_refused(stranger.get(path)) is not opens
    assert (form.submit().status == 303) is opens


def test_an_expired_link_gives_a_new_one_in_one_tap(
    stranger: Browser, agency: Agency, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    ask(stranger, agency.claire.email)
    path = link_in(mailbox)
    time_machine.shift(timedelta(minutes=16))
    page = stranger.get(path)
    assert agency.claire.email not in page.html
    assert page.form("Send a new link").submit().h1 == "Look at your mail"
    fresh = link_in(mailbox)
    assert fresh != path
    assert stranger.get(fresh).form(fresh).submit().status == 303


def test_a_later_sign_in_a_new_password_and_a_closed_login_end_the_link(
    stranger: Browser,
    agency: Agency,
    mailbox: Mailbox,
    app: Flask,
    database: Database,
    time_machine: TimeMachineFixture,
) -> None:
    paths = {}
    for person in (agency.claire, agency.denis, agency.paul):
        ask(stranger, person.email)
        paths[person.email] = link_in(mailbox)
        assert stranger.get(paths[person.email]).status == 200
    time_machine.shift(timedelta(minutes=1))
    assert open_browser(app).act("/sign-in", {"email": agency.claire.email, "password": PASSWORD}).status == 303
    with database.writing():
        denis = db.session.get_one(Account, agency.denis.account_id)
        denis.password_set_at = db.session.scalars(select(AccountLink.created_at)).all()[-1] + timedelta(seconds=30)
        deactivate(agency.ada.user, db.session.get_one(Account, agency.paul.account_id))
    assert [is_refused(stranger.get(path)) for path in paths.values()] == [True] * 3


def test_a_closed_login_that_is_opened_again_does_not_revive_its_links(
    stranger: Browser, agency: Agency, mailbox: Mailbox, database: Database
) -> None:
    ask(stranger, agency.claire.email)
    path = link_in(mailbox)
    with database.writing():
        account = db.session.get_one(Account, agency.claire.account_id)
        deactivate(agency.ada.user, account)
        account.active = True
    assert is_refused(stranger.get(path))


@pytest.mark.parametrize("name", ["wassim", "sofia"])
def test_workers_and_staff_are_told_by_mail_to_use_their_password(
    stranger: Browser, agency: Agency, mailbox: Mailbox, database: Database, name: str
) -> None:
    person = getattr(agency, name)
    known, unknown = ask(stranger, person.email), ask(stranger, "nobody@example.org")
    assert known.words == unknown.words
    mail = mailbox.one()
    assert mail["To"].addresses[0].addr_spec == person.email
    assert "/sign-in/" not in text_of(mail)
    for kind in ("plain", "html"):
        assert "rien n’a changé" in text_of(mail, kind)
        assert "chaque fois que quelque chose change" not in text_of(mail, kind)
    assert database.count(AccountLink) == 0


def test_a_client_who_has_joined_the_staff_since_needs_the_password(
    stranger: Browser, agency: Agency, mailbox: Mailbox, database: Database
) -> None:
    ask(stranger, agency.claire.email)
    path = link_in(mailbox)
    form = stranger.get(path).form(path)
    with database.writing():
        north = db.session.get_one(Sector, agency.north)
        open_login(None, factories.staff("Claire", "Lefèvre", "coordinator", [north], agency.claire.email))
    assert is_refused(form.submit())
    assert database.count(AccountSession) == 0


def test_unknown_and_closed_addresses_get_the_same_answer_and_no_mail(
    agency: Agency, mailbox: Mailbox, app: Flask, database: Database
) -> None:
    with database.writing():
        deactivate(None, db.session.get_one(Account, agency.denis.account_id))
    emails = (agency.claire.email, "nobody@example.org", agency.denis.email)
    assert len({ask(open_browser(app), email).words for email in emails}) == 1
    assert [mail["To"].addresses[0].addr_spec for mail in mailbox.collect()] == [agency.claire.email]


def test_ten_links_a_day_are_enough_for_one_address_and_twenty_an_hour_from_one_place(
    agency: Agency, app: Flask, database: Database
) -> None:
    browser = open_browser(app)
    assert len({ask(browser, agency.claire.email).words for _ in range(12)}) == 1
    assert database.count(Message) == 10
    for number in range(8):
        assert ask(browser, f"nobody{number}@example.org").status == 200
    page = ask(browser, agency.denis.email)
    assert page.status == 429
    assert page.errors() == ["Too many attempts. Please wait a few minutes and try again."]


def test_strangers_cannot_ask_so_often_that_the_owner_gets_nothing(
    app: Flask, agency: Agency, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    for number in range(16):
        stranger = open_browser(app)
        stranger.environ_base["REMOTE_ADDR"] = f"203.0.113.{number}"
        for page in (ASKED, "/forgotten-password"):
            stranger.act(page, {"email": agency.claire.email})
    assert len(mailbox.collect()) == 15, "ten links and five new passwords"
    for _ in range(3):
        time_machine.shift(timedelta(minutes=15, seconds=1))
        owner = open_browser(app)
        for _tap in range(4):
            assert owner.act(ASKED, {"email": agency.claire.email}).h1 == "Look at your mail"
        path = link_in(mailbox)
        assert owner.get(path).status == 200
        owner.act("/forgotten-password", {"email": agency.claire.email})
        assert "/password/" in text_of(mailbox.one()), "each way in has a floor of its own"
    assert owner.get(path).form(path).submit().status == 303


@pytest.mark.parametrize("address", [ASKED, "/forgotten-password"])
@pytest.mark.parametrize(
    "typed", ["pas une adresse", "claire@", "é" * 300, "a" * 300 + "@example.org", "claire@example.org\nBcc: x@y.fr"]
)
def test_what_is_no_address_is_said_at_the_field(
    stranger: Browser, agency: Agency, database: Database, address: str, typed: str
) -> None:
    answer = stranger.act(address, {"email": typed})
    assert answer.status == 422
    assert answer.errors() == ["This is not an e-mail address."]
    assert database.count(Message) == 0


def test_the_page_asked_for_first_is_opened_afterwards(stranger: Browser, agency: Agency, mailbox: Mailbox) -> None:
    page = stranger.get("/client/visits?state=done").follow()
    page.press(f'[formaction="{ASKED}"]', email=agency.claire.email)
    path = link_in(mailbox)
    assert stranger.get(path).form(path).submit().location == "/client/visits?state=done"


@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil", "https://evil.example/", "/nothing-there", "javascript:1"]
)
def test_no_link_leads_out_of_the_portal(stranger: Browser, agency: Agency, mailbox: Mailbox, target: str) -> None:
    stranger.act(ASKED, {"email": agency.claire.email, "next": target})
    path = link_in(mailbox)
    assert stranger.get(path).form(path).submit().location == "/client/visits"


def test_somebody_who_is_in_already_is_led_on_by_a_used_link(
    stranger: Browser, agency: Agency, mailbox: Mailbox
) -> None:
    ask(stranger, agency.claire.email)
    path = link_in(mailbox)
    form = stranger.get(path).form(path)
    form.submit()
    assert stranger.get(path).location == "/client/visits", "the same mail, opened again"
    assert stranger.act(path).location == "/client/visits", "two taps on one button"


def test_an_address_without_a_sign_is_asked_for_again(stranger: Browser, agency: Agency) -> None:
    page = ask(stranger, "")
    assert page.status == 422
    assert "Please enter your e-mail address." in page.errors()


def test_a_token_of_another_purpose_or_a_changed_one_opens_nothing(
    stranger: Browser, agency: Agency, mailbox: Mailbox, app: Flask
) -> None:
    ask(stranger, agency.claire.email)
    path = link_in(mailbox)
    with app.app_context():
        public_id = db.session.scalars(select(AccountLink.public_id)).one()
        others = [make_token(purpose, public_id) for purpose in ("rate", "unsubscribe", "password", "address")]
    token = path.removeprefix("/sign-in/")
    answers = set()
    for wrong in [*others, token[:-1], token + "A", token.swapcase(), token[:22], "x", "%ED%A0%80", "A" * 4000]:
        page = stranger.get(f"/sign-in/{wrong}")
        assert is_refused(page), wrong
        answers.add(page.words)
    assert len(answers) == 1
    for other in ("password", "address"):
        assert is_refused(stranger.get(f"/{other}/{token}")), "nor does this one open another page"
    assert stranger.get(path).status == 200


def test_thirty_links_that_are_not_ours_are_enough(stranger: Browser, agency: Agency, mailbox: Mailbox) -> None:
    for number in range(30):
        assert stranger.act(f"/sign-in/wrong{number}").status == 404
    assert stranger.act("/sign-in/wrong").status == 429
    ask(stranger, agency.claire.email)
    path = link_in(mailbox)
    assert stranger.get(path).form(path).submit().status == 303, "the right one still opens"


def test_signing_in_by_link_leaves_somebody_elses_session_behind(
    agency: Agency, mailbox: Mailbox, sign_in: SignIn, database: Database
) -> None:
    tablet = sign_in(agency.denis)
    tablet.act(ASKED, {"email": agency.claire.email})
    path = link_in(mailbox)
    tablet.get(path).form(path).submit()
    ended = database.all(select(AccountSession.ended_at.is_not(None)).order_by(AccountSession.id))
    assert ended == [True, False]


@pytest.mark.parametrize("page", ["/sign-in/link", "/forgotten-password"])
def test_the_answer_is_the_same_work_whether_or_not_an_address_is_one_of_ours(
    page: str, agency: Agency, app: Flask, database: Database
) -> None:
    with database.writing():
        deactivate(None, db.session.get_one(Account, agency.denis.account_id))
    work = []
    for email in (agency.claire.email, "nobody@example.org", agency.denis.email, agency.sofia.email):
        answer = open_browser(app).act(page, {"email": email}, buffered=False)  # as it stands when it leaves
        work.append(answer.statements)
        answer.response.close()
    assert work[0] == work[1] == work[2] == work[3]
    assert work[0]
    assert database.count(Message) == 2, "what is done for those who are known is done afterwards"


def test_the_mail_is_handed_to_the_queue_as_soon_as_it_was_asked_for(
    stranger: Browser, agency: Agency, valkey: str
) -> None:
    ask(stranger, agency.claire.email)
    with Redis.from_url(valkey) as connection:
        assert list(connection.scan_iter("rq:job:*")), "it leaves in seconds, not at the next sweep"
