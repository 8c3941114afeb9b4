"""How passwords are kept."""

import re
from pathlib import Path
from unittest import mock

from argon2 import extract_parameters
from argon2.low_level import Type
from flask_security.utils import hash_password
from sqlalchemy import select

from portal.accounts.models import Account, AccountSession
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
