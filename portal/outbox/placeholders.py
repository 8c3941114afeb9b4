"""The texts that an agency writes itself: words with `{names}` in braces that are filled when a message leaves.

There is no more to it: a name is looked up in the closed list of its kind of message, nothing is computed. A brace that
is to be read as one is written twice. (Why not Jinja: what stands in the database is never run.)
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from flask_babel import gettext as _

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}\n]*)\}|\{|\}|[^{}]+")
LONGEST_NAME = 60  # of what is repeated to whoever typed it


@dataclass(frozen=True)
class Name:
    """A placeholder as it was written."""

    name: str


@dataclass(frozen=True)
class Fault:
    """What is wrong in a text, and where: `unknown` name, `opened` or `closed` brace alone, or a name that is not
    `alone` in its paragraph or `missing` at all."""

    kind: str
    what: str = ""
    line: int = 0
    column: int = 0


Piece = str | Name


def parse(text: str) -> tuple[list[Piece], list[Fault]]:
    """Return the pieces of a text, and the braces that lead nowhere; these are read as they stand. Never raises."""
    pieces: list[Piece] = []
    faults: list[Fault] = []
    for found in _TOKEN.finditer(text):
        sign, name = found[0], found[1]
        if name is not None:
            pieces.append(Name(name.strip()))
        elif sign in ("{", "}"):
            faults.append(Fault("opened" if sign == "{" else "closed", sign, *_place(text, found.start())))
            pieces.append(sign)
        else:
            pieces.append(sign[0] if sign in ("{{", "}}") else sign)
    return pieces, faults


def _place(text: str, position: int) -> tuple[int, int]:
    before = text[:position]
    return before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1


def faults_of(text: str, known: Collection[str], alone: Collection[str] = ()) -> list[Fault]:
    """Return what is wrong in a text.

    Args:
        text: as somebody typed it.
        known: the names that its kind of message has.
        alone: those of them that fill a paragraph, and stand in one of their own.
    """
    found = parse(text)[1]
    for name, position in _names(text):
        if name not in known:
            found.append(Fault("unknown", name, *_place(text, position)))
    for paragraph, position in _paragraphs(text):
        inside = [name for name, _at in _names(paragraph) if name in alone]
        found += [Fault("alone", name, *_place(text, position)) for name in inside
                  if paragraph.strip().strip("{}").strip() != name]  # fmt: skip
    return sorted(found, key=lambda fault: (fault.line, fault.column))


def _names(text: str) -> Iterator[tuple[str, int]]:
    return ((found[1].strip(), found.start()) for found in _TOKEN.finditer(text) if found[1] is not None)


def _paragraphs(text: str) -> Iterator[tuple[str, int]]:
    return ((found[0], found.start()) for found in re.finditer(r"[^\n]+(?:\n[^\n]+)*", text))


def names_in(text: str) -> set[str]:
    """The names that a text is to be filled with."""
    return {name for name, _position in _names(text)}


def paragraphs(text: str) -> list[list[str]]:
    """The paragraphs of a text, each as its lines: a blank line begins a new one."""
    whole = "\n".join(line.rstrip() for line in text.splitlines())
    return [found.splitlines() for found in re.split(r"\n{2,}", whole.strip("\n")) if found.strip()]


def escape(text: str) -> str:
    """Write a text so that its braces are read as braces."""
    return text.replace("{", "{{").replace("}", "}}")


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put the values in. A name without a value stays as it was written: see `unfilled`."""
    return "".join(piece if isinstance(piece, str) else values.get(piece.name, f"{{{piece.name}}}")
                   for piece in parse(text)[0])  # fmt: skip


def unfilled(text: str, values: Mapping[str, str]) -> list[str]:
    """The names in a text for which there is no value, in order: with one of these no message leaves."""
    return [name for name, _position in _names(text) if name not in values]


def sentence(fault: Fault, known: Collection[str] = ()) -> str:
    """What is wrong, for whoever typed it."""
    what = fault.what[:LONGEST_NAME]
    place = {"line": fault.line, "column": fault.column}
    if fault.kind == "missing":
        return _("The placeholder {%(name)s} is needed: without it the message is of no use.", name=what)
    if fault.kind == "alone":
        return _("Line %(line)s: {%(name)s} needs a paragraph of its own.", line=fault.line, name=what)
    if fault.kind == "opened":
        return _(
            "Line %(line)s, character %(column)s: the brace { is not closed. For a brace as such, write {{.", **place
        )
    if fault.kind == "closed":
        return _(
            "Line %(line)s, character %(column)s: the brace } closes nothing. For a brace as such, write }}.", **place
        )
    near = get_close_matches(fault.what[:LONGEST_NAME], known, n=1)
    if near:
        return _("Line %(line)s, character %(column)s: there is no {%(name)s} here. Do you mean {%(near)s}?",
                 name=what, near=near[0], **place)  # fmt: skip
    return _("Line %(line)s, character %(column)s: there is no {%(name)s} here.", name=what, **place)
