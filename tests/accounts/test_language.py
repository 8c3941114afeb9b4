"""The language of a page: the person's choice, else the browser's, else the agency's."""

import re

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounts.models import Account
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.people.models import Client, Service, Worker
from portal.visits.models import Visit
from tests import factories
from tests.conftest import Database, SignIn, open_browser
from tests.factories import PASSWORD, Agency, at
from tests.pages import Browser, Page


def language_of(page: Page) -> str:
    return str(page.at("html")["lang"])


def browser_that_reads(app: Flask, header: str) -> Browser:
    made = open_browser(app)
    made.environ_base["HTTP_ACCEPT_LANGUAGE"] = header
    return made


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        ("ru", "ru"),
        ("ru-RU,ru;q=0.9,en;q=0.5", "ru"),
        ("fr-CA", "fr"),
        ("en-GB,fr;q=0.5", "en"),
        ("de", "fr"),
        ("", "fr"),
    ],
)
def test_a_stranger_reads_the_browsers_language_or_the_agencys(
    app: Flask, agency: Agency, header: str, shown: str
) -> None:
    assert language_of(browser_that_reads(app, header).get("/sign-in")) == shown


def test_a_strangers_choice_sticks(stranger: Browser, agency: Agency) -> None:
    page = stranger.get("/sign-in").form("RU").submit(language="ru")
    assert page.location == "/sign-in"
    assert language_of(page.follow()) == "ru"
    assert language_of(stranger.get("/forgotten-password")) == "ru"


def test_a_strangers_choice_is_kept_when_signing_in(stranger: Browser, agency: Agency, database: Database) -> None:
    stranger.act("/language", {"language": "ru"})
    page = stranger.act("/sign-in", {"email": agency.claire.email, "password": PASSWORD}).follow()
    assert language_of(page) == "ru"
    assert database.one(select(Account.language).where(Account.id == agency.claire.account_id)) == "ru"


def test_a_persons_choice_follows_them_to_another_browser(agency: Agency, sign_in: SignIn, database: Database) -> None:
    phone, tablet = sign_in(agency.claire), sign_in(agency.claire)
    phone.get("/client/account").at("html")
    phone.act("/language", {"language": "ru", "next": "/client/visits"}).follow()
    assert language_of(tablet.get("/client/visits")) == "ru"
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "account.language_chosen"))
    assert (entry.account_id, entry.before, entry.after) == (
        agency.claire.account_id,
        {"language": None},
        {"language": "ru"},
    )


def test_two_people_in_one_process_keep_their_languages(agency: Agency, sign_in: SignIn) -> None:
    claire, denis = sign_in(agency.claire), sign_in(agency.denis)
    claire.act("/language", {"language": "ru"})
    denis.act("/language", {"language": "fr"})
    assert [language_of(browser.get("/client/visits")) for browser in (claire, denis, claire)] == ["ru", "fr", "ru"]


@pytest.mark.parametrize("language", ["de", "", "ru'", "../ru"])
def test_a_language_that_there_is_not_is_refused(stranger: Browser, agency: Agency, language: str) -> None:
    assert stranger.act("/language", {"language": language}).status == 400
    assert language_of(stranger.get("/sign-in?lang=" + language)) == "en"


def test_choosing_a_language_leads_back_to_the_same_list(agency: Agency, sign_in: SignIn) -> None:
    page = sign_in(agency.claire).get("/client/visits?state=done")
    assert page.form("FR").submit(language="fr").location == "/client/visits?state=done"


@pytest.mark.parametrize("language", ["fr", "ru"])
@pytest.mark.parametrize("path", ["/sign-in", "/forgotten-password", "/password/unknown", "/r/unknown", "/nowhere"])
def test_no_page_for_strangers_is_left_in_english(app: Flask, agency: Agency, path: str, language: str) -> None:
    english = open_browser(app).get(path)
    shown = browser_that_reads(app, language).get(path)
    assert shown.h1 != english.h1
    assert shown.title != english.title
    if language == "ru":
        assert re.search("[а-яё]", shown.h1)


def test_a_mistake_is_told_in_the_language_of_the_page(app: Flask, agency: Agency) -> None:
    page = browser_that_reads(app, "ru").act("/sign-in", {"email": agency.claire.email, "password": "wrong"})
    assert all(re.search("[а-яё]", sentence) for sentence in page.errors())
    assert page.errors()


def results(browser: Browser, agency: Agency, database: Database, number: int) -> str:
    """What the list of that many visits says of its length, without the figure."""
    with database.writing():
        denis, cleaning = db.session.get_one(Client, agency.denis.id), db.session.get_one(Service, agency.cleaning)
        wassim = db.session.get_one(Worker, agency.wassim.id)
        planned = select(Visit.id).where(Visit.client_id == denis.id, Visit.state == "planned")
        have = len(db.session.scalars(planned).all())
        for day in range(have, number):
            factories.visit(denis, cleaning, [wassim], at(1 + day, 9))
    said = browser.get("/client/visits?state=planned").says(".pages-total")
    assert str(number) in said
    return said.replace(str(number), "")


def test_russian_counts_in_three_forms(agency: Agency, sign_in: SignIn, database: Database) -> None:
    denis = sign_in(agency.denis)
    denis.act("/language", {"language": "ru"})
    forms = [results(denis, agency, database, number) for number in (51, 52, 55)]
    assert len(set(forms)) == 3, forms
    assert all(re.search("[а-яё]", form) for form in forms)


def test_dates_read_as_in_each_language(agency: Agency, sign_in: SignIn) -> None:
    shown = {}
    for language in ("fr", "ru", "en"):
        claire = sign_in(agency.claire)
        claire.act("/language", {"language": language})
        shown[language] = claire.get("/client/visits").says(f"#when-{agency.claires_done}")
    assert "lun. 16 novembre" in shown["fr"]
    assert "пн, 16 ноября" in shown["ru"]
    assert "Mon 16 November" in shown["en"]
