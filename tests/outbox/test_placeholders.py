"""The texts that an agency writes itself: braces, names, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.outbox.placeholders import (
    Name,
    escape,
    faults_of,
    fill,
    names_in,
    paragraphs,
    parse,
    sentence,
    unfilled,
)

KNOWN = {"client.name", "visit.date", "rating.link", "rating.star_links"}
BRACED = st.text(st.sampled_from("{}a.b_ \n%7*"), max_size=40) | st.text(max_size=40)


@given(BRACED)
def test_whatever_is_typed_is_read(text: str) -> None:
    pieces, faults = parse(text)
    assert bool(faults) == any(
        isinstance(piece, str) and piece in ("{", "}") for piece in parse(text.replace("{{", "").replace("}}", ""))[0]
    ) or "{{" in text or "}}" in text  # fmt: skip
    names = {piece.name for piece in pieces if isinstance(piece, Name)}
    assert names == names_in(text)
    for fault in faults_of(text, KNOWN, {"rating.star_links"}):
        assert 1 <= fault.line <= text.count("\n") + 1
        assert fault.column >= 1
    fill(text, {})
    paragraphs(text)


@given(st.text(max_size=60))
def test_what_is_escaped_is_read_as_it_was(text: str) -> None:
    assert parse(escape(text))[1] == []
    assert fill(escape(text), {}) == text
    assert not names_in(escape(text))


@given(st.lists(st.text(max_size=10) | st.sampled_from(sorted(KNOWN)).map(Name), max_size=8))
def test_what_is_written_is_what_is_filled(pieces: list[str | Name]) -> None:
    text = "".join(escape(piece) if isinstance(piece, str) else f"{{{piece.name}}}" for piece in pieces)
    values = {name: f"<{name}>{{x}}" for name in KNOWN}
    assert not unfilled(text, values)
    wanted = "".join(piece if isinstance(piece, str) else values[piece.name] for piece in pieces)
    assert fill(text, values) == wanted, "a value is never read again"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("{agency.__class__}", "unknown"), ("{config}", "unknown"), ("{client.name|upper}", "unknown"),
        ("{client.name()}", "unknown"), ("{% for x in y %}", "unknown"), ("{client name}", "unknown"),
        ("{}", "unknown"), ("Hello {client.name", "opened"), ("Hello client.name}", "closed"),
        ("{client.\nname}", "opened"), ("Rate: {rating.star_links}", "alone"),
    ],
)  # fmt: skip
def test_what_is_no_placeholder_is_refused_with_its_place(text: str, kind: str) -> None:
    faults = faults_of(f"One\n{text}", KNOWN, {"rating.star_links"})
    assert faults[0].kind == kind
    assert faults[0].line == (1 if kind == "alone" else 2)


def test_nothing_is_computed() -> None:
    for text in ("{{7*7}}", "{{agency.__class__.__mro__}}", "{{''.__class__}}"):
        assert faults_of(text, KNOWN) == []
        assert fill(text, {}) == text[1:-1], "braces written twice are braces"


def test_the_sentence_names_what_is_near(app) -> None:
    with app.test_request_context("/?lang=en"):
        said = sentence(faults_of("Hello {client.nam}", KNOWN)[0], KNOWN)
    assert "{client.nam}" in said
    assert "{client.name}" in said
    assert "1" in said
    assert "character 7" in said


def test_paragraphs_are_parted_by_blank_lines() -> None:
    assert paragraphs("\nA\nB \n \n\nC\n") == [["A", "B"], ["C"]]
