"""The report of each month by mail, to those of the staff who asked for it: written once, on the first working day."""

from collections.abc import Callable
from datetime import date, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, delete, select

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record
from portal.controls.periods import months_later
from portal.deadlines import working_days_after
from portal.extensions import db, rows_changed, upsert, wires
from portal.i18n import reading_language, written_day
from portal.links import external_url
from portal.outbox.models import Attachment, Drop, Message, MessageKind, Recipient
from portal.people.models import Staff
from portal.reports.monthly_models import MonthlyReader, MonthlyReport
from portal.roles import GRANTS, Permission
from portal.settings.queries import option

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


def without_report(month: date) -> list[int]:
    """The logins that want the report of a month and have none."""
    there = and_(MonthlyReport.account_id == MonthlyReader.account_id, MonthlyReport.first_day == month)
    missing = select(MonthlyReader.account_id).where(~select(MonthlyReport.id).where(there).exists())
    return list(db.session.scalars(missing.order_by(MonthlyReader.account_id)))


def reader_of(account_id: int) -> tuple[User, Staff] | None:
    """Who reads the reports of this login, if they still work here and may read ratings."""
    files = (file for file in wires.files_of_account(account_id) if Permission.SEE_RATINGS in GRANTS[file.role])
    user = next(files, None)
    staff = db.session.get(Staff, user.staff_id) if user else None
    return (user, staff) if user and staff and staff.active and staff.email else None


def language_of(staff: Staff) -> str:
    """In which language the report is written."""
    return reading_language(staff.account.language if staff.account else None, staff.language)


# ---- the mail ----


def _report(message: Message) -> MonthlyReport:
    return db.session.get_one(MonthlyReport, message.subject_id)


def reader(message: Message) -> Recipient | None:
    """Whom it would go to now."""
    found = reader_of(_report(message).account_id)
    return Recipient(str(found[1].email), found[1].name, language_of(found[1])) if found else None


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
                      attachments=attachments, governed_by=("ratings.enabled",))  # fmt: skip
