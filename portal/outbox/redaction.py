"""What of a gateway's answer may be kept: it often says again what it was asked, with the key, the number and the text.

Removed is each value that is set for the gateway, wherever it stands (address, headers, body), what the message holds,
and every address of a page: a link of ours opens something. Then the answer is cut, not before: a value that the cut
has halved would not be found.
"""

import json
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, quote_plus, unquote_plus, urlsplit

if TYPE_CHECKING:
    from portal.outbox.gateway import Setting, Short

KEPT = 120  # signs
GONE = "…"
SHORTEST = 4  # what is shorter is a word of the gateway (`1`, `en`), and no secret
_LINK = re.compile(r"(?:https?|sip):\\?/\\?/[^\s\"'<>,]+")
_PLACE = re.compile(r"\{(?:to|text|from|id)\}")
_LONG_NUMBER = re.compile(r"\+?\d(?:[ .()-]{0,2}\d){7,}")


def excerpt(answer: str, setting: "Setting", short: "Short") -> str:
    """The beginning of an answer, without what it must not say."""
    said = _LINK.sub(GONE, _read(answer))
    for value in sorted(_forms({*_values_of(setting), *_of_message(short)}), key=len, reverse=True):
        said = re.sub(re.escape(value), GONE, said, flags=re.IGNORECASE)
    return " ".join(_LONG_NUMBER.sub(GONE, said).split())[:KEPT]


def _read(answer: str) -> str:
    """An answer with its signs as such: in JSON they may be written as numbers."""
    with suppress(ValueError, RecursionError):
        return json.dumps(json.loads(answer), ensure_ascii=False)
    return answer


def _of_message(short: "Short") -> Iterator[str]:
    yield from (short.to, short.to.lstrip("+"), short.name, short.text)
    yield from short.text.splitlines()


def _values_of(setting: "Setting") -> Iterator[str]:
    """Every value that somebody has set, whole and in its parts."""
    place = urlsplit(setting.url)
    found = [value for name, value in setting.headers.items() if name.lower() not in ("content-type", "accept")]
    found += [place.username or "", place.password or "", *(value for _name, value in parse_qsl(place.query))]
    found += [step for step in place.path.split("/") if any(sign.isdigit() for sign in step)]
    found += _values_in(setting.body)
    for value in found:
        if not _PLACE.search(value):
            yield value
            yield from value.split()
            yield from _as_login(value)


def _values_in(body: str) -> list[str]:
    with suppress(ValueError, RecursionError):
        return list(_leaves(json.loads(body)))
    if pairs := parse_qsl(body):
        return [value for _name, value in pairs]
    return re.findall(r"[^\s<>\"'=&;,]+", body)


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _as_login(value: str) -> Iterator[str]:
    """Name and password of a header of RFC 7617."""
    scheme, _blank, coded = value.partition(" ")
    if scheme.lower() == "basic":
        with suppress(ValueError):
            yield from b64decode(coded).decode("utf-8", "replace").split(":", 1)


def _forms(values: set[str]) -> set[str]:
    """The values as they may be written: as such, for an address, for JSON."""
    found = set()
    for value in values:
        plain = value.strip()
        for form in (plain, unquote_plus(plain), quote(plain, safe=""), quote_plus(plain), json.dumps(plain)[1:-1],
                     json.dumps(plain, ensure_ascii=False)[1:-1]):  # fmt: skip
            found.add(form)
    return {form for form in found if len(form) >= SHORTEST}
