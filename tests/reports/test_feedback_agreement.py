"""The page, its file read by another program, and the control table come to the same totals, whatever is chosen."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import g
from openpyxl import load_workbook
from sqlalchemy import select, update
from werkzeug.datastructures import MultiDict

from portal import clock
from portal.controls.actions import ask_export
from portal.controls.models import Export
from portal.controls.queries import open_desk, read_result
from portal.extensions import db, writing
from portal.people.models import Client, Sector, Service, Worker
from portal.ratings.models import Rating, RatingSubject, SuspectAnswer
from portal.reports import feedback_reviews
from portal.reports.feedback_board import Board, board_of
from portal.reports.feedback_forms import FeedbackFilter, ReviewFilter
from portal.reports.feedback_sheets import FEEDBACK
from portal.reports.quality import QUALITY
from portal.settings.actions import set_option
from portal.tables import queries as tables
from portal.visits.models import VisitWorker
from portal.work import jobs as work
from tests import factories
from tests.conftest import Database
from tests.factories import Agency, Persona
from tests.reports.conftest import tallied

COMBINATIONS = 40
STARS = [f"stars_{stars}" for stars in range(6)]


@dataclass(frozen=True)
class Rich:
    """What can be chosen, by number; people by number and name."""

    readers: Sequence[Persona]
    sectors: Sequence[int]
    services: Sequence[int]
    workers: Sequence[tuple[int, str]]
    clients: Sequence[tuple[int, str]]
    managers: Sequence[int]


@pytest.fixture
def rich(agency: Agency, database: Database) -> Rich:
    """Seventy visits of three months in three sectors: some of two workers, some rated by each way, some excluded, some
    that a machine answered, some only asked about. Afterwards a worker leaves, visits get another one, a client moves
    and files change hands: nothing of it moves a rating."""
    chance = Random(20261117)
    with database.writing():
        set_option(None, "ratings.minimum_sample", "2")
        north, south = (db.session.get_one(Sector, one) for one in (agency.north, agency.south))
        below = factories.sector("Nord-Est", north)
        nora = factories.client("Nora", "Est", below)
        clients = [*(db.session.get_one(Client, one.id) for one in (agency.claire, agency.denis, agency.eloise)), nora]
        services = [db.session.get_one(Service, one) for one in (agency.rising, agency.cleaning)]
        left = factories.worker("Zoé", "Partie", [north, south, below])
        workers = [*(db.session.get_one(Worker, one.id) for one in (agency.wassim, agency.jean)), left]
        for place in range(70):
            who = chance.sample(workers, chance.choice([1, 1, 2]))
            _visit(chance, chance.choice(clients), chance.choice(services), who, place)
        db.session.flush()
        _afterwards(agency, left, clients)
        tallied()
        return Rich(
            readers=[agency.ines, agency.ines, agency.sofia, agency.igor], sectors=[north.id, south.id, below.id],
            services=[one.id for one in services], workers=[(one.id, one.name) for one in workers],
            clients=[(one.id, one.name) for one in clients], managers=[agency.sofia.id, agency.igor.id],
        )  # fmt: skip


def _visit(chance: Random, of: Client, what: Service, who: list[Worker], place: int) -> None:
    asked = chance.random() < 0.5
    visit = factories.done_visit(of, what, who, -1 - place, chance.randrange(6, 20), ask=asked)
    fate = chance.random()
    state = chance.choice(["sent", "sent", "failed", "suppressed", "scheduled"]) if asked else ""
    if state == "sent":
        factories.sent_request(visit, "nora@example.org")
    elif asked:
        message = factories.request_of(visit.id).message
        message.state, message.reason = state, {"failed": "refused", "suppressed": "not_sampled"}.get(state)
    subject = factories.subject(visit.id)
    if fate < 0.3:
        if asked and fate < 0.1:
            request = factories.request_of(visit.id)
            db.session.add(SuspectAnswer(subject_id=subject.id, request_id=request.id, stars=5, reason="too-fast"))
        return
    channel = chance.choice(["portal", "portal", "mail", "sms", "staff"])
    rating = Rating(
        subject_id=subject.id, day=subject.day, stars=chance.choice([0, 1, 2, 3, 4, 4, 5, 5, 5]), channel=channel,
        author_name="X", comment=chance.choice([None, None, "Bien", ""]), author_role="client",
        left_at=visit.ended_at,
    )  # fmt: skip
    if channel == "staff":
        rating.typed_by, rating.given_how = "Sofia Benali", "telephone"
    if fate > 0.9:
        rating.excluded_at, rating.exclude_reason = clock.now(), "Un doublon"
    db.session.add(rating)


def _afterwards(agency: Agency, left: Worker, clients: Sequence[Client]) -> None:
    left.active = False
    visits = select(RatingSubject.visit_id).where(RatingSubject.visit_id.is_not(None), RatingSubject.id % 5 == 0)
    here = select(VisitWorker.visit_id).where(VisitWorker.worker_id == agency.jean.id)
    moved = VisitWorker.visit_id.in_(visits), VisitWorker.visit_id.not_in(here)
    db.session.execute(update(VisitWorker).where(*moved).values(worker_id=agency.jean.id))
    clients[0].sector_id, clients[1].file_manager_id = agency.south, agency.igor.id


# ---- what is chosen ----


def combinations(rich: Rich) -> Iterator[tuple[Persona, dict[str, str], dict[str, str]]]:
    """Who looks, the filters of the page, and those of the control table that choose the same."""
    chance = Random(44)
    while True:
        who, page, table = chance.choice(rich.readers), dict[str, str](), dict[str, str]()
        period = chance.choice(["last_month", "last_12_months", "this_month", "last_3_months", "free", "free"])
        both = {"period": period}
        if period == "free":
            first = chance.choice(["2026-09-03", "2026-09-21", "2026-10-07"])
            both |= {"first_day": first, "last_day": chance.choice(["2026-10-31", "2026-11-09", "2026-11-30"])}
        for name, numbers in (("sector", rich.sectors), ("service", rich.services), ("manager", rich.managers)):
            if chance.random() < 0.3:
                both[name] = str(chance.choice(numbers))
        for name, people in (("worker", rich.workers), ("client", rich.clients)):
            if chance.random() < 0.3:
                number, called = chance.choice(people)
                page[name], table[name] = str(number), called
        if chance.random() < 0.4:
            page["source"] = chance.choice(["portal", "mail", "sms", "staff", "clients"])
            table["source"] = "" if page["source"] == "clients" else page["source"]
        shown = {"by": chance.choice(["date", "worker", "service", "sector", "client"]), "compare": "none",
                 "step": chance.choice(["day", "week", "month"])}  # fmt: skip
        yield who, both | page | shown, both | table


# ---- what each says ----


def sheets_of(user: Any, board: Board) -> dict[str, list[dict[str, Any]]]:
    """The file of a page as another program reads it: rows by the keys of the columns, sheet by sheet."""
    db.session.rollback()
    with writing():
        export = ask_export(user, FEEDBACK, board.query, "xlsx", "en")
        export_id, work_id = export.id, export.work_id
        db.session.commit()
    assert work_id
    work.run(work_id)
    content = db.session.scalar(select(Export.content).where(Export.id == export_id))
    assert content
    book = load_workbook(io.BytesIO(content))
    found = {}
    for key, sheet in zip(("workers", "days", "comments"), book.worksheets, strict=False):
        meant = {row[0].value: row[2].value for row in book.worksheets[3].iter_rows() if row[2].value}
        keys = [meant[cell.value] for cell in sheet[1]]
        rows = sheet.iter_rows(min_row=2, values_only=True)
        found[key] = [dict(zip(keys, row, strict=True)) for row in rows]
    return found


def total(rows: Sequence[dict[str, Any]], key: str) -> int:
    return sum(row[key] or 0 for row in rows)


def compare(board: Board, form: FeedbackFilter, sheets: dict[str, list[dict[str, Any]]]) -> None:
    """The page and its file."""
    days, workers = sheets["days"], sheets["workers"]
    counted = [row for row in sheets["comments"] if row["counted"] == "yes"]
    stars = {bar.stars: bar.number for bar in board.spread}
    assert total(days, "n") == len(counted) == board.n
    assert [total(days, key) for key in STARS] == [stars[number] for number in range(6)]
    assert [sum(row["stars"] == number for row in counted) for number in range(6)] == list(map(stars.get, range(6)))
    assert total(days, "comments") == sum(row["comment"] is not None for row in counted) == board.comments
    of_workers = [row["n"] for row in workers if not form.cut.worker or row["id"] == form.cut.worker]
    assert sum(of_workers) == sum(len(row["workers"].split(", ")) for row in counted) or form.cut.worker
    assert not form.cut.worker or sum(of_workers) == board.n
    if board.view.by in ("date", "service"):
        assert sum(row.tally.n for row in board.chart.page.rows) == board.n
    if board.view.by == "worker":
        assert {row.label: row.tally.n for row in board.chart.page.rows} == {
            row["worker"]: row["n"] for row in workers if row["n"]
        }
    if board.of_all:
        asked = board.requests
        told = [total(days, key) for key in ("done", "sent", "refused", "answered", "rated")]
        assert told == [asked.done, asked.sent, asked.refused, asked.answered_asked, asked.answered]


def of_table(user: Any, args: dict[str, str]) -> tuple[int, int, list[int], int]:
    """What the control table says: how many ratings, how many count, of each number of stars; given by clients."""
    given = MultiDict({name: value for name, value in args.items() if value})
    form = open_desk(user, QUALITY, given).form
    assert form.validate(), form.errors
    result = read_result(user, QUALITY, form, given)
    if result.summary is None:
        return 0, 0, [0] * 6, 0
    told = {figure.label: f"{figure.value} {figure.note}" for figure in result.summary.figures}
    spread = [int(number) for _label, number in reversed(result.summary.spreads[0].lines)]
    number = {name: int(told[name].rpartition("n = ")[2]) for name in ("Average", "Given by clients themselves")}
    return int(told["Ratings"].split()[0]), number["Average"], spread, number["Given by clients themselves"]


def test_page_file_and_control_table_agree(rich: Rich, database: Database) -> None:
    choices, held, numbers = combinations(rich), 0, []
    while held < COMBINATIONS:
        who, filters, same = next(choices)
        with database.app.test_request_context(headers={"Accept-Language": "en"}):
            g.user = user = who.user
            args = MultiDict(filters)
            form = FeedbackFilter(user, args)
            if not form.validate():
                continue  # nobody of theirs
            board = board_of(form, args)
            sheets = sheets_of(user, board)
            said = f"{who.name}: {urlencode(filters)}"
            try:
                compare(board, form, sheets)
                listed, n, stars, by_clients = of_table(user, same)
                if filters.get("source") == "clients":
                    assert by_clients == board.n
                else:
                    assert (listed, n) == (len(sheets["comments"]), board.n)
                    assert stars == [bar.number for bar in reversed(board.spread)]
            except AssertionError as different:
                raise AssertionError(said) from different
            held += 1
            numbers.append(board.n)
    assert sum(number > 0 for number in numbers) > COMBINATIONS / 2 and max(numbers) > 30, (
        "there was something to count"
    )


# ---- the reviews ----

LISTED_BY = {
    "newest": lambda one: (-one.day.toordinal(), -one.left_at.timestamp(), -one.id),
    "oldest": lambda one: (one.day.toordinal(), one.left_at.timestamp(), one.id),
    "lowest": lambda one: (one.stars, *LISTED_BY["newest"](one)),
    "highest": lambda one: (-one.stars, *LISTED_BY["newest"](one)),
}


def test_the_reviews_stand_in_order_and_are_counted(
    rich: Rich, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each page of them against all that are chosen, put in order here; and how many there are, summed or walked."""
    monkeypatch.setattr(feedback_reviews, "PER_PAGE", 7)
    monkeypatch.setattr(tables, "PER_PAGE", 7)
    chance, choices, seen = Random(21), combinations(rich), 0
    for _turn in range(60):
        who, filters, _table = next(choices)
        sort = chance.choice(list(LISTED_BY))
        single = {"comment": chance.choice(["", "", "with", "without"]), "seen": chance.choice(["", "", "no"]),
                  "counted": chance.choice(["", "", "all"])}  # fmt: skip
        args = MultiDict({**filters, **{name: value for name, value in single.items() if value}})
        args.setlist("stars", chance.choice([[], [], ["5"], ["0", "4"], ["3", "1", "5"]]))
        number = chance.choice([1, 1, 2, 3])
        with database.app.test_request_context(f"/?page={number}", headers={"Accept-Language": "en"}):
            form = ReviewFilter(who.user, args)
            if not form.validate():
                continue  # nobody of theirs
            whole = sorted(db.session.scalars(feedback_reviews.chosen_ratings(form)), key=LISTED_BY[sort])
            page = feedback_reviews.read_reviews(form, sort)
            begin = (page.number - 1) * 7
            said = f"{who.name}: {urlencode(list(args.items(multi=True)))} {sort}"
            assert [review.row.id for review in page.rows] == [one.id for one in whole[begin : begin + 7]], said
            assert (page.total, page.has_next) == (len(whole), len(whole) > begin + 7), said
            assert page.number == number or begin + 7 >= len(whole) > begin or not whole, said
            seen += len(page.rows)
    assert seen > 60, "there was something to list"
