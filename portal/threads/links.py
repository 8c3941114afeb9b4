"""Addresses in what people write: what of a text can be clicked. The text stays text."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

# to the next white space, quotation mark or bracket of a tag; signs that turn the direction of reading end it too
_SIGN = r"[^\s<>\"«»“”\x00-\x1f\x7f\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069]"
_ADDRESS = re.compile(rf"(?:https?://|\bwww\.){_SIGN}+", re.IGNORECASE)
_AFTER = ".,;:!?…'’*_"  # what ends a sentence, or frames an address in it
_PAIRS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True)
class Piece:
    """A part of a text; with an address when it is one."""

    text: str
    url: str | None = None


def pieces(text: str) -> list[Piece]:
    """Cut a text into what is read and what can be clicked: http and https alone, never an address that names somebody
    before its host (`https://agency.example@elsewhere.example`). Together they are the text, sign for sign."""
    found, place = [], 0
    for match in _ADDRESS.finditer(text):
        typed = _without_end(match[0])
        if url := _address(typed):
            found += [Piece(text[place : match.start()]), Piece(typed, url)]
            place = match.start() + len(typed)
    return [piece for piece in (*found, Piece(text[place:])) if piece.text]


def _without_end(typed: str) -> str:
    """Leave the signs of the sentence to the sentence: a bracket belongs to the address if it was opened in it."""
    while typed and (
        typed[-1] in _AFTER or (typed[-1] in _PAIRS and typed.count(typed[-1]) > typed.count(_PAIRS[typed[-1]]))
    ):
        typed = typed[:-1]
    return typed


def _address(typed: str) -> str | None:
    url = f"https://{typed}" if typed[:4].lower() == "www." else typed
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return None
    named = parts.scheme in ("http", "https") and "@" not in parts.netloc and "\\" not in url
    return url if named and "." in host.strip(".") else None
