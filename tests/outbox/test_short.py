"""How long a text message is, and to which numbers one goes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.outbox.short import BASIC, EXTENDED, is_basic, length_of, mobile_number, plain_signs


@pytest.mark.parametrize(
    ("text", "places", "parts", "basic"),
    [
        ("", 0, 0, True),
        ("a", 1, 1, True),
        ("a" * 160, 160, 1, True),
        ("a" * 161, 161, 2, True),
        ("a" * 306, 306, 2, True),
        ("a" * 307, 307, 3, True),
        ("a" * 459, 459, 3, True),
        ("a" * 460, 460, 4, True),
        ("€" * 80, 160, 1, True),
        ("€" * 81, 162, 2, True),
        ("{}[]~^|\\", 16, 1, True),
        ("éèàùçÇ", 6, 1, False),
        ("éèàùÇ", 5, 1, True),
        ("ê", 1, 1, False),
        ("я" * 70, 70, 1, False),
        ("я" * 71, 71, 2, False),
        ("я" * 134, 134, 2, False),
        ("я" * 135, 135, 3, False),
        ("😀" * 35, 70, 1, False),
        ("😀" * 36, 72, 2, False),
        ("a" * 152 + "€" + "b" * 152, 306, 3, True),  # the euro is not cut in two
        ("я" * 66 + "😀" + "я" * 66, 134, 3, False),
        ("a" * 159 + "’", 160, 3, False),
    ],
)
def test_a_message_is_counted_as_the_network_counts(text: str, places: int, parts: int, basic: bool) -> None:
    length = length_of(text)
    assert (length.places, length.parts, length.is_basic) == (places, parts, basic)


@given(st.text(st.sampled_from(sorted(BASIC | EXTENDED)), max_size=700) | st.text(max_size=300))
def test_counting_holds_its_bounds(text: str) -> None:
    length = length_of(text)
    single, part = (160, 153) if is_basic(text) else (70, 67)
    assert length.room >= 0
    assert (length.parts == 1) == (0 < length.places <= single)
    if length.parts > 1:
        assert math.ceil(length.places / part) <= length.parts <= math.ceil(length.places / (part - 1))
    assert length_of(text + "a").parts >= length.parts


@given(st.text(max_size=200))
def test_plain_signs_never_make_a_message_longer(text: str) -> None:
    assert length_of(plain_signs(text)).parts <= length_of(text).parts


def test_typography_does_not_halve_the_room() -> None:
    assert plain_signs("Comment s’est passée l’intervention\u00a0?") == "Comment s'est passée l'intervention ?"
    assert plain_signs("Как прошёл «визит»?") == "Как прошёл «визит»?", "nothing is won"


@pytest.mark.parametrize(
    ("typed", "country", "number"),
    [
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("07.12.34.56.78", "FR", "+33712345678"),
        ("+33 (0)6 12 34 56 78", "FR", "+33612345678"),
        ("0033612345678", "RU", "+33612345678"),
        ("01 23 45 67 89", "FR", None),
        ("0692 12 34 56", "FR", "+262692123456"),
        ("+33 1 23 45 67 89", "FR", None),
        ("06 12 34 56", "FR", None),
        ("06 12 34 56 78 9", "FR", None),
        ("8 (912) 345-67-89", "RU", "+79123456789"),
        ("+7 912 345 67 89", "FR", "+79123456789"),
        ("79123456789", "RU", "+79123456789"),
        ("8 495 123 45 67", "RU", None),
        ("0470 12 34 56", "BE", "+32470123456"),
        ("079 123 45 67", "CH", "+41791234567"),
        ("07400 123456", "GB", "+447400123456"),
        ("07600 123456", "GB", None),
        ("+972 50 123 4567", "FR", "+972501234567"),
        ("0612345678", "ZZ", None),
        ("", "FR", None),
        (None, "FR", None),
        ("+", "FR", None),
        ("06 12 34 56 7a", "FR", None),
        ("٠٦١٢٣٤٥٦٧٨", "FR", None),
        ("+33612345678 +33612345679", "FR", None),
        ("0000000000000000000", "FR", None),
    ],
)
def test_only_mobile_numbers_are_numbers(typed: str | None, country: str, number: str | None) -> None:
    assert mobile_number(typed, country) == number


@given(st.text(max_size=30), st.sampled_from(["FR", "RU", "GB", "XX"]))
def test_whatever_is_in_a_file_is_read(typed: str, country: str) -> None:
    number = mobile_number(typed, country)
    assert number is None or (number[0] == "+" and number[1:].isascii() and number[1:].isdecimal())
    if number:
        assert mobile_number(number, country) == number
