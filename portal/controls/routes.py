"""*Contrôle des informations*: the list of tables, the pages of each, the files that were asked for."""

from urllib.parse import urlencode

from flask import Response as FlaskResponse
from flask import abort, flash, g, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from portal.controls import actions, exports, queries
from portal.controls.files import MIMES
from portal.controls.forms import SaveFilterForm
from portal.controls.table import ControlTable
from portal.errors import Refused
from portal.extensions import wires
from portal.i18n import language
from portal.pages import done, show
from portal.portals import staff
from portal.roles import Permission


@staff.page("/controls", Permission.OPEN_CONTROLS)
def list_controls() -> Response:
    """The tables by family, and the files that were asked for of late."""
    tables = queries.open_tables(g.user)
    families = list(dict.fromkeys(table.family for table in tables))
    grouped = [(family, [table for table in tables if table.family == family]) for family in families]
    return show("controls/list.html", families=grouped, exports=exports.own_exports(g.user))


def hang(table: ControlTable) -> None:
    """Hang the pages of a table onto the staff portal: the table, its saved filters, its files."""

    def open_table() -> Response:
        return _show(table, request.args)

    def keep_filter() -> Response:
        return _keep_filter(table)

    def export() -> Response:
        return _export(table)

    for handler, name, rule, method in (
        (open_table, f"open_{table.name}", table.rule, "GET"),
        (keep_filter, f"keep_{table.name}_filter", f"{table.rule}/filters", "POST"),
        (export, f"export_{table.name}", f"{table.rule}/export", "POST"),
    ):
        handler.__name__ = name
        staff.page(rule, table.permission, methods=(method,), module=table.module)(handler)


def _show(
    table: ControlTable, args: MultiDict, save: SaveFilterForm | None = None, refusal: object = None, status: int = 200
) -> Response:
    """The filters; below them the result, once they were launched. Nothing is computed before."""
    desk = queries.open_desk(g.user, table, args)
    launched = any(name in desk.form for name in args)
    result = None
    if launched and not desk.form.validate():
        status = 422
    elif launched:
        result = queries.read_result(g.user, table, desk.form, args)
        save = save or SaveFilterForm(MultiDict(), query=result.query)
    return show("controls/table.html", "controls/_result.html", status, table=table, form=desk.form, kept=desk.kept,
                result=result, save=save, refusal=refusal, launched=launched)  # fmt: skip


def _keep_filter(table: ControlTable) -> Response:
    form = SaveFilterForm()
    args = queries.read_query(form.query.data or "")
    if not form.validate_on_submit():
        return _show(table, args, save=form, status=422)
    desk = queries.open_desk(g.user, table, args)
    if not desk.form.validate() or not form.can_be_kept(desk.form):
        return _show(table, args, save=form, status=422)
    query = queries.full_query(table, desk.form, queries.asked_sort(table, args))
    try:
        replaced = actions.save_filter(
            g.user, table, form.name.data or "", urlencode(query), bool(form.shared.data)
        )  # fmt: skip
    except Refused as refusal:
        return _show(table, args, save=form, refusal=refusal.message, status=409)
    flash(_("The filter is replaced.") if replaced else _("The filter is kept."), "success")
    return done(queries.address(table, query))


def _export(table: ControlTable) -> Response:
    args = queries.read_query(request.form.get("query", ""))
    form = queries.open_desk(g.user, table, args).form
    format = request.form.get("format", "")
    if format not in MIMES:
        abort(404)
    if not form.validate():
        return _show(table, args, status=422)
    query = queries.full_query(table, form, queries.asked_sort(table, args))
    try:
        export = actions.ask_export(g.user, table, urlencode(query), format, language())
    except Refused as refusal:
        return _show(table, args, refusal=refusal.message, status=409)
    return done(url_for("staff.show_export", export_id=export.id))


@staff.page("/filters/<int:filter_id>/deletion", Permission.OPEN_CONTROLS, methods=("POST",))
def forget_filter(filter_id: int) -> Response:
    kept = queries.own_filter(g.user, filter_id) or abort(404)
    actions.forget_filter(g.user, kept)
    flash(_("The filter is deleted."), "success")
    table = wires.tables.get(kept.table)
    return done(url_for(f"staff.open_{table.name}") if table else url_for("staff.list_controls"))


def _export_or_404(export_id: int) -> exports.ExportView:
    view = exports.export_of(g.user, export_id)
    return view if view and view.table and view.table.is_open_to(g.user) else abort(404)


@staff.page("/exports/<int:export_id>", Permission.OPEN_CONTROLS)
def show_export(export_id: int) -> Response:
    """How far the file is; then the way to it."""
    return show("controls/export.html", "controls/_export.html", view=_export_or_404(export_id))


@staff.page("/exports/<int:export_id>/seen", Permission.OPEN_CONTROLS, methods=("POST",))
def note_export(export_id: int) -> Response:
    """The page that says that the file is ready has been seen: the figure in the menu counts it no more."""
    view = _export_or_404(export_id)
    actions.note_seen(view.export)
    back = url_for("staff.show_export", export_id=export_id)
    return done(back, fragment="controls/_export.html", target="#export", view=view)


@staff.page("/exports/<int:export_id>/file", Permission.OPEN_CONTROLS)
def download_export(export_id: int) -> Response:
    view = _export_or_404(export_id)
    export, content = view.export, exports.content_of(view)
    if content is None:
        abort(404)
    headers = {"Content-Disposition": f'attachment; filename="{export.filename}"'}
    return FlaskResponse(content, mimetype=MIMES[export.format], headers=headers)
