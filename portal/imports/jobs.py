"""The two long steps of an import: what would each line do, and doing it. Both go on where a killed process stopped."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record as record_deed
from portal.errors import Refused
from portal.extensions import begin_reading, db, wires, writing
from portal.imports.importer import WRITES, Header, Outcome, Plan, Planner, Row, Task, find_header, to_row
from portal.imports.models import Import, ImportLine, Step
from portal.imports.queries import count_outcomes, importer_of
from portal.imports.reading import Table, read_table
from portal.imports.refusals import Params, Unreadable, Wrong
from portal.work.models import Work

BATCH = 500  # lines of one transaction: other writers wait for it no longer than a blink

LOST_RACE = (IntegrityError, StaleDataError, Refused)


class Advance(Protocol):
    """Commit, and say how far it is."""

    def __call__(self, done: int, total: int | None = None) -> None: ...


def plan(work: Work) -> None:
    """Read a file and say of each line what it would do. Nothing but the preview is written."""
    _guarded(work, Step.READING, plan_import)


def run(work: Work) -> None:
    """Write the lines of a file that somebody validated."""
    _guarded(work, Step.RUNNING, write_import)


def _guarded(work: Work, step: Step, job: Callable[[Import, Advance], None]) -> None:
    subject_id = work.subject_id
    imported = db.session.get_one(Import, subject_id)
    if imported.state != step:  # put aside meanwhile, or done by a process that died before it could say so
        return
    try:
        job(imported, work.advance)
    except BaseException:
        db.session.rollback()
        with writing():
            _step_back(subject_id, step)
            db.session.commit()
        raise


def _step_back(import_id: int, step: Step) -> None:
    """Leave an import as it can be taken up by hand: what was written stays, and the rest can follow."""
    back_to = Step.READY if step is Step.RUNNING else Step.FAILED
    stopped = update(Import).where(Import.id == import_id, Import.state == step)
    db.session.execute(stopped.values({"state": back_to, "fault": ["stopped", {}]}))


def give_up_plan(work: Work) -> None:
    _step_back(work.subject_id, Step.READING)


def give_up_run(work: Work) -> None:
    _step_back(work.subject_id, Step.RUNNING)


def plan_import(imported: Import, advance: Advance) -> None:
    """Fill the preview of a file, or say why it cannot be read. Safe to repeat."""
    begin_reading()  # no other writer has to wait while the file is read
    importer = importer_of(imported.kind)
    try:
        user = asking_user(imported)
        table = read_table(imported.content or b"")
        header = find_header(importer, table.lines)
    except Unreadable as refusal:
        _give_up(imported, refusal)
        return
    lines = table.lines[header.place + 1 :]
    _note_what_was_read(imported, table, header)
    advance(0, len(lines))
    cells_of = dict(lines)
    rows = sorted((to_row(header, number, cells) for number, cells in lines), key=importer.order)
    planner = importer.planner(Task(rows, user, imported.choices))
    for start in range(0, len(rows), BATCH):
        batch = [_line(imported.id, row, cells_of, _plan(planner, row)) for row in rows[start : start + BATCH]]
        db.session.commit()
        with writing():
            db.session.execute(insert(ImportLine), batch)
            advance(start + len(batch))
    with writing():
        imported.totals = planner.totals()
        imported.counts = count_outcomes(imported.id)
        read = update(Import).where(Import.id == imported.id, Import.state == Step.READING)
        db.session.execute(read.values(state=Step.READY))
        db.session.commit()


def write_import(imported: Import, advance: Advance) -> None:
    """Write the lines that the preview showed as to be written, a batch per transaction. Safe to repeat.

    A line is planned once more in front of the records as they are now: only the deed that was shown is done.
    """
    begin_reading()
    importer = importer_of(imported.kind)
    task = Task(_rows_to_plan(imported), asking_user(imported), imported.choices)
    planner = importer.planner(task)
    for start, end in _batches(task.rows, importer.together):
        db.session.commit()
        with writing():
            planner = _write_batch(imported, task.rows[start:end], planner, lambda: importer.planner(task))
            advance(end, len(task.rows))
    with writing():
        db.session.commit()
        imported.counts = count_outcomes(imported.id)
        imported.state, imported.finished_at, imported.content, imported.fault = Step.DONE, clock.now(), None, None
        record_deed("import.ran", task.user, ("import", imported.id), after={"kind": imported.kind, **imported.counts})
        db.session.commit()


def _batches(rows: Sequence[Row], together: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Cut the lines into batches, never between neighbours that speak of the same thing."""
    start = 0
    while start < len(rows):
        end = min(start + BATCH, len(rows))
        while together and end < len(rows) and all(rows[end][name] == rows[end - 1][name] for name in together):
            end += 1
        yield start, end
        start = end


def asking_user(imported: Import) -> User | None:
    """Return the person in the file they had open, with the rights they have today; None for the command line."""
    if imported.account_id is None:
        return None
    files = [] if wires.files_of_account is None else wires.files_of_account(imported.account_id)
    user = next((file for file in files if file.key == imported.user_key), None)
    if user is None:
        raise Unreadable("no_longer_allowed")
    return user


def _give_up(imported: Import, refusal: Unreadable) -> None:
    db.session.commit()
    with writing():
        imported.state, imported.fault = Step.FAILED, [refusal.code, dict(refusal.params)]
        imported.content = None
        db.session.commit()


def _note_what_was_read(imported: Import, table: Table, header: Header) -> None:
    db.session.commit()
    with writing():
        db.session.execute(delete(ImportLine).where(ImportLine.import_id == imported.id))
        imported.encoding, imported.separator, imported.header_place = table.encoding, table.separator, header.place
        imported.titles, imported.meanings = header.titles, header.meanings
        db.session.commit()


def _plan(planner: Planner, row: Row) -> Plan:
    try:
        planned = planner.plan(row)
    except Wrong as wrong:
        return Plan(Outcome.REFUSED, notes=[(wrong.code, wrong.params)])
    planned.take()
    return planned


def _line(import_id: int, row: Row, cells_of: Mapping[int, list[str]], planned: Plan) -> dict[str, object]:
    return {
        "import_id": import_id, "number": row.number, "cells": cells_of[row.number],
        "outcome": planned.outcome, "deed": planned.deed,
        "notes": [[code, dict(params)] for code, params in planned.notes], "shown": planned.shown,
    }  # fmt: skip


def _rows_to_plan(imported: Import) -> list[Row]:
    """Return all lines but the refused ones: those that change nothing, or are written, still bear on the others."""
    header = Header(imported.header_place, imported.titles, imported.meanings)
    taken = select(ImportLine.number, ImportLine.cells).where(
        ImportLine.import_id == imported.id, ImportLine.outcome != Outcome.REFUSED
    )
    rows = (to_row(header, number, cells) for number, cells in db.session.execute(taken))
    return sorted(rows, key=importer_of(imported.kind).order)


def _write_batch(imported: Import, rows: Sequence[Row], planner: Planner, renew: Callable[[], Planner]) -> Planner:
    """Write some lines. Where somebody else was faster, go line by line and leave out only what clashes."""
    try:
        _write_rows(imported, rows, planner)
    except LOST_RACE:
        db.session.rollback()
        for row in rows:
            planner = renew()
            try:
                _write_rows(imported, [row], planner)
            except LOST_RACE as clash:
                db.session.rollback()
                _refuse_lines(imported, [(row.number, *_said(clash))])
            db.session.commit()
        return renew()
    return planner


def _said(clash: Exception) -> tuple[str, Params]:
    return ("as_said", {"sentence": str(clash.message)}) if isinstance(clash, Refused) else ("changed_since", {})


def _write_rows(imported: Import, rows: Sequence[Row], planner: Planner) -> None:
    # a second process at the same file waits here, then finds the lines written
    db.session.execute(select(Import.id).where(Import.id == imported.id).with_for_update())
    shown = _deeds_shown(imported, rows)
    refused: list[tuple[int, str, Params]] = []
    settled: list[int] = []  # somebody else did it in the meantime
    for row in rows:
        try:
            planned = planner.plan(row)
        except Wrong as wrong:
            refused += [(row.number, wrong.code, wrong.params)] if row.number in shown else []
            continue
        if planned.outcome == Outcome.UNCHANGED or planned.deed == shown.get(row.number):
            planned.take()
            settled += [row.number] if planned.outcome == Outcome.UNCHANGED and row.number in shown else []
        elif row.number in shown:
            refused.append((row.number, "changed_since", {}))
    planner.write()
    mine = update(ImportLine).where(ImportLine.import_id == imported.id)
    db.session.execute(mine.where(ImportLine.number.in_(settled)).values(outcome=Outcome.UNCHANGED))
    numbers = [row.number for row in rows]
    db.session.execute(mine.where(ImportLine.number.in_(numbers), ImportLine.outcome.in_(WRITES)).values(written=True))
    _refuse_lines(imported, refused)


def _deeds_shown(imported: Import, rows: Sequence[Row]) -> dict[int, object]:
    wanted = select(ImportLine.number, ImportLine.deed).where(
        ImportLine.import_id == imported.id,
        ImportLine.number.in_([row.number for row in rows]),
        ImportLine.outcome.in_(WRITES),
        ~ImportLine.written,
    )
    return dict(db.session.execute(wanted).all())


def _refuse_lines(imported: Import, refused: Sequence[tuple[int, str, Params]]) -> None:
    for number, code, params in refused:
        values = {"outcome": Outcome.REFUSED, "written": False, "notes": [[code, dict(params)]]}
        this = (ImportLine.import_id == imported.id, ImportLine.number == number)
        db.session.execute(update(ImportLine).where(*this).values(values))
