"""Once a night the sums behind the figures are compared with what they are made of; once a month reports leave."""

from collections.abc import Callable, Iterator
from datetime import date

from flask_babel import force_locale
from sqlalchemy import select, update

from portal import clock
from portal.audit.actions import Actor
from portal.extensions import begin_reading, db, rows_changed, upsert, writing
from portal.i18n import local
from portal.outbox.actions import Order, schedule
from portal.papers import typeset
from portal.ratings.tally_sums import TALLIES, months
from portal.reports import monthly
from portal.reports.comparing import Wrong, compare, correct
from portal.reports.comparing_models import TallyCheck
from portal.reports.month_book import month_book
from portal.reports.month_paper import month_paper
from portal.reports.monthly_models import MonthlyReport
from portal.settings.queries import option
from portal.work.actions import start
from portal.work.models import Work

AT = 3  # o'clock where the agency is: nobody works, the backups of most are done


def sweep() -> int:
    """Have begin what is due: the comparison of this night, the reports of last month. Return how many were begun."""
    forget_reports()
    return _compare_tonight() + begin_reports()


def _compare_tonight() -> int:
    here = local(clock.now())
    if here.hour < AT or _has_begun(here.date()):
        db.session.rollback()
        return 0
    with writing():
        db.session.rollback()  # it only read so far; what follows takes the lock first
        fresh = upsert(TallyCheck).values(night=here.date()).on_conflict_do_nothing(index_elements=["night"])
        check_id = db.session.scalar(fresh.returning(TallyCheck.id))
        if check_id:  # nobody was faster
            start(None, "reports.compare", check_id)
        db.session.commit()
    return int(check_id is not None)


def _has_begun(night: date) -> bool:
    return db.session.scalar(select(TallyCheck.id).where(TallyCheck.night == night)) is not None


def compare_all(
    actor: Actor | None, *, repair: bool, beat: Callable[[], None] = lambda: None
) -> Iterator[tuple[int, int, list[Wrong]]]:
    """Compare all months, the newest first, each in a transaction of its own.

    Args:
        actor: in whose name it is set right; None for the portal itself.
        repair: whether what is wrong is set right.
        beat: called after each tally, outside a transaction: a month of many ratings takes minutes.

    Yields:
        After each month: how many are done, how many there are, what was wrong.
    """
    begin_reading()
    every = months()
    for number, month in enumerate(every, 1):
        found = []
        for table in TALLIES:
            begin_reading()  # nobody waits while a month is read
            wrong = compare(month, table)
            db.session.commit()
            found += [wrong] if wrong else []
            beat()
        if found and repair:
            with writing():
                correct(actor, found)
                db.session.commit()
        yield number, len(every), found


def run(work: Work) -> None:
    """The nightly comparison. A second run begins anew; what the first set right is in the journal."""
    check_id, all_wrong, done = work.subject_id, [], 0

    def beat() -> None:
        with writing():
            work.advance(work.done)

    for done, total, wrong in compare_all(None, repair=True, beat=beat):
        all_wrong += wrong
        with writing():
            work.advance(done, total)
    with writing():
        db.session.commit()
        write_down(db.session.get_one(TallyCheck, check_id), done, all_wrong, repaired=True)


def write_down(check: TallyCheck, done: int, wrong: list[Wrong], *, repaired: bool) -> None:
    """Write down what came of a comparison, and end it."""
    check.months, check.wrong, check.repaired = done, sum(one.rows for one in wrong), repaired and bool(wrong)
    check.found, check.ended_at = [one.as_json() for one in wrong], clock.now()
    db.session.commit()


# ---- the reports of a month ----


def begin_reports() -> int:
    """Have the reports of last month written for those who have none yet. Called every minute; return how many."""
    here = local(clock.now())
    month = monthly.due_month(here.date(), here.hour)
    missing = monthly.without_report(month) if month and option("ratings.enabled") else []
    db.session.rollback()
    begun = 0
    for account_id in missing:
        with writing():
            row = upsert(MonthlyReport).values(account_id=account_id, first_day=month)
            row = row.on_conflict_do_nothing(index_elements=["account_id", "first_day"])
            report_id = db.session.scalar(row.returning(MonthlyReport.id))
            if report_id:  # nobody was faster
                start(None, monthly.KIND, report_id)
                begun += 1
            db.session.commit()
    return begun


def forget_reports() -> None:
    """Forget the files of reports that were written long ago; which there were is kept."""
    old = MonthlyReport.written_at < clock.now() - monthly.KEPT, MonthlyReport.pdf.is_not(None)
    if db.session.scalar(select(MonthlyReport.id).where(*old).limit(1)) is None:
        db.session.rollback()
        return
    with writing():
        db.session.rollback()
        rows_changed(update(MonthlyReport).where(*old).values(pdf=None, xlsx=None))
        db.session.commit()


def write_report(work: Work) -> None:
    """Write the files of one report and promise the mail that carries them. Safe to repeat: all is kept at the end."""
    begin_reading()
    report = db.session.get(MonthlyReport, work.subject_id)
    reader = monthly.reader_of(report.account_id) if report and report.written_at is None else None
    if report is None or reader is None:
        return
    user, staff = reader
    language = monthly.language_of(staff)
    with force_locale(language):
        pdf, xlsx = typeset(month_paper(user, report.first_day)), month_book(user, report.first_day)
    with writing():
        db.session.commit()
        report.language, report.pdf, report.xlsx, report.written_at = language, pdf, xlsx, clock.now()
        key = f"{monthly.KIND}:{report.account_id}:{report.first_day:%Y-%m}"
        schedule([Order(monthly.KIND, ("monthly_report", report.id), key, clock.now())])
        db.session.commit()
