"""How a thread is headed: what it is about, in the reader's words. A higher feature heads its own threads."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Row, Select

from portal.extensions import wires
from portal.threads.words import TOPICS

if TYPE_CHECKING:
    from portal.accounts.models import User


@dataclass(frozen=True)
class Mark:
    """What a badge beside a heading says; tone: as badges have them."""

    label: object
    tone: str = "neutral"


@dataclass(frozen=True)
class Heading:
    """How a thread is headed, in lists and on its page.

    Attributes:
        title: in the language of the page.
        marks: badges: what has become of it, how urgent it is.
        url: of its page, when that is not `show_thread`.
    """

    title: str
    marks: tuple[Mark, ...] = ()
    url: str | None = None


@dataclass(frozen=True)
class ThreadColumn:
    """What a higher feature says of its threads, listed in `wires.thread_columns`.

    Attributes:
        add: gives a selection of threads the columns it needs, at most one row for each thread.
        reader: called once with the user; returns what turns a row (with `topic` and `subject`) into the heading of its
            thread, or into None for a thread of somebody else's.
    """

    add: Callable[[Select], Select]
    reader: Callable[["User"], Callable[[Row], Heading | None]]


def add_columns(statement: Select) -> Select:
    """Give a selection of threads what their headings are made of."""
    for column in wires.thread_columns:
        statement = column.add(statement)
    return statement


def heading_reader(user: "User") -> Callable[[Row], Heading]:
    """Return what heads a row of a selection that `add_columns` went through."""
    readers = [column.reader(user) for column in wires.thread_columns]
    return lambda row: next((found for read in readers if (found := read(row))), None) or _own(row)


def _own(row: Row) -> Heading:
    topic = str(TOPICS.get(row.topic, TOPICS["other"]))
    return Heading(f"{topic} · {row.subject}" if row.subject else topic)
