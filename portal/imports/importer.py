"""What a feature says of the files it takes: their columns, and what each line would do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from flask_babel import force_locale
from flask_babel import lazy_gettext as _l

from portal.accounts.models import User
from portal.folding import fold
from portal.i18n import LANGUAGES
from portal.imports.refusals import Params, Unreadable

HEADER_WITHIN = 10  # lines: some programs write a title and a date above the table
REASON = "reason"  # our own downloads carry this column; it comes back and is not read
REASON_TITLE = _l("Reason for refusal")

Scalar = str | int | bool | None
Deed = dict[str, Scalar | list[Scalar]]


class Outcome(StrEnum):
    """What becomes of a line."""

    CREATE = "create"
    DRAFT = "draft"  # created, but incomplete
    CHANGE = "change"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


WRITES = (Outcome.CREATE, Outcome.DRAFT, Outcome.CHANGE)


@dataclass(frozen=True, slots=True)
class Column:
    """A column that an importer understands. Spellings are compared folded: accents, case and spaces do not count."""

    name: str
    label: object
    spellings: tuple[str, ...]
    required: bool = False
    core: bool = False  # shown in the preview even when the file does not have it: blanks are filled in


@dataclass(frozen=True, slots=True)
class Choice:
    """A box that the importing person may tick; its `name` is the key in the import's options."""

    name: str
    label: object
    help: object = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the file: the number that a spreadsheet shows beside it, and its cells by name of column."""

    number: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(slots=True)
class Plan:
    """What one line would do.

    Attributes:
        outcome: shown beside the line, counted above the table.
        deed: what would be written, complete and without keys of rows that do not exist yet: a run writes a line only
            when it still comes to the deed that was shown.
        notes: sentences about the line, as codes of the importer's `sentences` with what fills them.
        shown: by name of column, what a cell was understood as, where that is not what it says.
        take: makes the planner see the deed as done, for the lines below and for `Planner.write`.
    """

    outcome: Outcome
    deed: Deed = field(default_factory=dict)
    notes: list[tuple[str, Params]] = field(default_factory=list)
    shown: dict[str, str] = field(default_factory=dict)
    take: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Task:
    """What a planner needs to know: all lines (to look up in bulk), who asks (None: the portal), the choices."""

    rows: Sequence[Row]
    user: User | None
    choices: Mapping[str, bool]


class Planner(Protocol):
    """Decides line after line, each in the light of those above it, from what it looked up once at the beginning."""

    def plan(self, row: Row) -> Plan:
        """Say what a line would do, changing nothing; raise `Wrong` to refuse it."""
        ...

    def write(self) -> None:
        """Write what was taken since the last call, with its audit entries and reactions; flush, never commit."""
        ...

    def totals(self) -> dict[str, int | list[str]]:
        """Return what is worth knowing of all that was taken: `mails`, `new_services`, `invitations`."""
        ...


@dataclass(frozen=True, slots=True)
class Importer:
    """A kind of file.

    Attributes:
        kind: `visits`, `clients` …: in addresses and on the command line.
        title: what it holds.
        heading: the deed of bringing it in.
        columns: what it understands, in the order in which the preview shows it.
        sentences: by code, what planners say of lines beyond the shared sentences.
        planner: makes the planner of one import.
        order: sorts the lines for planning and writing, so that the order in the file does not matter.
        together: neighbouring lines that say the same in these columns are written in one transaction.
        before: the choice offered with the file.
        after: the choice offered beside *Valider*; `mails` in the totals says how many messages it would send.
        example: cells of one line, for the model file that can be downloaded.
    """

    kind: str
    title: object
    heading: object
    columns: tuple[Column, ...]
    sentences: Mapping[str, object]
    planner: Callable[[Task], Planner]
    order: Callable[[Row], tuple] = lambda row: (row.number,)
    together: tuple[str, ...] = ()
    before: Choice | None = None
    after: Choice | None = None
    example: Mapping[str, str] = field(default_factory=dict)

    def label(self, column: str) -> str:
        return next((str(known.label) for known in self.columns if known.name == column), column)


@dataclass(frozen=True, slots=True)
class Header:
    """Where the line of titles stands, what it says, and which column each title means (None: unknown)."""

    place: int
    titles: list[str]
    meanings: list[str | None]


def find_header(importer: Importer, lines: Sequence[tuple[int, list[str]]]) -> Header:
    """Find the line of titles near the top; raise `Unreadable` when there is none or a column is missing or doubled."""
    known = _meanings(importer)
    best = Header(0, [], [])
    for place, (_, cells) in enumerate(lines[:HEADER_WITHIN]):
        meanings = [known.get(fold(cell)) if cell else None for cell in cells]
        if sum(map(bool, meanings)) > sum(map(bool, best.meanings)):
            best = Header(place, cells, meanings)
    required = [column.name for column in importer.columns if column.required]
    if not any(best.meanings):
        raise Unreadable("no_header", columns=",".join(required))
    missing = [name for name in required if name not in best.meanings]
    if missing:
        raise Unreadable("column_missing", columns=",".join(missing))
    for name in filter(None, best.meanings):
        if name != REASON and best.meanings.count(name) > 1:
            raise Unreadable("column_twice", column=name)
    if len(lines) == best.place + 1:
        raise Unreadable("no_lines")
    return best


def _meanings(importer: Importer) -> dict[str, str]:
    """By folded title, the column that it means: its spellings and its labels in every language."""
    known = {fold(spelling): column.name for column in importer.columns for spelling in column.spellings}
    for language in LANGUAGES:
        with force_locale(language):
            known |= {fold(str(column.label)): column.name for column in importer.columns}
            known[fold(str(REASON_TITLE))] = REASON
    return known


def to_row(header: Header, number: int, cells: Sequence[str]) -> Row:
    """Pick the cells that mean something."""
    named = zip(header.meanings, cells, strict=False)
    return Row(number, {name: cell for name, cell in named if name and name != REASON and cell})
