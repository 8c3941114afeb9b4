"""Days, hours, durations and names as people write them."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.folding import fold, fold_name
from portal.imports.refusals import VALUE_SENTENCES, Wrong
from portal.imports.values import LONGEST, parse_choice, parse_date, parse_duration, parse_email, parse_text, parse_time


@pytest.mark.parametrize(
    "text",
    [
        "17/11/2026", "17.11.2026", "17-11-2026", "17-11-26", "17/11/26", "2026-11-17", "2026/11/17", " 17/11/2026 ",
        "17/11/2026 00:00", "2026-11-17T09:30:00", "17 novembre 2026", "mardi 17 novembre 2026", "17 nov. 2026",
        "17 ноября 2026", "17 ноября 2026 г.", "17 November 2026", "17th november 2026", "46343",
    ],
)  # fmt: skip
def test_a_date_is_understood_day_first_unless_the_year_leads(text: str) -> None:
    assert parse_date(text) == dt.date(2026, 11, 17)


def test_a_date_that_could_be_either_is_read_day_first() -> None:
    assert parse_date("03/04/2026") == dt.date(2026, 4, 3)
    assert parse_date("1er mars 2026") == dt.date(2026, 3, 1)


@pytest.mark.parametrize(
    "text",
    ["", "32/01/2026", "29/02/2026", "11/17/2026", "2026-13-01", "demain", "17", "17/11", "1/1/1900", "٠", "99999999"],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(Wrong) as caught:
        parse_date(text)
    assert caught.value.code == "bad_date"


@given(
    st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31)),
    st.sampled_from(["%d/%m/%Y", "%d.%m.%Y", "%d-%m-%y", "%Y-%m-%d"]),
)
def test_every_day_survives_being_written(day: dt.date, pattern: str) -> None:
    assert parse_date(day.strftime(pattern)) == day


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9h", "9:00"), ("9 h", "9:00"), ("9h30", "9:30"), ("9 h 30", "9:30"), ("09:30", "9:30"), ("9:30:00", "9:30"),
        ("9.30", "9:30"), ("9", "9:00"), ("0930", "9:30"), ("9H30", "9:30"), ("9 heures 30", "9:30"),
        ("9 ч 30", "9:30"), ("9 часов", "9:00"), ("9:30 PM", "21:30"), ("12 am", "0:00"), ("0.375", "9:00"),
        ("0,3958333333", "9:30"), ("0.5", "12:00"), ("0.25", "6:00"), ("2026-11-17 09:30:00", "9:30"),
        ("0:45", "0:45"), ("00h15", "0:15"),
    ],
)  # fmt: skip
def test_a_time_of_day_is_understood(text: str, expected: str) -> None:
    hour, minute = map(int, expected.split(":"))
    assert parse_time(text) == dt.time(hour, minute)


@pytest.mark.parametrize(
    "text", ["", "25h", "9h75", "24:00", "midi et demi", "-9", "9:3", "0.30", "13 pm", "2026-11-17"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(Wrong) as caught:
        parse_time(text)
    assert caught.value.code == "bad_time"


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("1h30", 90), ("1 h 30", 90), ("1h", 60), ("1:30", 90), ("01:30:00", 90), ("0:45", 45), ("90", 90),
        ("90 min", 90), ("90mn", 90), ("90'", 90), ("1,5 h", 90), ("1.5h", 90), ("1,5", 90), ("0,5", 30),
        ("0.0625", 90), ("2 heures", 120), ("1h30min", 90), ("1 ч 30 мин", 90), ("45 минут", 45), ("2 hours", 120),
        ("45 minutes", 45), ("10", 10), ("30:00", 1800),
    ],
)  # fmt: skip
def test_a_duration_is_understood(text: str, minutes: int) -> None:
    assert parse_duration(text) == minutes


@pytest.mark.parametrize("text", ["", "0", "0:00", "-30", "1h75", "long", "9999", "100:00", "h", "1:3"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(Wrong) as caught:
        parse_duration(text)
    assert caught.value.code == "bad_duration"


def test_a_bare_small_number_is_asked_about_rather_than_guessed() -> None:
    with pytest.raises(Wrong) as caught:
        parse_duration("2")
    assert caught.value.code == "hours_or_minutes"


@given(st.integers(10, LONGEST))
def test_every_duration_survives_being_written(minutes: int) -> None:
    hours, rest = divmod(minutes, 60)
    for text in (f"{hours}h{rest:02}", f"{hours}:{rest:02}", f"{minutes}", f"{minutes} min"):
        assert parse_duration(text) == minutes


@given(st.text(), st.sampled_from([parse_date, parse_time, parse_duration, parse_email]))
def test_no_text_makes_a_parser_fall_over(text: str, parse) -> None:
    try:
        parse(text)
    except Wrong as wrong:
        assert wrong.code in VALUE_SENTENCES
        assert str(VALUE_SENTENCES[wrong.code]) % wrong.params


def test_words_of_a_list_are_found_whatever_their_accents() -> None:
    choices = {"a realiser": 1, "realisee": 2}
    assert parse_choice("À Réaliser ", choices, "État") == 1
    with pytest.raises(Wrong) as caught:
        parse_choice("autre", choices, "État")
    assert caught.value.params == {"value": "autre", "column": "État", "choices": "a realiser, realisee"}


def test_an_address_is_kept_in_lower_case() -> None:
    assert parse_email("Claire.Lefevre@Example.org") == "claire.lefevre@example.org"
    with pytest.raises(Wrong):
        parse_email("claire at example")


def test_lost_letters_and_overlong_texts_are_refused() -> None:
    assert parse_text("Lefèvre", "Nom", 80) == "Lefèvre"
    for text, code in (("Lef\ufffdvre", "unreadable_letters"), ("x" * 81, "too_long")):
        with pytest.raises(Wrong) as caught:
            parse_text(text, "Nom", 80)
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mme LEFÈVRE Claire", "claire lefevre"), ("M. et Mme Denis Moreau", "MOREAU Denis"),
        ("N'Diaye Aïssatou", "Aissatou NDIAYE"), ("D’Angelo Éloïse", "Eloise D'Angelo"),
        ("Jean-Pierre Martin", "Martin Jean Pierre"), ("г-жа Иванова Анна", "анна иванова"),
        ("Dupont, Jean (M.)", "Mr Jean Dupont"), ("Œuvrard Zoë", "oeuvrard zoe"), ("Королёв Пётр", "петр королев"),
        ("Mlle Ste\u0301phanie Roux", "Stéphanie Roux"), ("LE GOFF  Anne", "Anne Le Goff"),
    ],
)  # fmt: skip
def test_names_match_whatever_civility_accents_case_and_order(one: str, other: str) -> None:
    assert fold_name(one) == fold_name(other)


def test_different_names_stay_apart() -> None:
    assert (
        len({fold_name(name) for name in ("Claire Lefèvre", "Claire Lefebvre", "Clara Lefèvre", "Claire", "M. Claire")})
        == 4
    )
    assert fold_name("M.") == "m"
    assert fold_name("...") == ""


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert fold_name(fold_name(text)) == fold_name(text)


@given(st.lists(st.text(st.characters(categories=["Lu", "Ll"]), min_size=2), min_size=1, max_size=4), st.randoms())
def test_the_order_of_words_never_matters(words: list[str], random) -> None:
    shuffled = random.sample(words, len(words))
    assert fold_name(" ".join(words)) == fold_name(" ".join(shuffled))
