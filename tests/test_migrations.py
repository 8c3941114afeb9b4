"""Migrations: the models are the head, and a filled database goes down and up without losing a row."""

from datetime import date
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import CheckConstraint, inspect, select, text
from sqlalchemy.exc import IntegrityError

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.outbox.models import Attempt, Message
from portal.people.models import Client, Service, Worker
from portal.ratings.models import FormerRating, Rating, RatingRequest, SuspectAnswer
from portal.reports.month_models import ClosedMonth
from portal.settings.actions import set_option
from tests import factories
from tests.conftest import ROOT, Database, Templates, close, make_app
from tests.factories import Agency

SCRIPTS = ScriptDirectory(str(ROOT / "migrations"))
REVISIONS = [script.revision for script in SCRIPTS.walk_revisions()][::-1]


def revision(app: Flask) -> str | None:
    with app.app_context(), db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def counts() -> dict[str, int]:
    """How many rows each table holds that the database knows."""
    tables = [name for name in inspect(db.engine).get_table_names() if name != "alembic_version"]
    return {name: db.session.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one() for name in tables}  # noqa: S608


def test_there_is_one_line_of_migrations_and_it_starts_at_nothing() -> None:
    assert len(SCRIPTS.get_heads()) == 1
    assert len(SCRIPTS.get_bases()) == 1


def test_the_models_are_what_the_migrations_make(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, db.metadata) == []


def test_names_of_constraints_are_those_of_the_models(app: Flask) -> None:
    """Autogenerate does not look at checks; a refusal names them."""
    with app.app_context():
        found = inspect(db.engine)
        for table in db.metadata.sorted_tables:
            wanted = {str(check.name) for check in table.constraints if isinstance(check, CheckConstraint)}
            there = {str(check["name"]) for check in found.get_check_constraints(table.name)}
            assert wanted == there, table.name


def test_the_database_is_at_the_head(app: Flask) -> None:
    assert revision(app) == SCRIPTS.get_current_head()


@pytest.fixture
def filled(agency: Agency, database: Database) -> dict[str, int]:
    """The story, and a row in every table that it leaves empty."""
    with database.writing():
        rating = factories.rate(agency.claire, agency.claires_done, 2, "En retard")
        rating.former.append(FormerRating(stars=1, comment="Avant", author_name="Claire", left_at=rating.left_at))
        made = factories.done_visit(
            db.session.get_one(Client, agency.claire.id),
            db.session.get_one(Service, agency.cleaning),
            [db.session.get_one(Worker, agency.wassim.id)], hour=7, ask=True,
        )  # fmt: skip
        request = factories.sent_request(made, agency.claire.email)
        db.session.add(Attempt(message_id=request.message_id, number=1, token="t", started_at=rating.left_at))
    with database.app.app_context():
        return counts()


def test_a_filled_database_stays_as_it_is_when_nothing_is_to_do(app: Flask, filled: dict[str, int]) -> None:
    with app.app_context():
        upgrade()
        assert counts() == filled


def test_each_step_down_and_up_keeps_the_rows_of_the_tables_that_stay(app: Flask, filled: dict[str, int]) -> None:
    for target in [*REVISIONS[-2::-1], "base"]:
        with app.app_context():
            downgrade(revision=target)
            left = counts()
            assert {name: number for name, number in left.items() if name in filled and number != filled[name]} == {}
    assert revision(app) is None
    with app.app_context():
        assert counts() == {}, "nothing of ours is left"
        for target in REVISIONS:
            upgrade(revision=target)
        assert set(counts()) == set(filled)
    assert revision(app) == SCRIPTS.get_current_head()


def test_the_last_step_down_and_up_again_loses_no_row(app: Flask, filled: dict[str, int]) -> None:
    if len(REVISIONS) == 1:
        return  # there is only the first one: its way down is to nothing
    with app.app_context():
        downgrade(revision="-1")
        upgrade()
        left = counts()
    assert {name: number for name, number in left.items() if name in filled and number != filled[name]} == {}


def test_what_relatives_have_answered_by_mail_becomes_their_word(
    app: Flask, agency: Agency, database: Database, filled: dict[str, int]
) -> None:
    """It was written down as the client's own before the portal kept whom it had asked."""
    with database.writing():
        made = factories.done_visit(
            db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.rising), [],
            hour=6, ask=True,
        )  # fmt: skip
        request = factories.sent_request(made, agency.paul.email)
        request.message.recipient, request.answered_at = agency.paul.name, request.asked_at
        rating = factories.rate(agency.claire, made.id, 4)
        rating.channel, rating.author_name, rating.author_account_id = "mail", agency.paul.name, None
    with app.app_context():
        downgrade(revision="0001")
        upgrade()
    asked = (
        select(RatingRequest.relative_id, Message.recipient).join(Message).where(RatingRequest.asked_at.is_not(None))
    )
    assert set(database.all(asked)) == {(None, agency.claire.name), (agency.paul.id, agency.paul.name)}
    assert set(database.all(select(Rating.author_role, Rating.author_name))) == {
        ("client", agency.claire.name), ("relative", agency.paul.name),
    }  # fmt: skip


def test_of_former_deeds_the_file_is_told_where_a_login_opens_one_such_file_alone(
    app: Flask, agency: Agency, database: Database
) -> None:
    with database.writing():
        eloise = db.session.get_one(Client, agency.eloise.id)
        for number in range(2):
            factories.relative("Paul", f"Roy {number}", eloise, None).account_id = agency.wassim.account_id
        for number, (who, role) in enumerate(
            ((agency.claire, "client"), (agency.claire, "account"), (agency.sofia, "coordinator"),
             (agency.wassim, "worker"), (agency.wassim, "relative"), (agency.wassim, "account")), 1000,
        ):  # fmt: skip
            db.session.add(AuditEntry(kind="visit.done", account_id=who.account_id, role=role, subject_type="visit",
                                      subject_id=number))  # fmt: skip
    with app.app_context():
        downgrade(revision="0004")
        upgrade()
    told = select(AuditEntry.person_type, AuditEntry.person_id).where(AuditEntry.subject_id >= 1000)
    assert [tuple(row) for row in database.all(told.order_by(AuditEntry.subject_id))] == [
        ("client", agency.claire.id), ("client", agency.claire.id), ("staff", agency.sofia.id),
        ("worker", agency.wassim.id), (None, None), (None, None),
    ]  # fmt: skip


def test_what_an_older_portal_cannot_send_does_not_wait_for_it(app: Flask, agency: Agency, database: Database) -> None:
    with database.writing():
        claire, service = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.cleaning)
        first, second, third = (
            factories.sent_request(factories.done_visit(claire, service, [], hour=hour, ask=True), agency.claire.email)
            for hour in (5, 6, 7)
        )
        weekly = first.message
        weekly.kind, first.public_id, second.public_id, second.message_id = "ratings.digest", "a", "b", weekly.id
        third.message.state, third.message.channel, third.message.sent_at = "scheduled", "sms", None
        db.session.add(SuspectAnswer(subject_id=second.subject_id, request_id=second.id, stars=1, reason="honeypot"))
        for kind in ("ratings.test", "outbox.text_test"):
            db.session.add(
                Message(
                    kind=kind,
                    dedupe_key=kind,
                    subject_type="text_test",
                    subject_id=1,
                    due_at=first.asked_at,
                    next_at=first.asked_at,
                    not_after=first.asked_at,
                )
            )
        wanted = {weekly.id: "sent", third.message_id: "expired"}
        subject_id = first.subject_id
    with app.app_context():
        downgrade(revision="0013")
        found = db.session.execute(text("SELECT id, kind, state, subject_id FROM message")).all()
        assert {row.id: row.state for row in found if row.id in wanted} == wanted
        assert [row.subject_id for row in found if row.id == weekly.id] == [subject_id]
        assert {"ratings.digest", "ratings.test", "outbox.text_test"}.isdisjoint({row.kind for row in found})
        assert db.session.execute(text("SELECT count(*) FROM suspect_answer")).scalar_one() == 0
        db.session.rollback()
        upgrade()


@pytest.mark.parametrize(("chosen", "kept"), [(None, 5), (3, 3)])
def test_months_closed_before_keep_the_fewest_answers_of_today(
    app: Flask, database: Database, chosen: int | None, kept: int
) -> None:
    with database.writing():
        if chosen:
            set_option(None, "ratings.minimum_sample", str(chosen))
        db.session.add(ClosedMonth(first_day=date(2026, 10, 1), closed_by="Inès Caron", minimum_sample=9,
                                   promoters_from=5, passives_from=4))  # fmt: skip
    with app.app_context():
        downgrade(revision="0021")
        upgrade()
    assert database.one(select(ClosedMonth.minimum_sample)) == kept


def test_a_database_made_by_hand_is_refused_where_the_tables_forbid(agency: Agency, database: Database) -> None:
    """The invariants are in the database: whoever writes to it, by whatever way."""
    bad = [
        "UPDATE rating_subject SET visit_id = (SELECT visit_id FROM rating_subject WHERE id = 1) WHERE id = 2",
        "INSERT INTO rating (subject_id, day, stars, channel, author_role, author_name, left_at, version) "
        "VALUES (1, '2026-01-01', 6, 'portal', 'client', 'x', '2026-01-01', 1)",
        "UPDATE visit SET state = 'forgotten'",
        "UPDATE visit SET ends_at = starts_at",
        "UPDATE visit SET ended_at = NULL WHERE state = 'done'",
        "UPDATE visit SET cancel_reason = NULL WHERE state = 'cancelled'",
        "UPDATE visit SET client_id = 999999",
        "UPDATE account SET email = 'claire@example.org'",
        "DELETE FROM client",
        "UPDATE staff SET role = 'emperor'",
    ]
    before = database.fingerprint()
    for statement in bad:
        with database.app.app_context(), pytest.raises(IntegrityError, match=r"(?i)constraint"):
            db.session.execute(text(statement))
    assert database.fingerprint() == before


def test_migrating_needs_nothing_but_the_address_of_the_database(templates: Templates, tmp_path: Path) -> None:
    """The first start: an empty file or an empty database becomes the portal's."""
    url = templates.cluster.new_database() if templates.cluster else f"sqlite:///{tmp_path}/new.db"
    app = make_app(url, tmp_path)
    result = app.test_cli_runner().invoke(args=["db", "upgrade"])
    assert result.exit_code == 0, result.output
    with app.app_context():
        assert db.session.execute(select(Client)).all() == []
    close(app)
