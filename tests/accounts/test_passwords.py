"""How passwords are kept, and which are good enough."""

import re
from pathlib import Path
from unittest import mock

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type
from flask import Flask
from flask_security.utils import hash_password
from sqlalchemy import select

from portal.accounts.models import Account, AccountSession
from portal.accounts.passwords import SENTENCES, fault_of, personal_words
from portal.extensions import db
from tests.conftest import Database, SignIn, make_app
from tests.factories import PASSWORD, Agency


def test_the_hash_is_as_slow_as_owasp_asks(tmp_path: Path) -> None:
    with mock.patch.dict("tests.conftest.CHEAP_HASHES", clear=True):
        app = make_app("sqlite://", tmp_path)
    with app.app_context():
        kept = extract_parameters(hash_password(PASSWORD))
    assert kept.type is Type.ID
    assert kept.memory_cost >= 19 * 1024
    assert kept.time_cost >= 2 or kept.memory_cost >= 46 * 1024


def test_neither_passwords_nor_secrets_of_sessions_are_in_the_database(
    agency: Agency, database: Database, sign_in: SignIn
) -> None:
    browser = sign_in(agency.claire)
    with browser.session_transaction() as cookie:
        token = cookie["token"]
    everything = repr(database.fingerprint())
    assert PASSWORD not in everything
    assert token not in everything
    assert re.fullmatch(r"[0-9a-f]{64}", database.one(select(AccountSession.token_hash)))
    assert database.all(select(Account.password).where(Account.password.not_like("$argon2id$%"))) == []


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("claire@example.org", "person"), ("Claire.Lefevre1", "person"), ("LEFÈVRE claire 2026", "person"),
        ("Maison & Soins 75", "agency"), ("maisonsoins2026", "agency"),
        ("aaaaaaaaaaaa", "few"), ("abababababab", "few"), ("motdepasse2026!", "common"), ("azertyuiop12", "common"),
        ("qsdfghjklm12", "common"), ("123456789012", "common"), ("Password1234!", "common"),
        ("marseille2026", "common"), ("пароль123456", "common"), ("йцукенгшщзхъ", "common"),
        ("claire maison 12", "common"),
        ("une phrase que je retiens", None), ("пароль не скажу вам", None), ("claire aime les soins du chat", None),
        ("🙂🙃🎁🎈🎉 un été russe", None), ("xkqvbzjwprmt", None),
    ],
)  # fmt: skip
def test_what_a_guesser_tries_first_is_refused_and_the_sentence_says_why(
    app: Flask, agency: Agency, password: str, why: str | None
) -> None:
    with app.app_context():
        personal = personal_words(db.session.get_one(Account, agency.claire.account_id))
        assert fault_of(password, personal) == (SENTENCES[why] if why else None)
