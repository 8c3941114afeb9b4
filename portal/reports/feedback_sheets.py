"""*Exporter les données*: the figures of the analytics by worker and by date, each rating with its comment, and what it
all means."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext, pgettext
from sqlalchemy import Row, Select, func, select
from werkzeug.datastructures import MultiDict

from portal.controls.reports import Book, Report, Sheet
from portal.controls.shares import Number
from portal.controls.table import Column
from portal.extensions import db
from portal.i18n import exact, written_day
from portal.people.models import Client, Sector, Service, Staff, Worker
from portal.ratings.details import BANK, Details, in_language_of_page
from portal.ratings.figures import Rules, is_enough, rules_of_today
from portal.ratings.models import RatedWorker, Rating, RatingSubject
from portal.ratings.statistics import Estimate, Tally
from portal.reports import feedback
from portal.reports.feedback import Line, Requests
from portal.reports.feedback_board import View
from portal.reports.feedback_forms import FeedbackFilter, ReviewFilter
from portal.reports.feedback_meanings import definitions
from portal.reports.feedback_reviews import chosen_ratings
from portal.reports.months import closed_within
from portal.reports.quality import SOURCES, named
from portal.roles import Permission

BATCH = 1000


def _column(key: str, label: object, kind: str = "number") -> Column:
    return Column(key, label, None, kind)


def _sure(key: str, label: object) -> tuple[Column, Column, Column]:
    """A figure and both ends of its interval."""
    return (_column(key, label), _column(f"{key}_low", _l("%(figure)s: low end (95 %%)", figure=label)),
            _column(f"{key}_high", _l("%(figure)s: high end (95 %%)", figure=label)))  # fmt: skip


REQUESTS = (
    _column("done", _l("Done visits")), _column("sent", _l("Requests sent")),
    _column("refused", _l("Refused by the mail server")), _column("answered", _l("Answers after a request")),
    *_sure("response_rate", _l("Response rate, strict, %")),
    *_sure("delivered_rate", _l("Response rate, delivered, %")), *_sure("coverage", _l("Coverage, %")),
    _column("rated", lazy_pgettext("analytics", "Rated by the client")), *_sure("rated_part", _l("Rated part, %")),
)  # fmt: skip
RATINGS = (
    _column("n", _l("Ratings")),
    _column("mean", _l("Mean of 5")), _column("mean_low", _l("Mean, low end (95 %)")),
    _column("mean_high", _l("Mean, high end (95 %)")), _column("median", _l("Median")),
    *(_column(f"stars_{stars}", f"{stars} ★") for stars in range(6)),
    *_sure("satisfied", _l("Satisfied (4–5 ★), %")), _column("positive", _l("Positive (4–5 ★)")),
    _column("negative", _l("Negative (0–2 ★)")), *_sure("coefficient", _l("Satisfaction coefficient, %")),
    _column("promoters", _l("Promoters")), _column("passives", _l("Passives")),
    _column("detractors", _l("Detractors")), _column("nps", _l("NPS (from stars)")),
    _column("nps_margin", _l("NPS, margin (± 95 %)")), _column("comments", _l("With a comment")),
    _column("enough", _l("Enough answers")),
)  # fmt: skip
FIGURES = (*REQUESTS, *RATINGS)
WORKERS = (_column("id", _l("Number of the worker")), _column("worker", _l("Worker"), "text"), *FIGURES,
           _column("ranked_mean", _l("Mean for the order")))  # fmt: skip
DAYS = (_column("first_day", _l("From"), "date"), _column("last_day", _l("To"), "date"), *FIGURES)
COMMENTS = (
    _column("rating", _l("Number of the rating")), _column("visit", _l("Number of the visit")),
    _column("day", lazy_pgettext("column", "Visit"), "date"),
    _column("rated_at", lazy_pgettext("column", "Rated on"), "moment"), _column("client", _l("Client"), "text"),
    _column("client_reference", _l("Reference of the client"), "text"), _column("workers", _l("Workers"), "text"),
    _column("service", _l("Service"), "text"), _column("sector", _l("Sector"), "text"),
    _column("manager", _l("Manager"), "text"), _column("stars", _l("Stars")),
    _column("comment", _l("Comment"), "long"), *(_column(key, label) for key, label in BANK.items()),
    _column("remarks", _l("What applies"), "long"), _column("call_back", _l("Wishes to be called back"), "text"),
    _column("called_at", _l("Called back"), "moment"), _column("source", _l("Source"), "text"),
    _column("edited", _l("Changed since"), "text"), _column("counted", _l("Counted"), "text"),
    _column("excluded", lazy_pgettext("rating", "Excluded"), "text"),
)  # fmt: skip


def book_of(form: FeedbackFilter, args: MultiDict) -> Book:
    """What the file of the page with these filters holds."""
    step, chosen = View.of(args, form).step, _single(form)
    rated = db.session.scalar(select(func.count()).select_from(chosen.with_only_columns(Rating.id).subquery())) or 0
    workers, days = feedback.by_name(form.cut, "worker"), feedback.by_step(form.cut, step)
    about_workers = feedback.requests_by(form.cut, "worker_id") if form.cut.tells_requests else None
    sheets = [
        Sheet("workers", pgettext("sheet", "By worker"), WORKERS, _by_worker(form, workers, about_workers),
              len(workers)),
        Sheet("days", pgettext("sheet", "By date"), DAYS, _by_day(form, days, step), len(days)),
        Sheet("comments", pgettext("sheet", "Comments"), COMMENTS, _comments(chosen), rated),
    ]  # fmt: skip
    columns = (column for sheet in sheets for column in sheet.columns)
    about = [*_closed(form), *definitions(step, columns, form.cut)]
    return Book({sheet.key: sheet for sheet in sheets}, about)


def _closed(form: FeedbackFilter) -> list[tuple[str, ...]]:
    """Of which months there are other figures, kept."""
    return [
        (written_day(month.first_day, "LLLL y"),
         _("Closed on %(when)s. The figures of this file are those of today; the page of the month tells those of "
           "then.", when=exact(month.closed_at)))
        for month in closed_within(*form.days())
    ]  # fmt: skip


def _by_worker(form: FeedbackFilter, lines: list[Line], requests: Mapping[int, Requests] | None) -> Iterator[list[Any]]:
    """Also those of whom nobody has said anything; of one source, those alone whom it tells of."""
    cohort = feedback.overall(form.cut, None)[0].whole.tally
    for line in [*lines, *(feedback.silent_workers(requests, lines) if requests else [])]:
        cells = figure_cells(line, None if requests is None else requests.get(line.key, Requests()))
        yield [line.key, line.name, *cells, ranked_mean(line, cohort, rules_of_today())]


def ranked_mean(line: Line, cohort: Tally, rules: Rules) -> Number | None:
    """The mean by which workers are put in order; None below the fewest answers."""
    tally, mean = line.answers.tally, cohort.mean.value if cohort.mean else 0.0
    return _number(tally.shrunk(mean) if rules.is_enough(tally.n) else None, 3)


def _by_day(form: FeedbackFilter, lines: list[Line], step: str) -> Iterator[list[Any]]:
    of_day = feedback.requests_by_step(form.cut, step) if form.cut.tells_requests else None
    for line in lines:
        found = None if of_day is None else of_day.get(feedback.begin_of(line.key, step), Requests())
        yield [line.key, line.last, *figure_cells(line, found)]


def figure_cells(line: Line, asked: Requests | None, rules: Rules | None = None) -> list[Any]:
    """A figure that too few answers make stays an empty cell; what was counted never does.

    Args:
        asked: None where it is not known, or says nothing of these ratings.
        rules: by which the figures of the ratings are made, if not those of today.
    """
    tally, rules = line.answers.tally, rules or rules_of_today()
    enough = rules.is_enough(tally.n)
    shown = tally if enough else Tally()
    mean, score, satisfied, median = shown.mean, rules.score_of(shown), shown.satisfied, shown.median
    counted = rules.score_of(tally)
    return [
        *_request_cells(asked), tally.n, *_ends(mean, 3), _number(median, 1), *tally.counts, *_ends(satisfied, 1),
        tally.positive, tally.negative, *_ends(shown.coefficient, 1),
        *((counted.promoters, counted.passives, counted.detractors) if counted else (0, 0, 0)),
        _number(score.value if score else None, 1), _number(score.margin if score else None, 1),
        line.answers.comments, _("yes") if enough else _("no"),
    ]  # fmt: skip


def _request_cells(asked: Requests | None) -> list[Any]:
    if asked is None:
        return [None] * len(REQUESTS)
    return [asked.done, asked.sent, asked.refused, asked.answered_asked, *_rate(asked.strict), *_rate(asked.delivered),
            *_rate(asked.coverage), asked.answered, *_rate(asked.rated)]  # fmt: skip


def _rate(found: Estimate | None) -> list[Number | None]:
    return _ends(found if found and is_enough(found.n) else None, 1)


def _ends(found: Estimate | None, digits: int) -> list[Number | None]:
    """A figure and between what it probably lies."""
    return [_number(value, digits) for value in ((found.value, found.low, found.high) if found else (None,) * 3)]


def _number(value: float | None, digits: int) -> Number | None:
    return None if value is None else Number(value, digits)


# ---- each rating ----


def _single(form: FeedbackFilter) -> Select:
    """Every rating of the choice; also those that do not count, which say so."""
    reviews = ReviewFilter(form.user, MultiDict([*form.query(), ("counted", "all")]))
    reviews.validate()
    return chosen_ratings(reviews)


def _comments(chosen: Select) -> Iterator[list[Any]]:
    came = select(func.aggregate_strings(named(Worker), ", ")).join(RatedWorker, RatedWorker.worker_id == Worker.id)
    workers = came.where(RatedWorker.subject_id == RatingSubject.id).correlate(RatingSubject).scalar_subquery()
    listed = (
        chosen.outerjoin(Client, Client.id == RatingSubject.client_id)
        .outerjoin(Service, Service.id == RatingSubject.service_id)
        .outerjoin(Sector, Sector.id == RatingSubject.sector_id)
        .outerjoin(Staff, Staff.id == RatingSubject.manager_id)
        .with_only_columns(
            Rating.id, RatingSubject.visit_id, RatingSubject.day, Rating.left_at, named(Client).label("client"),
            Client.external_id, workers.label("workers"), Service.name.label("service"), Sector.name.label("sector"),
            named(Staff).label("manager"), Rating.stars, Rating.comment, Rating.channel, Rating.changed_at,
            Rating.excluded_at, Rating.exclude_reason, Rating.details, Rating.call_back, Rating.called_at,
        )
        .order_by(RatingSubject.day, Rating.id)
    )  # fmt: skip
    for row in db.session.execute(listed, execution_options={"yield_per": BATCH}):
        yield _comment(row)


def _comment(row: Row) -> list[Any]:
    said = Details(**(row.details or {}))
    return [
        row.id, row.visit_id, row.day, row.left_at, row.client, row.external_id, row.workers, row.service, row.sector,
        row.manager, row.stars, row.comment or None, *(said.criteria.get(key) for key in BANK),
        "; ".join(in_language_of_page(one) for one in said.remarks) or None,
        _("yes") if row.call_back else _("no"), row.called_at, str(SOURCES[row.channel]),
        _("yes") if row.changed_at else _("no"), _("no") if row.excluded_at else _("yes"), row.exclude_reason,
    ]  # fmt: skip


FEEDBACK = Report(
    name="feedback", title=_l("Customer feedback"), back=_l("Back to the analytics"),
    permission=Permission.SEE_RATINGS, module="ratings.enabled",
    form=FeedbackFilter, book=book_of,
)  # fmt: skip
