"""The pages of closed months."""

from datetime import date

from flask import abort, flash, g, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.forms import PortalForm, refused
from portal.pages import done, show
from portal.portals import staff
from portal.reports import feedback, months
from portal.reports.feedback_board import ranking
from portal.reports.feedback_figures import told_coefficient, told_mean, told_satisfied, told_score, told_share
from portal.reports.months import Kept
from portal.roles import GRANTS, Permission

MODULE = "ratings.enabled"


@staff.page("/analytics/months", Permission.SEE_RATINGS, module=MODULE)
def list_months() -> Response:
    """The months that are over; those that are closed lead to what counted then."""
    may_close = Permission.CLOSE_MONTHS in GRANTS[g.user.role]
    return show("reports/months.html", months=months.list_months(), may_close=may_close)


@staff.page("/analytics/months/<int:year>/<int:month>", Permission.SEE_RATINGS, module=MODULE)
def show_month(year: int, month: int) -> Response:
    """A closed month with its figures as of then, and what has changed since."""
    closed = months.closed_month(_day_or_404(year, month)) or abort(404)
    kept, mapping = months.kept_figures(g.user, closed), (closed.promoters_from, closed.passives_from)
    today = feedback.overall(months.cut_of(g.user, closed.first_day), None)[0].whole
    return show("reports/month.html", month=closed, kept=kept, then=_figures(kept, mapping), today=today.tally,
                told_today=told_mean(today.tally), workers=_workers(kept), mapping=mapping,
                differences=months.differences(g.user, closed))  # fmt: skip


def _figures(kept: Kept, mapping: tuple[int, int]) -> list[tuple[str, object]]:
    tally, asked = kept.whole.tally, kept.requests
    return [
        (_("Overall rating"), told_mean(tally)), (_("Overall NPS (from stars)"), told_score(tally, mapping=mapping)),
        (_("Satisfied: 4 or 5 stars"), told_satisfied(tally)),
        (_("Response rate, strict"), told_share(asked.strict, of="requests")),
        (_("Response rate, delivered"), told_share(asked.delivered, of="requests")),
        (_("Coverage"), told_share(asked.coverage, of="visits")),
    ]  # fmt: skip


def _workers(kept: Kept) -> list[tuple]:
    lines = ranking([line for line in kept.workers if line.answers.tally.n], kept.whole.tally)
    return [(place, line, told_mean(line.answers.tally), told_coefficient(line.answers.tally)) for place, line in lines]


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
        requests, ratings = feedback.read_requests(cut, None)[0], feedback.overall(cut, None)[0].whole
        return show("reports/month_closing.html", status=status, form=form, day=first_day, requests=requests,
                    ratings=ratings, closed=months.closed_month(first_day), back=back)  # fmt: skip
    flash(_("The month is closed. What changes from now on is listed beside it."), "success")
    return done(back)


def _day_or_404(year: int, month: int) -> date:
    return date(year, month, 1) if 1900 <= year <= 2200 and 1 <= month <= 12 else abort(404)
