"""Papers: PDF files that typst lays out (`templates/pdf/paper.typ`) from words, dates and numbers written out here.

They are tagged for screen readers (PDF/UA-1) and carry their fonts, the same ones on every machine.
"""

import json
import logging
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Response as FlaskResponse
from flask import current_app
from flask_babel import gettext as _

from portal import clock
from portal.i18n import PARTS, exact, language
from portal.settings.queries import option

log = logging.getLogger(__name__)

Block = Mapping[str, Any]
_LEAST = "\N{WHITE VERTICAL RECTANGLE}"  # in the place of a sign that none of the fonts has
# what typst's own fonts can show, of what is written in our languages and their neighbours
_SHOWN = re.compile("[\n\u0020-\u007e\u00a0-\u0377\u0384-\u0386\u0388-\u038a\u038e-\u03a1\u03a3-\u052f\u1e00-\u1eff"
                    "\u2010-\u2027\u202f-\u2040\u2044-\u2052\u2070\u2074-\u208e\u20a0-\u20bf\u2100-\u211e\u2120\u2122"
                    "\u2150-\u2183\u2190-\u21ff\u2200-\u22ff\u25a0-\u25ff\ufb00-\ufb06]")  # fmt: skip
_SURE = re.compile("[\n\u0020-\u007e\u00a0-\u017f\u0400-\u045f\u2010-\u2022\u2026\u202f]")  # if a later font has less
_QUOTED = re.compile(r"\"(\S(?:[^\"\n]*\S)?)\"")
_QUOTES = {"fr": "«\u00a0\\1\u00a0»", "ru": "«\\1»", "en": "“\\1”"}


@dataclass(frozen=True)
class Section:
    """A part of a paper. The heading may be empty; `level` 2 stands below the one before it."""

    heading: str
    blocks: Sequence[Block]
    level: int = 1


@dataclass(frozen=True)
class Paper:
    """All that a paper says, in the language of the page."""

    title: str
    subtitle: str
    sections: Sequence[Section]
    name: str  # of the file, without its ending
    landscape: bool = False


# ---- what stands in a section ----


def facts(*rows: tuple[object, object]) -> Block:
    """Labels with their values; those without a value are left out."""
    return {"kind": "facts", "rows": [[str(label), str(value)] for label, value in rows if value not in (None, "")]}


def words(text: object) -> Block:
    return {"kind": "text", "text": str(text)}


def note(text: object) -> Block:
    """A sentence that the reader must not miss, in a frame."""
    return {"kind": "note", "text": str(text)}


def table(head: Sequence[object], rows: Sequence[Sequence[object]], widths: Sequence[int] = (),
          numeric: Sequence[int] = ()) -> Block:  # fmt: skip
    """A table.

    Args:
        widths: shares of the columns; 0 is as wide as what stands in it. All alike if none are given.
        numeric: places of the columns whose numbers stand below each other.
    """
    return {"kind": "table", "head": list(map(str, head)), "rows": [list(map(str, row)) for row in rows],
            "widths": list(widths or [1] * len(head)), "numeric": list(numeric)}  # fmt: skip


def bars(head: tuple[object, object], rows: Sequence[tuple[object, object]]) -> Block:
    """Labels with how many; each number is drawn beside itself. What is hidden is not drawn."""
    most = max([number for _label, number in rows if isinstance(number, int)], default=0) or 1
    drawn = [
        [str(label), str(number), round(100 * number / most) if isinstance(number, int) else 0]
        for label, number in rows
    ]
    return {"kind": "bars", "head": list(map(str, head)), "rows": drawn}


def heat(head: Sequence[object], rows: Sequence[tuple[object, Sequence[tuple[object, str]]]], legend: object) -> Block:
    """A matrix of counts, each cell with the name of its zone."""
    lines = [{"label": str(label), "cells": [[str(shown), zone] for shown, zone in cells]} for label, cells in rows]
    return {"kind": "heat", "head": list(map(str, head)), "rows": lines, "legend": str(legend)}


# ---- the file ----


def typeset(paper: Paper) -> bytes:
    """The paper as a PDF file."""
    code = language()
    data = {
        "title": paper.title, "subtitle": paper.subtitle, "agency": option("agency.name") or "", "language": code,
        "region": PARTS[code].partition("_")[2] or code.upper(), "landscape": paper.landscape,
        "footer": _("%(title)s – printed on %(moment)s", title=paper.title, moment=exact(clock.now())),
        "page_of": _("page {page} of {pages}"),
        "sections": [{"heading": one.heading, "level": one.level, "blocks": one.blocks} for one in paper.sections],
    }  # fmt: skip
    return _compile(_each(data, lambda text: set_right(text, code)))


def _compile(data: Any) -> bytes:
    from typst import TypstError, compile  # here: a fifth of a process's memory, for who asks for a paper

    def made(written: Any) -> bytes:
        moment = clock.now().replace(microsecond=0)
        options: dict[str, Any] = {"pdf_standards": "ua-1", "ignore_system_fonts": True, "timestamp": moment}
        return compile(_template(), sys_inputs={"data": json.dumps(written)}, **options)

    try:
        return made(data)
    except TypstError as fault:
        if "could not be displayed" not in str(fault):
            raise
        log.warning("a paper has signs that no font has", extra={"fault": str(fault)})
        return made(_each(data, lambda text: "".join(sign if _SURE.match(sign) else _LEAST for sign in text)))


def _template() -> str:
    return str(Path(current_app.root_path) / str(current_app.template_folder) / "pdf" / "paper.typ")


def _each(value: Any, change: Any) -> Any:
    """The same data with each text changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: each if key in ("kind", "language", "region") else _each(each, change)
                for key, each in value.items()}  # fmt: skip
    return [_each(each, change) for each in value] if isinstance(value, list | tuple) else value


def set_right(text: str, code: str) -> str:
    """A text as a printer of that language sets it: its quotes and apostrophes, and no line begins with a sign that
    belongs to the word before. Signs that no font has become a frame, invisible ones go."""
    text = unicodedata.normalize("NFC", text).replace("\r", "").replace("\t", " ")
    text = "".join(
        sign if _SHOWN.match(sign) else "" if unicodedata.category(sign) in ("Cc", "Cf") else _LEAST for sign in text
    )
    text = re.sub(r"(?<=\w)'(?=\w)", "’", text)
    text = _QUOTED.sub(_QUOTES[code], text)
    text = re.sub(r"(?<=\S) (?=[–—] )", "\u00a0", text)
    if code == "fr":
        text = re.sub(r" (?=[:;?!»])", "\u00a0", text).replace("« ", "«\u00a0")
    return text


def answer(paper: Paper) -> FlaskResponse:
    """The paper as a file to keep."""
    headers = {"Content-Disposition": f'attachment; filename="{paper.name}.pdf"', "Cache-Control": "no-store"}
    return FlaskResponse(typeset(paper), mimetype="application/pdf", headers=headers)
