"""The pages of closed months."""

from datetime import date

from flask import Response as FlaskResponse
from flask import abort, flash, g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.forms import PortalForm, refused
from portal.pages import done, show
from portal.papers import answer
from portal.portals import staff
from portal.ratings.figures import rules_of_today
from portal.reports import feedback, monthly, months
from portal.reports.month_changes import read_differences
from portal.reports.month_figures import figures_of, ranked_workers, then_and_today, told_figures
from portal.reports.month_paper import made_by, month_paper
from portal.roles import GRANTS, Permission

MODULE = "ratings.enabled"


@staff.page("/analytics/months", Permission.SEE_RATINGS, module=MODULE)
def list_months() -> Response:
    """The months that are over; those that are closed lead to what counted then."""
    may_close = Permission.CLOSE_MONTHS in GRANTS[g.user.role]
    return show("reports/months.html", months=months.list_months(), may_close=may_close, form=PortalForm(),
                mailed=monthly.is_wanted(g.user))  # fmt: skip


@staff.page("/analytics/months/<int:year>/<int:month>", Permission.SEE_RATINGS, module=MODULE)
def show_month(year: int, month: int) -> Response:
    """A closed month with its figures as of then, and what has changed since."""
    found = figures_of(g.user, _day_or_404(year, month))
    if found.closed is None:
        abort(404)
    return show("reports/month.html", month=found.closed, then=told_figures(found.kept, found.rules),
                compared=then_and_today(found), workers=ranked_workers(found.kept, found.rules),
                made_by=made_by(found.rules), same_rules=found.rules == rules_of_today(),
                differences=read_differences(g.user, found.closed))  # fmt: skip


@staff.page("/analytics/months/<int:year>/<int:month>/closing", Permission.CLOSE_MONTHS, methods=("GET", "POST"),
            module=MODULE)  # fmt: skip
def close_month(year: int, month: int) -> Response:
    """*Clôturer le mois*: asked first, with what is still open."""
    first_day, form = _day_or_404(year, month), PortalForm()
    if not months.is_over(first_day):
        abort(404)
    back = url_for("staff.show_month", year=year, month=month)
    if status := refused(form, lambda: months.close_month(g.user, first_day)):
        cut = months.cut_of(g.user, first_day)
        ratings = feedback.overall(cut, None)[0].whole
        return show("reports/month_closing.html", status=status, form=form, day=first_day, ratings=ratings,
                    still_open=feedback.still_open(cut), closed=months.closed_month(first_day), back=back)  # fmt: skip
    flash(_("The month is closed. What changes from now on is listed beside it."), "success")
    return done(back)


@staff.page("/analytics/months/<int:year>/<int:month>/report", Permission.SEE_RATINGS, module=MODULE)
def download_month(year: int, month: int) -> FlaskResponse:
    """The report of a month on paper, as it would be mailed now."""
    first_day = _day_or_404(year, month)
    if not months.is_over(first_day):
        abort(404)
    return answer(month_paper(g.user, first_day))


@staff.page("/analytics/months/mail", Permission.SEE_RATINGS, methods=("POST",), module=MODULE)
def choose_monthly() -> Response:
    """Have the report of each month mailed to oneself, or no more."""
    monthly.choose(g.user, wanted="stop" not in request.form)
    return done(url_for("staff.list_months"))


def _day_or_404(year: int, month: int) -> date:
    return date(year, month, 1) if 1900 <= year <= 2200 and 1 <= month <= 12 else abort(404)
