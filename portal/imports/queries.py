"""Reading imports: the list, the preview line by line, the refused lines as a file to mend."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, and_, false, func, select

from portal.accounts.models import User
from portal.extensions import db, wires
from portal.imports.importer import REASON, REASON_TITLE, Column, Importer, Outcome
from portal.imports.models import Import, ImportLine, Step
from portal.imports.refusals import FILE_SENTENCES, VALUE_SENTENCES, Params
from portal.roles import Role
from portal.tables.queries import Page, read_page

OUTCOME_WORDS = {
    Outcome.CREATE: _l("To create"),
    Outcome.DRAFT: _l("Draft to create"),
    Outcome.CHANGE: _l("To change"),
    Outcome.UNCHANGED: _l("Unchanged"),
    Outcome.REFUSED: _l("Refused"),
}
RESULT_WORDS = OUTCOME_WORDS | {
    Outcome.CREATE: _l("Created"),
    Outcome.DRAFT: _l("Draft created"),
    Outcome.CHANGE: _l("Changed"),
}
OUTCOME_TONES = {
    Outcome.CREATE: "done",
    Outcome.DRAFT: "attention",
    Outcome.CHANGE: "info",
    Outcome.UNCHANGED: "neutral",
    Outcome.REFUSED: "danger",
}
SEPARATOR_WORDS = {";": _l("semicolon"), ",": _l("comma"), "\t": _l("tab")}
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\x00")


@dataclass(frozen=True)
class CellView:
    """A cell as it stands in the file, and what it was understood as where that differs."""

    text: str
    understood: str


@dataclass(frozen=True)
class LineView:
    """A line of the preview."""

    number: int
    outcome: str
    label: str
    tone: str
    cells: list[CellView]
    sentences: list[str]


@dataclass(frozen=True)
class Count:
    """How many lines come to the same; `outcome` is empty for all of them."""

    outcome: str
    label: str
    number: int


def importer_of(kind: str) -> Importer:
    """Return the importer of a kind of file; raise `KeyError` when there is none."""
    importer = wires.importers[kind]
    if not isinstance(importer, Importer):
        raise TypeError(kind)
    return importer


def visible_imports(user: User) -> Select[Import]:
    """Imports whose lines this person may see: one's own; administrators and quality see all."""
    match user.role:
        case Role.QUALITY | Role.ADMIN:
            return select(Import)
        case Role.COORDINATOR:
            return select(Import).where(Import.account_id == user.account_id)
        case _:
            return select(Import).where(false())


def import_of(user: User, import_id: int) -> Import | None:
    return db.session.scalar(visible_imports(user).where(Import.id == import_id))


def with_refused_lines() -> ColumnElement[bool]:
    return Import.counts["refused"].as_integer() > 0


def latest_imports(user: User, *, only_refused: bool = False) -> Sequence[Import]:
    """Return the last files that were brought in, newest first, those put aside left out; if asked, only those with
    refused lines."""
    kept = visible_imports(user).where(Import.state != Step.DISCARDED)
    kept = kept.where(with_refused_lines()) if only_refused else kept
    return db.session.scalars(kept.order_by(Import.id.desc()).limit(20)).all()


def count_outcomes(import_id: int) -> dict[str, int]:
    counted = select(ImportLine.outcome, func.count()).where(ImportLine.import_id == import_id)
    return dict(db.session.execute(counted.group_by(ImportLine.outcome)).all())


def counts_of(imported: Import) -> list[Count]:
    """Return the figures above the table: all lines, then each outcome that occurs."""
    words = RESULT_WORDS if imported.state == Step.DONE else OUTCOME_WORDS
    each = [Count(outcome, str(words[outcome]), imported.counts.get(outcome, 0)) for outcome in Outcome]
    return [Count("", _("All lines"), sum(imported.counts.values())), *(count for count in each if count.number)]


def preview_columns(imported: Import) -> list[Column]:
    """Return the columns of the preview: those of the file, and those whose blanks are filled in."""
    columns = importer_of(imported.kind).columns
    return [column for column in columns if column.core or column.name in imported.meanings]


def unknown_titles(imported: Import) -> list[str]:
    """Return the titles in the file that mean nothing to us: their columns are not read."""
    return [title for title, meaning in zip(imported.titles, imported.meanings, strict=True) if title and not meaning]


@dataclass(frozen=True)
class ImportView:
    """What the page of an import shows around its lines."""

    outcome: str
    counts: list[Count]
    titles: list[object]
    separator: str
    recognised: list[str]
    unknown: list[str]
    refused: int


def view_of(imported: Import, outcome: str) -> ImportView:
    """Return what the page shows; an outcome that does not exist stands for all lines."""
    importer = importer_of(imported.kind)
    columns = [str(column.label) for column in preview_columns(imported)]
    return ImportView(
        outcome=outcome if outcome in list(Outcome) else "",
        counts=counts_of(imported),
        titles=[{"label": _("Line"), "numeric": True}, _("Result"), *columns],
        separator=str(SEPARATOR_WORDS.get(imported.separator, imported.separator)),
        recognised=[importer.label(name) for name in imported.meanings if name and name != REASON],
        unknown=unknown_titles(imported),
        refused=imported.counts.get(Outcome.REFUSED, 0),
    )


def list_lines(imported: Import, outcome: str) -> Page[LineView]:
    """Return a page of the preview; an outcome that does not exist filters nothing."""
    wanted = select(ImportLine).where(ImportLine.import_id == imported.id).order_by(ImportLine.number)
    if outcome in list(Outcome):
        wanted = wanted.where(ImportLine.outcome == outcome)
    columns = preview_columns(imported)
    return read_page(wanted, lambda row: _view(imported, columns, row.ImportLine))


def _view(imported: Import, columns: list[Column], line: ImportLine) -> LineView:
    importer = importer_of(imported.kind)
    words = RESULT_WORDS if line.written else OUTCOME_WORDS
    places = {meaning: place for place, meaning in enumerate(imported.meanings) if meaning}

    def cell(name: str) -> str:
        place = places.get(name)
        return line.cells[place] if place is not None and place < len(line.cells) else ""

    return LineView(
        number=line.number,
        outcome=line.outcome,
        label=str(words[Outcome(line.outcome)]),
        tone=OUTCOME_TONES[Outcome(line.outcome)],
        cells=[CellView(cell(column.name), line.shown.get(column.name, "")) for column in columns],
        sentences=[say(importer, code, params) for code, params in line.notes],
    )


def say(importer: Importer, code: str, params: Params) -> str:
    """Return the sentence of a code, in the reader's language."""
    known = {**FILE_SENTENCES, **VALUE_SENTENCES, **importer.sentences}
    filled = dict(params)
    if "column" in filled:
        filled["column"] = importer.label(str(filled["column"]))
    if "columns" in filled and isinstance(filled["columns"], str):
        filled["columns"] = ", ".join(importer.label(name) for name in filled["columns"].split(","))
    return str(known[code]) % filled


def fault_of(imported: Import) -> str:
    """Return why a file could not be read or its writing stopped; empty when nothing went wrong."""
    if imported.fault is None:
        return ""
    code, params = imported.fault
    return say(importer_of(imported.kind), code, params)


def refused_file(imported: Import) -> Iterator[str]:
    """Yield the refused lines as a CSV file: the same columns and the reason, to be mended and brought in again."""
    importer = importer_of(imported.kind)
    kept = [place for place, meaning in enumerate(imported.meanings) if meaning != REASON]
    yield "\ufeff" + csv_line([*(imported.titles[place] for place in kept), str(REASON_TITLE)])
    refused = select(ImportLine.cells, ImportLine.notes).where(_refused(imported)).order_by(ImportLine.number)
    for cells, notes in db.session.execute(refused):
        given = [cells[place] if place < len(cells) else "" for place in kept]
        yield csv_line([*given, " ".join(say(importer, code, params) for code, params in notes)])


def model_file(importer: Importer) -> str:
    """Return a CSV file with every title in the reader's language and one line as an example."""
    titles = [str(column.label) for column in importer.columns]
    example = [importer.example.get(column.name, "") for column in importer.columns]
    return "\ufeff" + csv_line(titles) + csv_line(example)


def csv_line(cells: Sequence[str]) -> str:
    """Write one line of a CSV file. What looks like a formula gets an apostrophe, which `reading` takes off again."""
    line = io.StringIO()
    guarded = [f"'{cell}" if cell.startswith(_FORMULA_SIGNS) else cell for cell in cells]
    csv.writer(line, delimiter=";", lineterminator="\r\n").writerow(guarded)
    return line.getvalue()


def refusals_of(imported: Import) -> Iterator[tuple[int, list[tuple[str, dict[str, str | int]]]]]:
    """Yield number and notes of each refused line."""
    refused = select(ImportLine.number, ImportLine.notes).where(_refused(imported)).order_by(ImportLine.number)
    yield from db.session.execute(refused)


def _refused(imported: Import) -> ColumnElement[bool]:
    return and_(ImportLine.import_id == imported.id, ImportLine.outcome == Outcome.REFUSED)
