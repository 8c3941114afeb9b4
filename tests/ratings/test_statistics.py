"""The figures against computed vectors, and against the same computed another way."""

from math import sqrt
from statistics import fmean, median, pstdev, pvariance
from typing import TypeVar

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from portal.ratings.figures import is_enough, rules_of_today
from portal.ratings.statistics import Tally, change, share
from portal.settings.actions import set_option
from tests.conftest import Database

# counts of 1 to 5 stars; mean, satisfied with its interval, NPS with its plain margin, mean shrunk to 4.3, coefficient
VECTORS = [
    ((1, 0, 1, 3, 5), 4.1, (80.0, 49.0, 94.3), (30.0, 48.4), 4.2, 82.0),
    ((0, 0, 0, 0, 1), 5.0, (100, 20.7, 100), (100, 0), 4.364, 100),
    ((0, 0, 0, 0, 3), 5.0, (100, 43.9, 100), (100, 0), 4.462, 100),
    ((2, 3, 15, 60, 120), 4.465, (90.0, 85.1, 93.4), (50.0, 9.3), 4.457, 89.3),
    ((10, 10, 10, 30, 40), 3.8, (70.0, 60.4, 78.1), (10.0, 16.3), 3.845, 76.0),
    ((1, 1, 2, 6, 20), 4.433, (86.7, 70.3, 94.7), (53.3, 25.7), 4.4, 88.7),
]

Figure = TypeVar("Figure")


def known(figure: Figure | None) -> Figure:
    """A figure that there is."""
    assert figure is not None
    return figure


ratings = st.lists(st.integers(0, 5), max_size=60)
tallies = st.builds(Tally, st.tuples(*[st.integers(0, 500)] * 6))


@pytest.mark.parametrize(("counts", "mean", "satisfied", "score", "shrunk", "coefficient"), VECTORS)
def test_the_figures_are_those_of_the_vectors(counts, mean, satisfied, score, shrunk, coefficient):
    tally = Tally((0, *counts))
    assert (known(tally.mean).value, tally.shrunk(4.3)) == pytest.approx((mean, shrunk), abs=0.0006)
    assert (known(tally.satisfied).value, known(tally.satisfied).low, known(tally.satisfied).high) == pytest.approx(
        satisfied, abs=0.06
    )
    assert (known(tally.score()).value, known(tally.score()).plain) == pytest.approx(score, abs=0.06)
    assert known(tally.coefficient).value == pytest.approx(coefficient, abs=0.06)


def test_nothing_counted_gives_no_figure_and_never_a_zero():
    none = Tally()
    figures = [none.mean, none.median, none.satisfied, none.dissatisfied, none.coefficient, none.score()]
    assert [*figures, none.shrunk(4.3), share(0, 0)] == [None] * 8


def test_few_who_agree_are_not_made_certain():
    """One promoter is a hundred by the plain formula, give or take nothing."""
    one = known(Tally((0, 0, 0, 0, 0, 1)).score())
    assert (one.plain, one.adjusted) == pytest.approx((0, 73.5), abs=0.06)
    assert one.margin == one.adjusted
    assert one.low == pytest.approx(26.5, abs=0.06)


@pytest.mark.parametrize(("part", "whole", "low", "high"), [(2, 2, 34, 100), (100, 101, 95, 100), (8, 10, 49, 94),
                                                            (0, 5, 0, 43), (10, 10, 72, 100)])  # fmt: skip
def test_shares_have_wilsons_interval(part, whole, low, high):
    found = known(share(part, whole))
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.5)


def test_no_stars_are_a_score():
    zeros = Tally((4, 0, 0, 0, 0, 0))
    assert (known(zeros.mean).value, zeros.median, known(zeros.coefficient).value, zeros.negative) == (0, 0, 0, 4)
    assert known(zeros.score()).value == -100
    assert known(zeros.mean).low == 0 < known(zeros.mean).high


@given(ratings)
def test_the_figures_are_those_of_the_single_ratings(stars):
    tally = Tally.of(stars)
    assert tally.n == len(stars)
    if not stars:
        return
    assert known(tally.mean).value == pytest.approx(fmean(stars))
    assert tally.median == median(stars)
    assert tally.shrunk(4.3) == pytest.approx(fmean(stars + [4.3] * 10))
    says = [100 if one == 5 else 0 if one == 4 else -100 for one in stars]
    score = known(tally.score())
    assert score.value == pytest.approx(fmean(says))
    assert score.plain == pytest.approx(1.96 * pstdev(says) / sqrt(len(says)), abs=1e-6)
    assert score.promoters + score.passives + score.detractors == tally.n
    assert known(tally.satisfied).value == pytest.approx(100 * fmean(one >= 4 for one in stars))
    assert known(tally.dissatisfied).value == pytest.approx(100 * fmean(one <= 2 for one in stars))


@given(ratings.filter(len))
def test_the_interval_of_the_mean_is_that_of_the_single_ratings_with_half_an_answer_of_each_kind(stars):
    doubled = [one for one in stars for _ in range(2)] + list(range(6))
    centre, half = fmean(doubled), 1.96 * sqrt(pvariance(doubled) / (len(stars) + 4))
    mean = known(Tally.of(stars).mean)
    assert mean.low == pytest.approx(max(min(centre - half, fmean(stars)), 0))
    assert mean.high == pytest.approx(min(max(centre + half, fmean(stars)), 5))


@given(st.integers(0, 300), st.integers(1, 300))
def test_a_share_could_just_be_that_of_the_ends_of_its_interval(part, whole):
    """What Wilson's interval is: the shares from which the one that was counted is no further than z errors."""
    part = min(part, whole)
    found = known(share(part, whole))
    for end in (found.low / 100, found.high / 100):
        distance, error = abs(part / whole - end), sqrt(max(end * (1 - end), 0) / whole)
        assert distance == pytest.approx(1.96 * error, abs=1e-6)


@given(tallies, st.integers(0, 5), st.integers(0, 5))
def test_every_interval_holds_its_figure_and_nothing_impossible(tally, promoters_from, passives_from):
    bounds = [(tally.mean, 0, 5), (tally.satisfied, 0, 100), (tally.dissatisfied, 0, 100), (tally.coefficient, 0, 100),
              (tally.score(promoters_from, passives_from), -100, 100)]  # fmt: skip
    for figure, least, most in bounds:
        if figure is None:
            assert tally.n == 0
            continue
        assert least <= figure.low <= figure.value <= figure.high <= most
        assert figure.n == tally.n


@given(tallies, tallies)
def test_two_tallies_together_are_those_of_all_their_ratings(one, other):
    both = one + other
    assert (both.n, both.total, both.positive) == (
        one.n + other.n, one.total + other.total, one.positive + other.positive
    )  # fmt: skip


@given(st.integers(-5, 400), st.integers(0, 300))
def test_a_rate_is_never_above_a_hundred(part, whole):
    found = share(part, whole)
    assert found is None or 0 <= found.low <= found.value <= found.high <= 100


# ---- changes ----


def test_a_change_is_one_when_it_can_hardly_be_chance():
    fine, poor = Tally((0, 0, 0, 5, 10, 35)), Tally((5, 5, 10, 10, 10, 10))
    for name in ("mean", "satisfied", "coefficient"):
        worse = known(change(getattr(fine, name), getattr(poor, name)))
        assert worse.is_one
        assert worse.high < 0
        assert not known(change(getattr(fine, name), getattr(fine, name))).is_one
    assert known(change(fine.score(), poor.score())).is_one


def test_few_answers_make_no_change_however_large_it_is():
    fine, poor = Tally((0, 0, 0, 0, 0, 29)), Tally((300, 0, 0, 0, 0, 0))
    assert known(change(fine.mean, poor.mean)).high < 0
    assert not known(change(fine.mean, poor.mean)).is_one
    assert known(change((fine + Tally((0, 0, 0, 0, 0, 1))).mean, poor.mean)).is_one


def test_there_is_no_change_from_nothing():
    assert change(None, Tally((0, 0, 0, 0, 0, 40)).mean) is None
    assert change(Tally((0, 0, 0, 0, 0, 40)).mean, None) is None


def test_the_difference_of_two_shares_is_newcombes():
    """56 of 70 against 48 of 80: the first example of his article (1998), by his tenth method."""
    found = known(change(share(48, 80), share(56, 70)))
    assert (found.value, found.low, found.high) == pytest.approx((20, 5.24, 33.39), abs=0.02)


@given(tallies, tallies)
def test_a_change_lies_in_its_interval_and_turns_round_with_its_sides(before, now):
    there, back = change(before.mean, now.mean), change(now.mean, before.mean)
    if there is None or back is None:
        assert not (before.n and now.n)
        return
    assert there.low <= there.value <= there.high
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low))
    assert back.is_one == there.is_one


def test_what_is_enough_and_who_is_a_promoter_is_the_agencys_to_say(app: Flask, database: Database) -> None:
    tally = Tally((0, 0, 0, 1, 2, 2))
    with app.app_context():
        assert (is_enough(4), is_enough(5)) == (False, True)
        assert known(rules_of_today().score_of(tally)).value == pytest.approx(20)
        for key, value in (("minimum_sample", "3"), ("passives_from", "3"), ("promoters_from", "4")):
            set_option(None, f"ratings.{key}", value)
        assert (is_enough(2), is_enough(3)) == (False, True)
        score = known(rules_of_today().score_of(tally))
        assert (score.value, score.passives) == (pytest.approx(80), 1)
