"""The pages of imports, in the staff portal."""

from flask import Response as FlaskResponse
from flask import abort, g, request, url_for
from werkzeug.wrappers import Response

from portal.errors import Refused
from portal.extensions import wires
from portal.imports import actions, queries
from portal.imports.forms import FileForm, WriteForm
from portal.imports.importer import Importer
from portal.imports.models import Import
from portal.pages import done, show
from portal.portals import staff
from portal.roles import Permission


@staff.page("/imports", Permission.IMPORT_FILES)
def list_imports() -> Response:
    """Choose a file; what was brought in before."""
    return _show_list(FileForm(_asked_kind().before))


@staff.page("/imports", Permission.IMPORT_FILES, methods=("POST",))
def bring_in_file() -> Response:
    importer = _asked_kind()
    form = FileForm(importer.before)
    if not form.validate_on_submit():
        return _show_list(form, 422)
    imported = actions.bring_in(g.user, importer.kind, form.filename, form.content(), form.choices)
    return done(url_for("staff.show_import", import_id=imported.id))


@staff.page("/imports/<int:import_id>", Permission.IMPORT_FILES)
def show_import(import_id: int) -> Response:
    """How far it is; the preview; the result."""
    return _show_import(_import_or_404(import_id))


@staff.page("/imports/<int:import_id>/write", Permission.IMPORT_FILES, methods=("POST",))
def write_import(import_id: int) -> Response:
    imported = _import_or_404(import_id)
    form = WriteForm(queries.importer_of(imported.kind).after)
    if not form.validate_on_submit():
        return _show_import(imported, status=422)
    try:
        actions.validate(g.user, imported, form.choices)
    except Refused as refusal:
        return _show_import(imported, refusal=str(refusal.message), status=409)
    return done(url_for("staff.show_import", import_id=import_id))


@staff.page("/imports/<int:import_id>/discard", Permission.IMPORT_FILES, methods=("POST",))
def discard_import(import_id: int) -> Response:
    imported = _import_or_404(import_id)
    try:
        actions.discard(g.user, imported)
    except Refused as refusal:
        return _show_import(imported, refusal=str(refusal.message), status=409)
    return done(url_for("staff.list_imports", kind=imported.kind))


@staff.page("/imports/<int:import_id>/refused.csv", Permission.IMPORT_FILES)
def download_refused(import_id: int) -> Response:
    """The refused lines, to be mended and brought in again."""
    imported = _import_or_404(import_id)
    return _csv("".join(queries.refused_file(imported)), f"{imported.kind}-{imported.id}.csv")


@staff.page("/imports/model.csv", Permission.IMPORT_FILES)
def download_model() -> Response:
    """A file with every title and one line, to start from."""
    importer = _asked_kind()
    return _csv(queries.model_file(importer), f"{importer.kind}.csv")


def _asked_kind() -> Importer:
    kind = request.args.get("kind", next(iter(wires.importers)))
    if kind not in wires.importers:
        abort(404)
    return queries.importer_of(kind)


def _import_or_404(import_id: int) -> Import:
    return queries.import_of(g.user, import_id) or abort(404)


def _show_list(form: FileForm, status: int = 200) -> Response:
    only_refused = request.args.get("refused") == "1"
    return show(
        "imports/list.html",
        status=status,
        form=form,
        importer=_asked_kind(),
        importers=[queries.importer_of(kind) for kind in wires.importers],
        imports=queries.latest_imports(g.user, only_refused=only_refused),
        only_refused=only_refused,
    )


def _show_import(imported: Import, refusal: str = "", status: int = 200) -> Response:
    importer = queries.importer_of(imported.kind)
    outcome = request.args.get("outcome", "")
    return show(
        "imports/show.html",
        "imports/_show.html",
        status,
        imported=imported,
        importer=importer,
        form=WriteForm(importer.after),
        view=queries.view_of(imported, outcome),
        page=queries.list_lines(imported, outcome),
        refusal=refusal or queries.fault_of(imported),
    )


def _csv(text: str, filename: str) -> FlaskResponse:
    headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
    return FlaskResponse(text, mimetype="text/csv", headers=headers)
