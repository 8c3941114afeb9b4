"""What the owner of a login is told by mail, in case it was somebody else."""

from datetime import timedelta

import pytest
from flask import Flask
from time_machine import TimeMachineFixture

from portal.accounts.devices import device_of, network_of
from portal.accounts.models import Account
from portal.accounts.notices import WORDS, notify
from portal.extensions import db
from tests.conftest import Database, Mailbox, open_browser, text_of
from tests.factories import PASSWORD, Agency
from tests.pages import Browser

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:146.0) Gecko/20100101 Firefox/146.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/19.0 Mobile/15E148 Safari/604.1"
)
SAMSUNG = (
    "Mozilla/5.0 (Linux; Android 15; SM-A155F) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 "
    "Chrome/130.0.0.0 Mobile Safari/537.36"
)
EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0"


@pytest.mark.parametrize(
    ("said", "kept"),
    [(FIREFOX, "Firefox/Windows"), (IPHONE, "Safari/iPhone"), (SAMSUNG, "Samsung Internet/Android"),
     (EDGE, "Edge/Windows"), ("curl/8.0", None), ("", None), (None, None)],
)  # fmt: skip
def test_a_browser_is_called_what_its_owner_calls_it(said: str | None, kept: str | None) -> None:
    assert device_of(said) == kept


@pytest.mark.parametrize(
    ("address", "kept"),
    [("81.56.12.34", "81.56.12.*"), ("::ffff:81.56.12.34", "81.56.12.*"), ("2a01:e0a:0:1:2:3:4:5", "2a01:e0a:0:*"),
     ("nonsense", None), (None, None)],
)  # fmt: skip
def test_a_network_is_kept_without_the_household(address: str | None, kept: str | None) -> None:
    assert network_of(address) == kept


def enter(app: Flask, agency: Agency, agent: str) -> Browser:
    browser = open_browser(app)
    browser.environ_base["HTTP_USER_AGENT"] = agent
    assert browser.act("/sign-in", {"email": agency.claire.email, "password": PASSWORD}).status == 303
    return browser


def test_a_device_that_was_not_seen_for_ninety_days_is_news(
    app: Flask, agency: Agency, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    enter(app, agency, FIREFOX)
    assert mailbox.collect() == [], "the first sign-in of all is no news"
    enter(app, agency, FIREFOX)
    assert mailbox.collect() == []
    enter(app, agency, IPHONE)
    mail = mailbox.one()
    assert mail["To"].addresses[0].addr_spec == agency.claire.email
    assert "iPhone" in text_of(mail)
    assert "12:0" in text_of(mail), "in the agency's zone"
    assert "/forgotten-password" in text_of(mail)
    enter(app, agency, IPHONE)
    assert mailbox.collect() == []
    time_machine.shift(timedelta(days=91))
    enter(app, agency, IPHONE)
    assert "iPhone" in text_of(mailbox.one())


def test_a_browser_of_the_same_make_in_another_network_is_news_unless_it_carries_its_cookie(
    app: Flask, agency: Agency, mailbox: Mailbox
) -> None:
    own = enter(app, agency, FIREFOX)
    thief = open_browser(app)
    thief.environ_base.update(HTTP_USER_AGENT=FIREFOX.replace("146.0", "99.0"), REMOTE_ADDR="185.7.1.9")
    thief.set_cookie("suivi-known", "WzFd.made.up")
    form = {"email": agency.claire.email, "password": PASSWORD}
    assert thief.act("/sign-in", form).status == 303
    assert "ne connaissions pas" in text_of(mailbox.one())
    own.act("/sign-out")
    own.environ_base["REMOTE_ADDR"] = "92.184.3.3"
    assert own.act("/sign-in", form).status == 303
    assert mailbox.collect() == [], "a phone on the road"


@pytest.mark.parametrize("what", WORDS)
@pytest.mark.parametrize("language", ["fr", "ru", "en"])
def test_every_notice_can_be_read_in_the_persons_language(
    agency: Agency, mailbox: Mailbox, database: Database, what: str, language: str
) -> None:
    with database.writing():
        account = db.session.get_one(Account, agency.claire.account_id)
        account.language = language
        notify(account, what)
    mail = mailbox.one()
    assert mail["Content-Language"] == language
    assert "Claire Lefèvre" in text_of(mail)
    assert "http://localhost/" in text_of(mail) or what == "address_changed"


def test_a_new_password_by_mail_is_told_once(stranger: Browser, agency: Agency, mailbox: Mailbox) -> None:
    stranger.environ_base["HTTP_USER_AGENT"] = IPHONE
    stranger.get("/forgotten-password").form("Send me").submit(email=agency.claire.email)
    path = text_of(mailbox.one()).partition("http://localhost")[2].split()[0]
    stranger.get(path).form(path).submit(password="une phrase toute neuve", confirm="une phrase toute neuve")
    assert len(mailbox.collect()) == 1, "the new password, and not the device beside it"
