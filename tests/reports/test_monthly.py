"""The monthly report: by mail on the first working day, as PDF and XLSX, to those of the staff who asked for it."""

import io
from collections.abc import Callable
from datetime import date
from email.message import EmailMessage

import pytest
from flask import Flask
from openpyxl import Workbook, load_workbook
from pypdf import PdfReader
from sqlalchemy import func, select, update

from portal import clock
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.outbox.models import Message
from portal.people.models import Staff
from portal.ratings.models import Rating
from portal.reports import jobs, monthly
from portal.reports.monthly_models import MonthlyReport
from portal.settings.actions import set_option
from portal.work import jobs as work
from portal.work.models import Work
from tests.conftest import Database, Mailbox, SignIn
from tests.factories import Agency
from tests.pages import Page
from tests.reports.conftest import MONTHS, tallied

WANT, STOP = "Receive the monthly report", "Stop the monthly report"


def want(agency: Agency, sign_in: SignIn, who: str = "sofia") -> None:
    assert STOP in sign_in(getattr(agency, who)).get(MONTHS).form(WANT).submit().follow().words


def write(app: Flask, database: Database) -> int:
    """Have what is due begun and done, as ticker and worker do; return how many reports that were."""
    with app.app_context():
        begun = jobs.begin_reports()
        for work_id in database.all(select(Work.id).where(Work.kind == monthly.KIND, Work.state == "waiting")):
            work.run(work_id)
    return begun


def mailed(mailbox: Mailbox) -> list[EmailMessage]:
    """The reports that leave now; alerts of the story's ratings leave as well."""
    return [mail for mail in mailbox.collect() if list(mail.iter_attachments())]


def files(mail: EmailMessage) -> dict[str, bytes]:
    return {str(part.get_filename()): part.get_content() for part in mail.iter_attachments()}


def paper(mail: EmailMessage) -> str:
    pages = PdfReader(io.BytesIO(files(mail)["suivi-2026-10.pdf"])).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def workbook(mail: EmailMessage) -> Workbook:
    return load_workbook(io.BytesIO(files(mail)["suivi-2026-10.xlsx"]))


@pytest.mark.parametrize(
    ("day", "hour", "month"),
    [
        (date(2026, 11, 1), 23, None),  # a Sunday, and a holiday
        (date(2026, 11, 2), 6, None),
        (date(2026, 11, 2), 7, date(2026, 10, 1)),
        (date(2026, 11, 30), 0, date(2026, 10, 1)),
        (date(2027, 1, 1), 12, None),
        (date(2027, 1, 3), 12, None),
        (date(2027, 1, 4), 8, date(2026, 12, 1)),
    ],
)
def test_a_report_is_due_from_the_first_working_day_on(app: Flask, day: date, hour: int, month: date | None) -> None:
    with app.app_context():
        assert monthly.due_month(day, hour) == month


def test_a_coordinator_is_mailed_the_figures_of_her_sectors_once(
    app: Flask,
    october: Agency,
    sign_in: SignIn,
    database: Database,
    mailbox: Mailbox,
) -> None:
    want(october, sign_in)
    assert write(app, database) == 1
    (mail,) = mailed(mailbox)
    assert mail["To"].addresses[0].addr_spec == october.sofia.email
    assert set(files(mail)) == {"suivi-2026-10.pdf", "suivi-2026-10.xlsx"}
    assert mail["Subject"] == "Retour d’information des clients : octobre 2026", "in her language"
    said = paper(mail)
    assert "4,3 / 5" in said and "Wassim Haddad" in said
    assert "Jean" not in said, "who works in the South alone"
    sheets = workbook(mail)
    assert [sheet.title for sheet in sheets][:2] == ["Par intervenant", "Par date"]
    assert "Commentaires" not in sheets.sheetnames, "what clients wrote does not leave by mail"
    heads = [cell.value for cell in sheets["Par intervenant"][1]]
    wassim = dict(zip(heads, [cell.value for cell in sheets["Par intervenant"][2]], strict=True))
    found = wassim["Intervenant"], wassim["Évaluations"], round(wassim["Moyenne sur 5"], 2)
    assert found == ("Wassim Haddad", 3, 4.33)
    assert write(app, database) == 0
    assert mailed(mailbox) == []


def test_the_report_of_a_closed_month_says_what_counted_then(
    app: Flask,
    october: Agency,
    close: Callable[[], Page],
    sign_in: SignIn,
    database: Database,
    mailbox: Mailbox,
) -> None:
    close()
    with database.writing():
        first = db.session.scalars(select(Rating).order_by(Rating.id)).first()
        assert first
        first.stars = 1
        tallied()
    want(october, sign_in)
    write(app, database)
    (mail,) = mailed(mailbox)
    said = paper(mail)
    assert "4,3 / 5" in said and "Clôturé par Inès Caron" in said
    assert "5 étoiles · Sur le portail 1 étoile · Sur le portail" in said, "what has changed since"
    assert "3,0 / 5" in said, "the mean of today beside it"
    sheets = workbook(mail)
    assert [cell.value for cell in sheets["Écarts depuis"][2]][2:4] == [
        "5 étoiles · Sur le portail", "1 étoile · Sur le portail",
    ]  # fmt: skip
    mean = next(row for row in sheets.worksheets[2].iter_rows(values_only=True) if row[0] == "Évaluation globale")
    assert (round(mean[1], 2), mean[2], mean[3], mean[4]) == (4.33, 3, 3, 3), "numbers as numbers"
    assert "Interventions réalisées" not in [cell.value for cell in sheets["Par date"][1]], "known of the month alone"
    assert sum(row[1].value is not None for row in sheets["Par date"].iter_rows(min_row=2)) == 3


def test_who_stops_it_or_has_left_is_mailed_nothing(
    app: Flask,
    october: Agency,
    sign_in: SignIn,
    database: Database,
    mailbox: Mailbox,
) -> None:
    for who in ("sofia", "ines", "ada"):
        want(october, sign_in, who)
    assert write(app, database) == 3
    sign_in(october.sofia).get(MONTHS).press("button[name=stop]")
    with database.writing():
        db.session.execute(update(Staff).where(Staff.email == october.ines.email).values(active=False))
    came = mailed(mailbox)
    assert [mail["To"].addresses[0].addr_spec for mail in came] == [october.ada.email]
    assert sorted(database.all(select(Message.state, Message.reason).where(Message.kind == monthly.KIND))) == [
        ("cancelled", "report_stopped"), ("sent", None), ("suppressed", "nobody_responsible"),
    ]  # fmt: skip
    kinds = select(AuditEntry.kind).where(AuditEntry.kind.like("month.report%")).order_by(AuditEntry.id)
    assert database.all(kinds) == [*["month.report_wanted"] * 3, "month.report_stopped"]


def test_nothing_is_written_while_ratings_are_off_and_files_are_forgotten(
    app: Flask,
    october: Agency,
    sign_in: SignIn,
    database: Database,
) -> None:
    want(october, sign_in)
    with database.writing():
        set_option(None, "ratings.enabled", "no")
    assert write(app, database) == 0
    with database.writing():
        set_option(None, "ratings.enabled", "yes")
    assert write(app, database) == 1
    kept = select(func.count()).where(MonthlyReport.pdf.is_not(None))
    assert database.one(kept) == 1
    with database.writing():
        db.session.execute(update(MonthlyReport).values(written_at=clock.now() - monthly.KEPT * 2))
    with app.app_context():
        jobs.sweep()
    assert database.one(kept) == 0


def test_the_paper_of_a_month_is_there_at_any_time(october: Agency, sign_in: SignIn) -> None:
    igor = sign_in(october.igor)
    row = next(row for row in igor.get(MONTHS).soup.select("tbody tr") if "October 2026" in row.get_text())
    page = igor.get(str(row.select("a[href$=report]")[0]["href"]))
    said = " ".join(part.extract_text() for part in PdfReader(io.BytesIO(page.data)).pages)
    assert "Not enough answers" in said and "Wassim" not in said
    assert igor.get("/staff/analytics/months/2026/11/report").status == 404
