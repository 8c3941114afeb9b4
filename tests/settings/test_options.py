"""The agency's options: read with their defaults, changed from the command line, refused when they mean nothing."""

import pytest
from flask import Flask
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.errors import Refused
from portal.extensions import db, writing
from portal.settings.actions import parse, set_option
from portal.settings.models import OPTIONS, OptionValue
from portal.settings.queries import option
from tests.conftest import Database, SignIn
from tests.factories import Agency


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("ratings.enabled", "yes", True),
        ("ratings.enabled", "OFF", False),
        ("ratings.enabled", "0", False),
        ("ratings.request_delay_minutes", "0", 0),
        ("ratings.request_delay_minutes", "1440", 1440),
        ("ratings.link_days", "365", 365),
        ("ratings.low_threshold", "5", 5),
        ("ratings.request_window", "always", "always"),
        ("ratings.request_window", "Mon-Fri 08:30-12:00", "mon-fri 08:30-12:00"),
        ("ratings.request_window", "sun 00:00-24:00", "sun 00:00-24:00"),
        ("agency.zone", "America/Guadeloupe", "America/Guadeloupe"),
        ("agency.language", "RU", "ru"),
        ("agency.sender", "qualite@example.org", "qualite@example.org"),
        ("agency.sender", "contact@soins-à-domicile.fr", "contact@xn--soins--domicile-cjb.fr"),
        ("agency.name", "  Maison\r\n & Soins ", "Maison & Soins"),
    ],
)
def test_a_value_is_understood(app: Flask, key: str, text: str, value: object) -> None:
    with app.app_context(), writing():
        set_option(None, key, text)
        db.session.commit()
    with app.app_context():
        assert option(key) == value
        assert type(option(key)) is type(value)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("ratings.enabled", "maybe"), ("ratings.enabled", ""), ("ratings.request_delay_minutes", "-1"),
        ("ratings.request_delay_minutes", "1.5"), ("ratings.request_delay_minutes", "ten"),
        ("ratings.request_delay_minutes", "٣"), ("ratings.request_delay_minutes", "1000001"),
        ("ratings.request_delay_minutes", "9" * 5000), ("ratings.link_days", "0"), ("ratings.link_days", "366"),
        ("ratings.low_threshold", "6"), ("ratings.request_window", "never"), ("ratings.request_window", "mon-sat"),
        ("ratings.request_window", "mon-sat 19:00-09:00"), ("ratings.request_window", "mon-sat 09:00-09:00"),
        ("ratings.request_window", "mon-sat 9:00-19:00"), ("ratings.request_window", "lun-sam 09:00-19:00"),
        ("ratings.request_window", "mon-sat 09:00-25:00"), ("agency.zone", "Mars/Olympus"),
        ("agency.zone", "../etc/passwd"),
        ("agency.language", "de"), ("agency.sender", "nobody"), ("agency.sender", "a@b@c"),
        ("agency.sender", "élodie@agence.fr"), ("ratings.low_threshold", "0"), ("ratings.urgent_threshold", "3"),
        ("ratings.link_days", ""),
        ("agency.sender", "a@example.org\nBcc: b@example.org"), ("agency.name", "   "),
    ],
)  # fmt: skip
def test_a_value_that_means_nothing_is_refused_with_a_sentence(
    app: Flask, database: Database, key: str, text: str
) -> None:
    with app.test_request_context(), writing(), pytest.raises(Refused) as refusal:
        set_option(None, key, text)
    assert len(str(refusal.value.message)) > 20
    assert database.count(OptionValue) == 0


def test_an_option_that_there_is_not_is_refused(app: Flask, database: Database) -> None:
    with app.test_request_context(), writing(), pytest.raises(Refused):
        set_option(None, "ratings.nonsense", "1")
    with app.app_context(), pytest.raises(KeyError):
        option("ratings.nonsense")


@pytest.mark.parametrize("key", OPTIONS)
def test_every_default_could_be_typed(app: Flask, key: str) -> None:
    """What `flask settings list` prints can be given back to `flask settings set`."""
    known = OPTIONS[key]
    text = str(known.default).lower() if isinstance(known.default, bool) else str(known.default)
    with app.test_request_context():
        if text:
            assert parse(known, text) == known.default


def test_setting_an_option_is_written_down(app: Flask, agency: Agency, database: Database) -> None:
    with database.writing():
        set_option(agency.ada.user, "ratings.low_threshold", "1")
    entry = database.all(select(AuditEntry).where(AuditEntry.kind == "option.set").order_by(AuditEntry.id))[-1]
    assert (entry.account_id, entry.role, entry.before, entry.after) == (
        agency.ada.account_id, "admin", {"ratings.low_threshold": 2}, {"ratings.low_threshold": 1},
    )  # fmt: skip


def test_the_command_line_sets_gets_and_lists(app: Flask) -> None:
    run = app.test_cli_runner().invoke
    assert run(args=["settings", "set", "ratings.link_days", "30"]).exit_code == 0
    assert run(args=["settings", "get", "ratings.link_days"]).output.strip() == "30"
    listed = run(args=["settings", "list"]).output
    assert all(key in listed for key in OPTIONS)
    assert "ratings.link_days = 30 *" in listed
    assert "ratings.enabled = true\n" in listed
    assert "Offer 0 stars. It is a score, not a missing answer." in listed, "the command line speaks English"
    assert len(listed.splitlines()) == 2 * len(OPTIONS), "two lines each, however long a text is"


@pytest.mark.parametrize(("args", "said"), [
    (("ratings.reminder_days", "14"), "The reminder (day 14) has to come before the end of the link (day 14)."),
    (("ratings.reminder_days", "20"), "The reminder (day 20) has to come before the end of the link (day 14)."),
    (("ratings.link_days", "4"), "The reminder (day 4) has to come before the end of the link (day 4)."),
    (("agency.languages", "ru,en"), "“Français” is the language of the agency"),
    (("ratings.promoters_from", "3"), "Passives give fewer stars than promoters"),
    (("ratings.urgent_threshold", "3"), "Urgent ratings are the worst of the low ones"),
])  # fmt: skip
def test_the_command_line_refuses_what_contradicts_another_option(
    app: Flask, database: Database, args: tuple[str, str], said: str
) -> None:
    result = app.test_cli_runner().invoke(args=["settings", "set", *args])
    assert result.exit_code == 1
    assert said in result.output
    assert database.count(OptionValue) == 0


def test_without_a_reminder_the_link_may_be_as_short_as_one_likes(app: Flask, database: Database) -> None:
    run = app.test_cli_runner().invoke
    assert run(args=["settings", "set", "ratings.reminder_days", "0"]).exit_code == 0
    assert run(args=["settings", "set", "ratings.link_days", "1"]).exit_code == 0
    assert run(args=["settings", "set", "ratings.reminder_days", "1"]).exit_code == 1


@pytest.mark.parametrize("args", [["set", "ratings.link_days", "0"], ["set", "nonsense", "1"], ["get", "nonsense"]])
def test_the_command_line_says_what_is_wrong_and_fails(app: Flask, database: Database, args: list[str]) -> None:
    result = app.test_cli_runner().invoke(args=["settings", *args])
    assert result.exit_code == 1
    assert result.output.strip()
    assert database.count(OptionValue) == 0


def test_a_change_is_seen_by_the_next_request(agency: Agency, sign_in: SignIn, database: Database) -> None:
    claire = sign_in(agency.claire)
    assert "Maison & Soins" in claire.get("/client/visits").title
    with database.writing():
        set_option(None, "agency.name", "Autre Maison")
    assert "Autre Maison" in claire.get("/client/visits").title


def test_the_threshold_decides_what_is_low(agency: Agency, sign_in: SignIn, database: Database) -> None:
    from tests.factories import rate

    with database.writing():
        rate(agency.claire, agency.claires_done, 2)
        rate(agency.denis, agency.denis_done, 3)
    sofia = sign_in(agency.sofia)
    assert len(sofia.get("/staff/ratings?low=1").soup.select("li.voice")) == 1
    with database.writing():
        set_option(None, "ratings.low_threshold", "3")
    assert len(sofia.get("/staff/ratings?low=1").soup.select("li.voice")) == 2
    with database.writing():
        set_option(None, "ratings.urgent_threshold", "0")
        set_option(None, "ratings.low_threshold", "0")
    assert len(sofia.get("/staff/ratings?low=1").soup.select("li.voice")) == 0
    assert len(sofia.get("/staff/ratings?stars=3").soup.select("li.voice")) == 1
