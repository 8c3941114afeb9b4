"""Writing the file of a table, and forgetting it a week later."""

from datetime import timedelta

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import delete, func, select

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record
from portal.controls.files import WRITERS
from portal.controls.forms import ControlFilter
from portal.controls.models import Export
from portal.controls.queries import Sort, asked_sort, chosen, open_desk, read_query, summarise, value_of
from portal.controls.table import ControlTable
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
    table = wires.tables.get(export.table) if export else None
    if export is None or table is None or export.filename:
        return
    user = next((file for file in wires.files_of_account(export.account_id) if file.key == export.user_key), None)
    if user is None or not table.is_open_to(user):
        return
    with force_locale(export.language):
        args = read_query(export.query)
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
    with writing():
        db.session.commit()
        export.content, export.filename, export.sectors = content, _filename(table, export), sectors
        asked = sorted({name for name, _value in form.query()})
        told = {"table": table.name, "format": export.format, "rows": written, "filters": asked}
        record("table.exported", user, ("export", export.id), after=told)
        work.advance(written, max(total, written))


def _about(user: User, form: ControlFilter, written: int) -> list[tuple[str, str | int]]:
    return [*form.described(), (_("Lines"), written), (_("Written for"), user.name),
            (_("Written on"), exact(clock.now()))]  # fmt: skip


def _filename(table: ControlTable, export: Export) -> str:
    """The title in plain letters and the day: every system takes it as the name of a file."""
    plain = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in fold(str(table.title)))
    words = [word for word in plain.split("-") if word] or [table.name]
    return f"{'-'.join(words)}-{local(clock.now()):%Y-%m-%d}.{export.format}"


def sweep() -> int:
    """Forget files that were asked for more than a week ago; called every minute. Return how many there were."""
    old = delete(Export).where(Export.created_at < clock.now() - KEPT)
    with writing():
        forgotten = rows_changed(old)
        db.session.commit()
    return forgotten
