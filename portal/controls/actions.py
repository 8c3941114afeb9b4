"""Keeping a choice of filters under a name, forgetting it; asking for a file."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record
from portal.controls.forms import LONGEST_QUERY
from portal.controls.models import Export, SavedFilter
from portal.controls.reports import Report
from portal.controls.table import ControlTable
from portal.errors import Refused
from portal.extensions import db
from portal.work.actions import start

MOST_KEPT = 50  # filters of one person for one table


def save_filter(user: User, table: ControlTable, name: str, query: str, shared: bool) -> bool:
    """Keep filters under a name; those that this person had kept under it are replaced. Return whether there were any.

    Raises:
        Refused: there are too many, they say too much, or a second click was faster.
    """
    _refuse_if_too_long(query)
    own = SavedFilter.account_id == user.account_id, SavedFilter.table == table.name
    kept = db.session.scalar(select(SavedFilter).where(*own, SavedFilter.name == name))
    if kept is None and (db.session.scalar(select(func.count()).where(*own)) or 0) >= MOST_KEPT:
        raise Refused(_l("You have kept as many filters as there is room for. Delete one that you no longer need."))
    was_there = kept is not None
    kept = kept or SavedFilter(account_id=user.account_id, table=table.name, name=name)
    kept.query, kept.shared = query, shared
    try:
        with db.session.begin_nested():
            db.session.add(kept)
    except IntegrityError as clash:
        raise Refused(_l("A filter of this name was kept just now. Please look again.")) from clash
    record("filter.saved", user, ("filter", kept.id), after={"table": table.name, "shared": shared})
    return was_there


def _refuse_if_too_long(query: str) -> None:
    """Keep an address as it is or not at all: cut short, it would stand for other rows."""
    if len(query) > LONGEST_QUERY:
        raise Refused(_l("These filters are too long to be kept. Please shorten what is typed in them."))


def forget_filter(user: User, kept: SavedFilter) -> None:
    """Delete a filter that this person has kept."""
    db.session.execute(delete(SavedFilter).where(SavedFilter.id == kept.id))
    record("filter.deleted", user, ("filter", kept.id), before={"table": kept.table, "shared": kept.shared})


def note_seen(export: Export) -> None:
    """The person who asked for a file has seen that it is ready; that is no deed and leaves no entry."""
    export.seen_at = export.seen_at or clock.now()
    db.session.flush()


def ask_export(user: User, table: ControlTable | Report, query: str, format: str, language: str) -> Export:
    """Have a file written of all that a table shows with these filters. The deed is recorded when it is written, with
    the number of rows that have left.

    Raises:
        Refused: the filters say too much.
    """
    _refuse_if_too_long(query)
    export = Export(
        table=table.name, query=query, format=format, language=language, account_id=user.account_id, user_key=user.key
    )
    db.session.add(export)
    db.session.flush()
    export.work_id = start(user, "controls.export", export.id).id
    return export
