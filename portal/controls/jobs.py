"""Writing the file of a table, and forgetting it a week later."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update
from werkzeug.datastructures import MultiDict

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record
from portal.controls.files import WRITERS, XlsxWriter
from portal.controls.forms import ControlFilter
from portal.controls.models import Export
from portal.controls.queries import Sort, asked_sort, chosen, open_desk, read_query, summarise, value_of
from portal.controls.reports import REPORTS, Report, Sheet
from portal.controls.table import Column, ControlTable
from portal.extensions import begin_reading, db, rows_changed, wires, writing
from portal.folding import fold
from portal.i18n import exact, local
from portal.work.models import Work

KEPT = timedelta(days=7)
LONGEST = 200_000  # rows of one file
BATCH = 1000  # rows that are read at once
STEP = 5000  # rows after which the progress is told


def write(work: Work) -> None:
    """Write the file that somebody asked for, with what they may see now. Safe to repeat: it is kept at the end.

    A table that is not open to them any more, or is too long for one file, leaves the file without content.
    """
    begin_reading()  # nobody has to wait while the rows are read
    export = db.session.get(Export, work.subject_id)
    table = (wires.tables.get(export.table) or REPORTS.get(export.table)) if export else None
    if export is None or table is None or export.filename:
        return
    user = next((file for file in wires.files_of_account(export.account_id) if file.key == export.user_key), None)
    if user is None or not table.is_open_to(user):
        return
    with force_locale(export.language):
        args = read_query(export.query)
        if isinstance(table, Report):
            _write_report(work, export, table, user, args)
            return
        form = open_desk(user, table, args).form
        if form.validate():
            _write(work, export, table, user, form, asked_sort(table, args))


def _write(work: Work, export: Export, table: ControlTable, user: User, form: ControlFilter, sort: Sort) -> None:
    rows, sums = chosen(user, table, form, sort)
    total = db.session.scalar(select(func.count()).select_from(rows.order_by(None).limit(LONGEST + 1).subquery())) or 0
    if total > LONGEST:
        return
    summary = summarise(user, table, table.rows(user, form), db.session.execute(sums).one()._mapping)
    db.session.commit()
    with writing():
        work.advance(0, total)
    sectors = sorted(wires.sectors_of(user))
    writer = WRITERS[export.format](str(table.title), table.columns)
    written = 0
    with db.engine.connect() as reading:  # of its own: what is committed in between would end the reading
        for row in reading.execution_options(yield_per=BATCH).execute(rows):
            writer.write([value_of(column, row) for column in table.columns])
            written += 1
            if written % STEP == 0:
                with writing():
                    work.advance(written, max(total, written))
    content = writer.finish(_about(user, form, written), summary)
    _keep(work, export, table, user, form, File(content, written, sectors))


def _write_report(work: Work, export: Export, report: Report, user: User, args: MultiDict) -> None:
    """All sheets are read in one transaction: their sums agree, whoever rates meanwhile."""
    db.session.commit()
    whole = {"isolation_level": "REPEATABLE READ"} if db.engine.dialect.name == "postgresql" else {}
    db.session.connection(execution_options=whole)
    sectors, form = sorted(wires.sectors_of(user)), report.form(user, args)
    if not form.validate():
        return
    book = report.book(form, args)
    sheets = book.sheets_of(export.format, args.get("sheet", ""))
    length = sum(sheet.length for sheet in sheets)
    if length > LONGEST:
        return
    _tell(work, 0, length)
    content, written = _write_sheets(work, export, report, sheets,
                                     lambda rows: [*_about(user, form, rows), *book.about])  # fmt: skip
    db.session.commit()
    only = sheets[0] if export.format == "csv" else None
    _keep(work, export, report, user, form, File(content, written, sectors, only))


def _write_sheets(
    work: Work, export: Export, report: Report, sheets: Sequence[Sheet], about: Callable[[int], list]
) -> tuple[bytes, int]:
    heads = [_keyed(sheet.columns) if export.format == "csv" else sheet.columns for sheet in sheets]
    length, written = sum(sheet.length for sheet in sheets), 0
    writer = WRITERS[export.format](str(report.title), heads[0], sheets[0].title)
    for place, sheet in enumerate(sheets):
        if place and isinstance(writer, XlsxWriter):
            writer.turn_to(sheet.title, heads[place], sheets[place - 1].key)
        for row in sheet.rows:
            writer.write(row)
            written += 1
            if written % STEP == 0:
                _tell(work, written, max(length, written))
    if isinstance(writer, XlsxWriter):
        return writer.finish(about(written), None, sheets[-1].key), written
    return writer.finish(about(written), None), written


def _keyed(columns: Sequence[Column]) -> list[Column]:
    """With the key behind each heading: a CSV file has nothing else that stays the same in every language."""
    return [replace(column, label=f"{column.label} [{column.key}]") for column in columns]


def _tell(work: Work, done: int, total: int) -> None:
    """How far it is, by another connection: the one that reads goes on in its transaction."""
    with writing(), db.engine.begin() as telling:
        telling.execute(update(Work).where(Work.id == work.id).values(done=done, total=total, beat_at=clock.now()))


@dataclass(frozen=True)
class File:
    """What was written, how many rows that are, and which sectors it is of; of several sheets, which one alone."""

    content: bytes
    rows: int
    sectors: list[int]
    only: Sheet | None = None


def _keep(
    work: Work, export: Export, table: ControlTable | Report, user: User, form: ControlFilter, file: File
) -> None:
    with writing():
        db.session.commit()
        export.content, export.sectors = file.content, file.sectors
        export.filename = _filename(table, export, file.only)
        asked = sorted({name for name, _value in form.query()})
        told = {"table": table.name, "format": export.format, "rows": file.rows, "filters": asked}
        record("table.exported", user, ("export", export.id), after=told)
        work.advance(file.rows, max(work.total or 0, file.rows))


def _about(user: User, form: ControlFilter, written: int) -> list[tuple[str, str | int]]:
    return [*form.described(), (_("Lines"), written), (_("Written for"), user.name),
            (_("Written on"), exact(clock.now()))]  # fmt: skip


def _filename(table: ControlTable | Report, export: Export, only: Sheet | None) -> str:
    """The title, that of the sheet where it is one of several, and the day: every system takes it as a file's name."""
    words = [*_plain(str(table.title), table.name), *(_plain(only.title, only.key) if only else ())]
    return f"{'-'.join(words)}-{local(clock.now()):%Y-%m-%d}.{export.format}"


def _plain(title: str, name: str) -> list[str]:
    """The words of a title in plain letters, or its name where it has none."""
    plain = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in fold(title))
    return [word for word in plain.split("-") if word] or [name]


def sweep() -> int:
    """Forget files that were asked for more than a week ago; called every minute. Return how many there were."""
    old = delete(Export).where(Export.created_at < clock.now() - KEPT)
    with writing():
        forgotten = rows_changed(old)
        db.session.commit()
    return forgotten
