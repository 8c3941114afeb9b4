"""The report of each month by mail, to those of the staff who asked for it: written once, on the first working day."""

from collections.abc import Callable
from datetime import date, timedelta

from flask_babel import force_locale
from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, delete, select, update

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record
from portal.controls.periods import months_later
from portal.deadlines import working_days_after
from portal.extensions import begin_reading, db, rows_changed, upsert, wires, writing
from portal.i18n import local, reading_language, written_day
from portal.links import external_url
from portal.outbox.actions import Order, schedule
from portal.outbox.models import Attachment, Drop, Message, MessageKind, Recipient
from portal.papers import typeset
from portal.people.models import Staff
from portal.reports.month_book import month_book
from portal.reports.month_paper import month_paper
from portal.reports.monthly_models import MonthlyReader, MonthlyReport
from portal.roles import GRANTS, Permission
from portal.settings.queries import option
from portal.work.actions import start
from portal.work.models import Work

KIND = "reports.monthly"
AT = 7  # o'clock where the agency is, on the first working day of the next month
KEPT = timedelta(days=60)  # after which the files of a report are forgotten
XLSX = "vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def is_wanted(user: User) -> bool:
    """Whether this person is mailed the reports."""
    return db.session.get(MonthlyReader, user.account_id) is not None


def choose(user: User, *, wanted: bool) -> None:
    """Have the reports mailed to oneself, or no more. Nothing happens where that is so already."""
    if is_wanted(user) is wanted:
        return
    if wanted:
        row = upsert(MonthlyReader).values(account_id=user.account_id, since=clock.now())
        db.session.execute(row.on_conflict_do_nothing(index_elements=[MonthlyReader.account_id]))
        record("month.report_wanted", user, ("account", user.account_id))
    else:
        rows_changed(delete(MonthlyReader).where(MonthlyReader.account_id == user.account_id))
        record("month.report_stopped", user, ("account", user.account_id))


def due_month(moment_day: date, hour: int) -> date | None:
    """The month whose report is due: the last one, from the first working day of this one on.

    Args:
        moment_day, hour: of the wall clock where the agency is.
    """
    first = moment_day.replace(day=1)
    opening = working_days_after(first - timedelta(days=1), 1)
    late_enough = moment_day > opening or (moment_day == opening and hour >= AT)
    return months_later(first, -1) if late_enough else None


def begin_reports() -> int:
    """Have the reports of last month written for those who have none yet. Called every minute; return how many."""
    here = local(clock.now())
    month = due_month(here.date(), here.hour)
    missing = _without_report(month) if month and option("ratings.enabled") else []
    db.session.rollback()
    begun = 0
    for account_id in missing:
        with writing():
            row = upsert(MonthlyReport).values(account_id=account_id, first_day=month)
            row = row.on_conflict_do_nothing(index_elements=["account_id", "first_day"])
            report_id = db.session.scalar(row.returning(MonthlyReport.id))
            if report_id:  # nobody was faster
                start(None, KIND, report_id)
                begun += 1
            db.session.commit()
    return begun


def _without_report(month: date) -> list[int]:
    there = and_(MonthlyReport.account_id == MonthlyReader.account_id, MonthlyReport.first_day == month)
    missing = select(MonthlyReader.account_id).where(~select(MonthlyReport.id).where(there).exists())
    return list(db.session.scalars(missing.order_by(MonthlyReader.account_id)))


def forget_old() -> None:
    """Forget the files of reports that were written long ago; which there were is kept."""
    old = MonthlyReport.written_at < clock.now() - KEPT, MonthlyReport.pdf.is_not(None)
    if db.session.scalar(select(MonthlyReport.id).where(*old).limit(1)) is None:
        db.session.rollback()
        return
    with writing():
        db.session.rollback()
        rows_changed(update(MonthlyReport).where(*old).values(pdf=None, xlsx=None))
        db.session.commit()


def write(work: Work) -> None:
    """Write the files of one report and promise the mail that carries them. Safe to repeat: all is kept at the end."""
    begin_reading()
    report = db.session.get(MonthlyReport, work.subject_id)
    reader = _reader_of(report.account_id) if report and report.written_at is None else None
    if report is None or reader is None:
        return
    user, staff = reader
    language = _language(staff)
    with force_locale(language):
        pdf, xlsx = typeset(month_paper(user, report.first_day)), month_book(user, report.first_day)
    with writing():
        db.session.commit()
        report.language, report.pdf, report.xlsx, report.written_at = language, pdf, xlsx, clock.now()
        key = f"{KIND}:{report.account_id}:{report.first_day:%Y-%m}"
        schedule([Order(KIND, ("monthly_report", report.id), key, clock.now())])
        db.session.commit()


def _reader_of(account_id: int) -> tuple[User, Staff] | None:
    """Who reads the reports of this login, if they still work here and may read ratings."""
    files = (file for file in wires.files_of_account(account_id) if Permission.SEE_RATINGS in GRANTS[file.role])
    user = next(files, None)
    staff = db.session.get(Staff, user.staff_id) if user else None
    return (user, staff) if user and staff and staff.active and staff.email else None


def _language(staff: Staff) -> str:
    return reading_language(staff.account.language if staff.account else None, staff.language)


# ---- the mail ----


def _report(message: Message) -> MonthlyReport:
    return db.session.get_one(MonthlyReport, message.subject_id)


def reader(message: Message) -> Recipient | None:
    """Whom it would go to now."""
    found = _reader_of(_report(message).account_id)
    return Recipient(str(found[1].email), found[1].name, _language(found[1])) if found else None


def why_not(message: Message) -> Drop | None:
    """Why it would not leave as things stand."""
    report = _report(message)
    if not option("ratings.enabled"):
        return Drop("suppressed", "module_off")
    wanted = select(MonthlyReader.account_id).where(MonthlyReader.account_id == report.account_id)
    if db.session.scalar(wanted) is None:
        return Drop("cancelled", "report_stopped")
    return Drop("expired", "too_late") if report.pdf is None else None


def decide(message: Message) -> Recipient | Drop:
    return why_not(message) or reader(message) or Drop("suppressed", "nobody_responsible")


def context(message: Message, token: Callable[[str, str], str]) -> dict:  # noqa: ARG001 - it needs a sign-in
    """The month, and where its figures can be looked into."""
    report = _report(message)
    return {"month": written_day(report.first_day, "LLLL y"), "url": external_url("staff.list_months")}


def attachments(message: Message) -> list[Attachment]:
    """The paper and the workbook."""
    report = _report(message)
    name = f"suivi-{report.first_day:%Y-%m}"
    return [Attachment(f"{name}.pdf", "application", "pdf", report.pdf or b""),
            Attachment(f"{name}.xlsx", "application", XLSX, report.xlsx or b"")]  # fmt: skip


MONTHLY = MessageKind(KIND, _l("Monthly report"), "monthly_report", reader, decide, context, why_not=why_not,
                      attachments=attachments)  # fmt: skip
