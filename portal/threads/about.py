"""Whose the mails about conversations are, on the page of messages: the reader's own record is their subject."""

from flask import url_for
from sqlalchemy import ColumnElement, Row, Select, and_, case, func, or_, select
from sqlalchemy.orm import aliased

from portal.accounts.models import User
from portal.extensions import MessageColumn
from portal.outbox.models import About, Message
from portal.people.models import Client, Relative, Staff, Worker
from portal.people.queries import is_named, visible_clients, visible_workers


def is_about_visible(user: User) -> ColumnElement[bool]:
    """Mails to clients, relatives and workers whose record a person may see, and to themselves: one question to each
    message."""
    clients = visible_clients(user).with_only_columns(Client.id)
    relative = select(Relative.id).where(Relative.id == Message.subject_id)
    relative = relative.where(Relative.client_id.in_(clients)).correlate(Message)
    client = clients.where(Client.id == Message.subject_id).correlate(Message)
    worker = visible_workers(user).with_only_columns(Worker.id).where(Worker.id == Message.subject_id)
    return or_(
        and_(Message.subject_type == "client", client.exists()),
        and_(Message.subject_type == "relative", relative.exists()),
        and_(Message.subject_type == "worker", worker.correlate(Message).exists()),
        and_(Message.subject_type == "staff", Message.subject_id == user.staff_id),
    )


def is_about_named(name: str) -> ColumnElement[bool]:
    """Mails to clients, to those close to them, and to workers of whose name these are words."""
    clients, workers = (select(kind.id).where(is_named(kind, name)) for kind in (Client, Worker))
    relatives = select(Relative.id).where(Relative.client_id.in_(clients))
    parts = (("client", clients), ("relative", relatives), ("worker", workers))
    return or_(*(and_(Message.subject_type == type_, Message.subject_id.in_(found)) for type_, found in parts))


def _add(statement: Select) -> Select:
    relative, client, worker, staff = aliased(Relative), aliased(Client), aliased(Worker), aliased(Staff)
    of_relative = and_(Message.subject_type == "relative", relative.id == Message.subject_id)
    number = case((Message.subject_type == "client", Message.subject_id), else_=relative.client_id)
    return (
        statement.outerjoin(relative, of_relative)
        .outerjoin(client, client.id == number)
        .outerjoin(worker, and_(Message.subject_type == "worker", worker.id == Message.subject_id))
        .outerjoin(staff, and_(Message.subject_type == "staff", staff.id == Message.subject_id))
        .add_columns(
            client.id.label("reader_client"), worker.id.label("reader_worker"),
            func.coalesce(client.first_name, worker.first_name, staff.first_name).label("reader_first"),
            func.coalesce(client.last_name, worker.last_name, staff.last_name).label("reader_last"),
        )
    )  # fmt: skip


def _read(row: Row) -> About | None:
    if row.reader_first is None:
        return None
    name, url = f"{row.reader_first} {row.reader_last}".strip(), None
    if row.reader_client:
        url = url_for("staff.show_client", client_id=row.reader_client)
    elif row.reader_worker:
        url = url_for("staff.show_worker", worker_id=row.reader_worker)
    return About(name, url)


READER_COLUMN = MessageColumn(_add, _read)
