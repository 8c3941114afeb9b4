"""*Analytique*: the figures of the customers' feedback, and the reviews behind them."""

from dataclasses import asdict
from urllib.parse import urlencode

from flask import abort, g, request, url_for
from werkzeug.wrappers import Response

from portal.controls.actions import ask_export
from portal.controls.files import MIMES
from portal.controls.queries import read_query
from portal.i18n import language
from portal.pages import done, show
from portal.portals import staff
from portal.reports.feedback_board import View, board_of
from portal.reports.feedback_forms import FeedbackFilter, ReviewFilter
from portal.reports.feedback_reviews import SORTS, read_reviews
from portal.reports.feedback_sheets import FEEDBACK
from portal.reports.months import closed_within
from portal.roles import Permission

MODULE = "ratings.enabled"


@staff.page("/analytics/feedback", Permission.SEE_RATINGS, module=MODULE)
def open_feedback() -> Response:
    """Rating, NPS, requests: all of one choice of visits."""
    form = FeedbackFilter(g.user, request.args)
    if not form.validate():
        return show("reports/feedback.html", "reports/_feedback.html", 422, form=form, board=None)
    return show("reports/feedback.html", "reports/_feedback.html", form=form, board=board_of(form, request.args),
                closed=closed_within(*form.days()))  # fmt: skip


@staff.page("/analytics/feedback/reviews", Permission.SEE_RATINGS, module=MODULE)
def list_feedback_reviews() -> Response:
    """Each rating with its comment; as a table, the list of rated requests."""
    form, sort = ReviewFilter(g.user, request.args), request.args.get("sort", "")
    sort, as_table = sort if sort in SORTS else "newest", request.args.get("view") == "table"
    fine = form.validate()
    return show(
        "reports/feedback_reviews.html", "reports/_feedback_reviews.html", 200 if fine else 422, form=form,
        page=read_reviews(form, sort) if fine else None, sorts=SORTS, sort=sort, as_table=as_table,
    )  # fmt: skip


@staff.page("/analytics/feedback/export", Permission.SEE_RATINGS, methods=("POST",), module=MODULE)
def export_feedback() -> Response:
    """*Exporter les données*: a workbook with all sheets, or one of them as CSV; the file has a page of its own."""
    args, (format, _sign, sheet) = read_query(request.form.get("query", "")), request.form.get("as", "").partition("-")
    form = FeedbackFilter(g.user, args)
    if format not in MIMES:
        abort(404)
    if not form.validate():
        return show("reports/feedback.html", "reports/_feedback.html", 422, form=form, board=None)
    seen = asdict(View.of(args, form)).items()
    query = urlencode([*form.query(), *seen, *([("sheet", sheet)] if sheet else [])])
    export = ask_export(g.user, FEEDBACK, query, format, language())
    return done(url_for("staff.show_export", export_id=export.id))
