"""Figures in words: how many, how sure, and a change only where there is one."""

import pytest
from flask import Flask
from flask_babel import force_locale

from portal.ratings.figures import Rules
from portal.ratings.statistics import Tally
from portal.reports.feedback import Answers, Line
from portal.reports.feedback_board import ranking
from portal.reports.feedback_figures import percent, signed, told_coefficient, told_mean, told_score, told_share
from tests.conftest import Database


@pytest.fixture(autouse=True)
def _words(app: Flask, database: Database):
    with database.app.app_context(), force_locale("en"):
        yield


def test_too_few_answers_give_no_figure_and_say_how_many_they_are() -> None:
    told = told_mean(Tally((0, 0, 0, 0, 0, 4)))
    assert (told.value, told.n, told.between, told.estimate) == ("Not enough answers", 4, "", None)
    assert told_mean(Tally()).n == 0
    assert told_score(Tally((0, 0, 0, 0, 0, 4))).value == "Not enough answers"
    assert told_share(None, of="requests").value == "Not enough requests"
    assert told_mean(Tally((0, 0, 0, 0, 0, 5))).value == "5.0\N{NO-BREAK SPACE}/\N{NO-BREAK SPACE}5"


def test_the_figures_are_those_of_the_vectors() -> None:
    tally = Tally((0, 1, 0, 1, 3, 5))  # product/feedback-features.md §4
    assert told_mean(tally).value == "4.1\N{NO-BREAK SPACE}/\N{NO-BREAK SPACE}5"
    score = told_score(tally)
    assert (score.value, score.between) == ("+30", "± 48")
    assert told_share(tally.satisfied).between == "between 49 % and 94 %".replace(" %", "%")
    assert told_coefficient(tally).value == "82%"


def test_a_mean_keeps_its_one_decimal_in_every_language() -> None:
    close = Tally((0, 0, 0, 40, 100, 60))
    assert told_mean(close).between == "between 4.0 and 4.2"
    with force_locale("fr"):
        assert told_mean(close).value.startswith("4,1\N{NO-BREAK SPACE}")
        assert told_mean(close).between == "entre 4,0 et 4,2"
        assert told_mean(close, Tally((0, 0, 0, 0, 0, 90))).compared.startswith("−0,9")
        assert told_mean(Tally((0, 0, 0, 0, 90, 0)), Tally((0, 0, 0, 0, 0, 90))).compared.startswith("−1,0")


def test_a_change_is_spoken_of_only_where_there_is_one() -> None:
    good, better, few = Tally((0, 10, 10, 20, 30, 30)), Tally((0, 1, 1, 5, 33, 60)), Tally((0, 0, 0, 0, 2, 8))
    up = told_mean(better, good)
    assert (up.turn, up.compared) == ("up", "+0.9; before: 3.6\N{NO-BREAK SPACE}/\N{NO-BREAK SPACE}5 (n = 100)")
    assert told_mean(good, better).turn == "down"
    same = told_mean(good, good)
    assert (same.turn, same.compared) == (
        "",
        "no certain change; before: 3.6\N{NO-BREAK SPACE}/\N{NO-BREAK SPACE}5 (n = 100)",
    )
    assert told_mean(better, few).turn == ""
    assert told_mean(better, Tally((1, 0, 0, 0, 0, 0))).compared == "before: not enough answers (n = 1)"


def test_a_single_answer_leads_no_list() -> None:
    lines = [
        Line(1, "One five", Answers(Tally((0, 0, 0, 0, 0, 1)))),
        Line(2, "Five fives", Answers(Tally((0, 0, 0, 0, 0, 5)))),
        Line(3, "Many good ones", Answers(Tally((0, 0, 0, 5, 30, 165)))),
        Line(4, "Many bad ones", Answers(Tally((20, 20, 20, 20, 20, 0)))),
    ]
    cohort = sum((line.answers for line in lines), Answers()).tally
    order = [(place, line.name) for place, line in ranking(lines, cohort, Rules(5, 5, 4))]
    assert order == [(1, "Many good ones"), (2, "Five fives"), (3, "Many bad ones"), (None, "One five")]


def test_all_is_all_and_nothing_is_nothing() -> None:
    assert [percent(value) for value in (0, 0.1, 49.5, 99.7, 100)] == ["0%", "1%", "50%", "99%", "100%"]
    assert [signed(value) for value in (-12.4, -0.2, 0, 35)] == ["−12", "0", "0", "+35"]
