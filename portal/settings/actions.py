"""Changing options, and the agency's logo."""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from io import BytesIO
from zoneinfo import ZoneInfo, available_timezones

from email_validator import EmailNotValidError, validate_email
from flask import g
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from portal.audit.actions import Actor, record
from portal.errors import Refused
from portal.extensions import db
from portal.holidays import is_country
from portal.i18n import LANGUAGES, decimal
from portal.links import ascii_address
from portal.settings.contradictions import refuse_contradictions
from portal.settings.models import OPTIONS, Logo, Option, OptionValue
from portal.settings.queries import fingerprint, option, present_values

WINDOW = re.compile(
    r"(?P<first>mon|tue|wed|thu|fri|sat|sun)(-(?P<last>mon|tue|wed|thu|fri|sat|sun))? "
    r"(?P<open>[01]\d:[0-5]\d|2[0-3]:[0-5]\d)-(?P<close>[01]\d:[0-5]\d|2[0-3]:[0-5]\d|24:00)"
)
LINE_ENDS = re.compile(r"\s*[\r\n]+\s*")  # a name stands in the headers of mails
LONGEST_NUMBER = 9  # digits
LONGEST = {"text": 200, "prose": 20_000}  # characters
LARGEST_LOGO = 1024 * 1024  # bytes
MOST_PIXELS = 4_000_000  # a small file can be a picture that fills the memory
LOGO_SIZE = (480, 160)  # twice what is shown, for fine screens


class Stale(Refused):
    """Somebody else has changed the same options since the page was opened."""

    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__(_l("Somebody changed this in the meantime. Please look at both values, then save."), "stale")
        self.keys = keys


def set_option(actor: Actor | None, key: str, text: str) -> None:
    """Give an option a new value, from text as typed.

    Raises:
        Refused: there is no such option, or the text is not a value of it.
    """
    if key not in OPTIONS:
        raise Refused(_("There is no option “%(key)s”.", key=key), "unknown")
    value = parse(OPTIONS[key], text.strip())
    refuse_contradictions({key: value})
    _write(actor, key, option(key), value)


def change_options(actor: Actor, typed: Mapping[str, str], seen: Mapping[str, str]) -> list[str]:
    """Give the options of one page the values that a person typed there; return the keys of those that changed.

    What the person left as it was is left alone, whoever has changed it since.

    Args:
        actor: the person.
        typed: by key, as `set_option` takes it.
        seen: by key, the fingerprint of the value that the page showed.

    Raises:
        Refused: a text is not a value of its option.
        Contradiction: two values mean nothing together.
        Stale: an option that the person changed has got another value in the meantime.
    """
    wanted = {key: parse(OPTIONS[key], text.strip()) for key, text in typed.items()}
    now = present_values(wanted)
    touched = [key for key, value in wanted.items() if fingerprint(value) != seen[key] and value != now[key]]
    late = [key for key in touched if fingerprint(now[key]) != seen[key]]
    if late:
        raise Stale(late)
    refuse_contradictions({key: wanted[key] for key in touched})
    for key in touched:
        _write(actor, key, now[key], wanted[key])
    return touched


def mark_setup(actor: Actor | None, state: str) -> None:
    """Remember how far the first steps of a new agency are: `open`, then `finished`.

    Raises:
        StaleDataError: two people begin at the same moment.
    """
    _write(actor, "agency.setup", option("agency.setup"), state)


def _write(actor: Actor | None, key: str, before: object, value: object) -> None:
    row = db.session.get(OptionValue, key) or OptionValue(key=key)
    row.value = value
    db.session.add(row)
    try:
        db.session.flush()
    except IntegrityError as error:  # two people change an option that had its default
        raise StaleDataError(key) from error
    g.pop("options", None)
    record("option.set", actor, ("option", 0), before={key: before}, after={key: value})


def set_logo(actor: Actor, content: bytes) -> None:
    """Show a picture in place of the agency's name. What is kept is drawn anew: no hidden data, no odd format.

    Raises:
        Refused: it is too large, or no PNG or JPEG.
    """
    drawn, media_type = _drawn_anew(content)
    digest = sha256(drawn).hexdigest()[:32]
    db.session.execute(delete(Logo))
    db.session.add(Logo(content=drawn, media_type=media_type, digest=digest))
    _write(actor, "agency.logo", option("agency.logo"), digest)


def remove_logo(actor: Actor) -> None:
    """Show the agency's name again."""
    db.session.execute(delete(Logo))
    if option("agency.logo"):
        _write(actor, "agency.logo", option("agency.logo"), "")


def _drawn_anew(content: bytes) -> tuple[bytes, str]:
    from PIL import Image, ImageOps, UnidentifiedImageError  # only who brings a logo waits for it to be loaded

    if len(content) > LARGEST_LOGO:
        raise Refused(_l("This picture is larger than 1 MB. Please save it smaller."), "too-large")
    if content.lstrip()[:1] == b"<":
        raise Refused(_l("SVG pictures can hold programs, so they are not taken. Please save the logo as PNG."), "svg")
    try:
        with Image.open(BytesIO(content), formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise Refused(
                    _l("This picture has too many pixels. Please save it smaller: 1,000 wide is plenty."), "too-large"
                )
            upright = ImageOps.exif_transpose(picture)
            mode = "RGB" if picture.format == "JPEG" else "RGBA"
            plain = upright.convert(mode)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Refused(_l("This is not a PNG or JPEG picture, or it is damaged."), "format") from error
    plain.thumbnail(LOGO_SIZE, Image.Resampling.LANCZOS)
    clean = Image.new(mode, plain.size)
    clean.paste(plain)  # the pixels alone: where and when it was taken stays behind
    out = BytesIO()
    clean.save(out, "JPEG" if mode == "RGB" else "PNG", optimize=True)
    return out.getvalue(), "image/jpeg" if mode == "RGB" else "image/png"


def parse(wanted: Option, text: str) -> bool | int | str:
    """Return the value that `text` stands for, of the type of the option's default."""
    if isinstance(wanted.default, bool):
        words = dict.fromkeys(("true", "yes", "on", "1"), True) | dict.fromkeys(("false", "no", "off", "0"), False)
        if text.lower() not in words:
            raise Refused(_("“%(text)s” is neither yes nor no.", text=text), "value")
        return words[text.lower()]
    if isinstance(wanted.default, int):
        if not text:
            raise Refused(
                _("Please enter a whole number between %(least)s and %(most)s.", least=wanted.least, most=wanted.most),
                "value")  # fmt: skip
        digits = text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER
        if not digits or not wanted.least <= int(text) <= wanted.most:
            raise Refused(
                _("“%(text)s” is not a whole number between %(least)s and %(most)s.", text=text, least=wanted.least,
                  most=wanted.most), "value")  # fmt: skip
        return int(text)
    return _parse_text(wanted, text)


def _parse_text(wanted: Option, text: str) -> str:
    match wanted.kind:
        case "window" | "language":
            text = text.lower()
        case "languages":
            text = ",".join(code for code in LANGUAGES if code in re.split(r"[\s,;]+", text.lower()))
        case "country":
            text = text.upper()
        case "prose":
            text = text.replace("\r\n", "\n")
        case _:
            text = LINE_ENDS.sub(" ", text)
    if not text and wanted.default == "" and wanted.kind not in BY_THEMSELVES:
        return text
    if not (text in wanted.choices if wanted.choices else CHECKS.get(wanted.kind, bool)(text)):
        raise Refused(_not_a_value(wanted, text), "value")
    if len(text) > (most := LONGEST.get(wanted.kind, len(text))):
        raise Refused(_("Please use at most %(max)s characters.", max=decimal(most, 0)), "value")
    return _as_servers_take_it(text) if wanted.kind == "address" else text


def _not_a_value(wanted: Option, text: str) -> str:
    """A sentence that helps: what would be a value."""
    match wanted.kind:
        case "address":
            if not text.rpartition("@")[0].isascii():
                return _("“%(text)s” has accents before the @: many mail servers refuse such an address.", text=text)
            return _("“%(text)s” is not an e-mail address.", text=text)
        case "zone":
            return _("“%(text)s” is not a time zone. Please choose one from the list.", text=text)
        case "window":
            return _("Please give days, and hours of which the second is later than the first.")
        case "languages":
            return _("Please choose at least one language.")
        case "text" | "prose":
            return _("Please write something here.")
        case _:
            return _("“%(text)s” is not a value of %(key)s.", text=text, key=wanted.key)


def _is_address(text: str) -> bool:
    try:
        _as_servers_take_it(text)
    except (EmailNotValidError, ValueError):
        return False
    return True


def _as_servers_take_it(text: str) -> str:
    """An address whose domain has no accents any more: `élan.example` is `xn--lan-9la.example` on the network."""
    found = validate_email(text, check_deliverability=False, allow_smtputf8=False).ascii_email
    return ascii_address(found or text)


def _is_window(text: str) -> bool:
    found = WINDOW.fullmatch(text)
    return text == "always" or bool(found and found["open"] < found["close"])


CHECKS = {
    "address": _is_address,
    "window": _is_window,
    "zone": lambda text: text in available_timezones() and bool(ZoneInfo(text)),
    "country": lambda text: not text or is_country(text),
    "language": lambda text: text in LANGUAGES,
    "logo": lambda _text: False,
    "setup": lambda _text: False,
}
BY_THEMSELVES = ("logo", "setup")  # have deeds of their own
