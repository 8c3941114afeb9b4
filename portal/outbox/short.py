"""Text messages: how long one is as the network counts it, and to which numbers one can be sent.

3GPP TS 23.038: in the alphabet of 7 bits a message holds 160 signs, in UCS-2 70; TS 23.040: of a longer one each part
gives up the room of the header that ties it to the others, and holds 153 or 67. Signs of the extension table take two
places, as do those beyond the basic plane in UCS-2; neither is cut in two.
"""

import re
from dataclasses import dataclass

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")
SINGLE, PART = {True: 160, False: 70}, {True: 153, False: 67}
# what a network writes as the same: else one typographic sign would halve the message's room
PLAIN = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "«": '"', "»": '"', "–": "-", "—": "-", "…": "...",
                       "\u00a0": " ", "\u202f": " ", "œ": "oe", "Œ": "OE"})  # fmt: skip


@dataclass(frozen=True)
class Length:
    """How long a text message is: places that it takes, parts that are paid for, and whether in 7 bits."""

    places: int
    parts: int
    is_basic: bool
    room: int  # places that are left before one more part is needed


def plain_signs(text: str) -> str:
    """A text in the signs that every phone has, as far as that changes no word; no-break blanks are blanks."""
    simpler = text.translate(PLAIN).strip()
    return simpler if is_basic(simpler) else text.strip()


def is_basic(text: str) -> bool:
    return all(sign in BASIC or sign in EXTENDED for sign in text)


def length_of(text: str) -> Length:
    """Count a text as the network does."""
    basic = is_basic(text)
    sizes = [2 if (sign in EXTENDED if basic else ord(sign) > 0xFFFF) else 1 for sign in text]
    places = sum(sizes)
    if places <= SINGLE[basic]:
        return Length(places, 1 if places else 0, basic, SINGLE[basic] - places)
    parts, used = 1, 0
    for size in sizes:
        if used + size > PART[basic]:
            parts, used = parts + 1, 0
        used += size
    return Length(places, parts, basic, PART[basic] - used)


# ---- numbers ----

# country: its code (ITU-T E.164), what stands before a number within the country, and what mobile numbers begin with
PLANS = {
    "FR": ("33", "0", "[67]"), "BE": ("32", "0", "4"), "CH": ("41", "0", "7[5-9]"), "LU": ("352", "", "6[0-9]1"),
    "MC": ("377", "", "[346]"), "RU": ("7", "8", "9"), "KZ": ("7", "8", "7"), "BY": ("375", "80", "(25|29|33|44)"),
    "GB": ("44", "0", "7[1-57-9]"), "IE": ("353", "0", "8[35-9]"), "DE": ("49", "0", "1[5-7]"),
    "AT": ("43", "0", "6[5-9]"), "ES": ("34", "", "[67]"), "PT": ("351", "", "9"), "IT": ("39", "", "3"),
    "NL": ("31", "0", "6"), "CA": ("1", "1", "[2-9]"), "US": ("1", "1", "[2-9]"),
}  # fmt: skip
OVERSEAS = {"692": "262", "693": "262", "639": "262", "690": "590", "691": "590", "694": "594", "696": "596",
            "697": "596"}  # fmt: skip
FRENCH = ("33", "262", "590", "594", "596")


def mobile_number(typed: str | None, country: str) -> str | None:
    """Return a number as `+33612345678` if a text message can be sent to it; None for anything else.

    Args:
        typed: as somebody wrote it into a file: with blanks, points, `(0)`, a leading 0 or 00 or +.
        country: of the agency, for numbers without one.
    """
    number = _international(re.sub(r"\(0\)", "", typed or ""), country)
    if number is None or not re.fullmatch(r"[1-9]\d{7,14}", number):
        return None
    for code, _trunk, mobiles in PLANS.values():
        if number.startswith(code) and re.match(mobiles, number.removeprefix(code)):
            return f"+{number}" if code != "33" or len(number) == 11 else None
    known = tuple(code for code, _trunk, _mobiles in PLANS.values())
    return f"+{number}" if number.startswith(FRENCH[1:]) or not number.startswith(known) else None


def _international(typed: str, country: str) -> str | None:
    digits = re.sub(r"[\s.,/()\u00a0\u202f-]", "", typed)
    if digits.startswith("+"):
        return digits[1:] if digits[1:].isdecimal() else None
    if not digits.isdecimal() or not digits.isascii():
        return None
    if digits.startswith("00"):
        return digits[2:]
    if country not in PLANS:
        return None
    code, trunk, _mobiles = PLANS[country]
    if trunk and not digits.startswith(trunk):
        return digits if digits.startswith(code) and country in ("RU", "KZ") and len(digits) == 11 else None
    national = digits.removeprefix(trunk)
    return f"{OVERSEAS.get(national[:3], code) if code == '33' else code}{national}"
