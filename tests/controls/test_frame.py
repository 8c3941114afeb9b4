"""A table is said as data; all else is the frame's: here the smallest that there can be."""

import csv
import io

import pytest
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import Select, func, select
from werkzeug.datastructures import MultiDict

from portal.accounts.models import User
from portal.controls import queries
from portal.controls.actions import ask_export
from portal.controls.forms import ControlFilter
from portal.controls.models import Export
from portal.controls.table import Column, ControlTable
from portal.extensions import db, wires
from portal.people.models import Service
from portal.people.queries import visible_sectors
from portal.roles import GRANTS, Permission
from portal.work import jobs as work
from tests.conftest import Database
from tests.factories import Agency


def services(user: User, form: ControlFilter) -> Select:
    return select(Service).where(visible_sectors(user).exists())


TINY = ControlTable(
    name="quality", title="Services", family="All", intro="…", section="All", rule="/tiny",
    permission=Permission.OPEN_CONTROLS, form=ControlFilter, rows=services, key=Service.id, sort="name",
    columns=(
        Column("name", "Name", Service.name),
        Column("length", "Letters", func.length(Service.name), "number"),
        Column("shout", "Loud", Service.name, of_row=lambda row: row.c_name.upper()),
    ),
)  # fmt: skip


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> ControlTable:
    monkeypatch.setitem(wires.tables, "quality", TINY)
    return TINY


def read(app: Flask, user: User, address: str) -> queries.Result:
    with app.test_request_context(address):
        args = queries.read_query(address.partition("?")[2])
        form = queries.open_desk(user, TINY, args).form
        assert form.validate()
        return queries.read_result(user, TINY, form, args)


def test_its_rows_are_read_sorted_and_counted(tiny: ControlTable, agency: Agency, app: Flask) -> None:
    with app.app_context():
        user = agency.sofia.user
    result = read(app, user, "/tiny?period=this_month")
    assert [[cell.value for cell in line.cells] for line in result.page.rows] == [
        ["Aide au lever", 13, "AIDE AU LEVER"], ["Ménage", 6, "MÉNAGE"]]  # fmt: skip
    assert (result.page.total, result.page.more, result.summary) == (2, False, None)
    result = read(app, user, "/tiny?period=this_month&sort=length")
    assert [line.cells[0].value for line in result.page.rows] == ["Ménage", "Aide au lever"]
    assert read(app, user, "/tiny?sort=nothing&page=x").page.rows[0].cells[0].value == "Aide au lever"


def test_who_may_not_open_it_does_not_find_it(
    tiny: ControlTable, agency: Agency, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        user = agency.sofia.user
        assert tiny in queries.open_tables(user)
        monkeypatch.setitem(GRANTS, user.role, GRANTS[user.role] - {Permission.OPEN_CONTROLS})
        assert tiny not in queries.open_tables(user)


def test_its_file_is_written_by_the_same_frame(
    tiny: ControlTable, agency: Agency, app: Flask, database: Database
) -> None:
    with database.writing():
        made = ask_export(agency.sofia.user, tiny, "period=this_month&sort=-length", "csv", "en").work_id
    with app.app_context():
        work.run(made or 0)
        content = db.session.scalars(select(Export.content)).one()
    assert content
    assert list(csv.reader(io.StringIO(content.decode("utf-8-sig")))) == [
        ["Name", "Letters", "Loud"], ["Aide au lever", "13", "AIDE AU LEVER"], ["Ménage", "6", "MÉNAGE"]]  # fmt: skip


@pytest.mark.parametrize("code", ["fr", "ru", "en"])
def test_a_filter_is_called_as_its_column_is(app: Flask, code: str) -> None:
    with app.test_request_context(), force_locale(code):
        for table in wires.tables.values():
            form = table.form(MultiDict(), {name: (offer.everything, ()) for name, offer in table.offers.items()})
            heads = {column.key: str(column.label) for column in table.columns}
            heads.pop("by", None)  # of notes: the filter says which of two days counts
            for field in form:
                head = heads.get("due" if field.name == "overdue" else field.name, "")
                assert str(field.label.text).startswith(head), (table.name, field.name)


@pytest.mark.parametrize("name", ["complaints", "notes"])
def test_who_has_it_in_hand_is_offered_in_the_words_of_its_column(app: Flask, name: str) -> None:
    with app.test_request_context(), force_locale("en"):
        table = wires.tables[name]
        head = next(column.label for column in table.columns if column.key == "owner")
        assert str(table.offers["owner"].everything).startswith(str(head))
