"""Changing options."""

import re
from zoneinfo import ZoneInfo, available_timezones

from email_validator import EmailNotValidError, validate_email
from flask import g
from flask_babel import gettext as _

from portal.audit.actions import Actor, record
from portal.errors import Refused
from portal.extensions import db
from portal.settings.models import OPTIONS, Option, OptionValue
from portal.settings.queries import option

WINDOW = re.compile(
    r"(?P<first>mon|tue|wed|thu|fri|sat|sun)(-(?P<last>mon|tue|wed|thu|fri|sat|sun))? "
    r"(?P<open>[01]\d:[0-5]\d|2[0-3]:[0-5]\d)-(?P<close>[01]\d:[0-5]\d|2[0-3]:[0-5]\d|24:00)"
)
LINE_ENDS = re.compile(r"\s*[\r\n]+\s*")  # a name stands in the headers of mails
LONGEST_NUMBER = 9  # digits


def set_option(actor: Actor | None, key: str, text: str) -> None:
    """Give an option a new value, from text as typed.

    Raises:
        Refused: there is no such option, or the text is not a value of it.
    """
    if key not in OPTIONS:
        raise Refused(_("There is no option “%(key)s”.", key=key), "unknown")
    before, value = option(key), parse(OPTIONS[key], text.strip())
    row = db.session.get(OptionValue, key) or OptionValue(key=key)
    row.value = value
    db.session.add(row)
    db.session.flush()
    g.pop("options", None)
    record("option.set", actor, ("option", 0), before={key: before}, after={key: value})


def parse(wanted: Option, text: str) -> bool | int | str:
    """Return the value that `text` stands for, of the type of the option's default."""
    if isinstance(wanted.default, bool):
        words = {
            "true": True,
            "yes": True,
            "on": True,
            "1": True,
            "false": False,
            "no": False,
            "off": False,
            "0": False,
        }
        if text.lower() not in words:
            raise Refused(_("“%(text)s” is neither yes nor no.", text=text), "value")
        return words[text.lower()]
    if isinstance(wanted.default, int):
        digits = text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER
        if not digits or not wanted.least <= int(text) <= wanted.most:
            raise Refused(
                _("“%(text)s” is not a whole number between %(least)s and %(most)s.", text=text, least=wanted.least,
                  most=wanted.most), "value")  # fmt: skip
        return int(text)
    text = text.lower() if wanted.kind in ("window", "language") else LINE_ENDS.sub(" ", text)
    if not CHECKS.get(wanted.kind, bool)(text):
        raise Refused(_("“%(text)s” is not a value of %(key)s.", text=text, key=wanted.key), "value")
    return text


def _is_address(text: str) -> bool:
    try:
        validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


def _is_window(text: str) -> bool:
    found = WINDOW.fullmatch(text)
    return text == "always" or bool(found and found["open"] < found["close"])


CHECKS = {
    "address": _is_address,
    "window": _is_window,
    "zone": lambda text: text in available_timezones() and bool(ZoneInfo(text)),
    "language": lambda text: text in ("fr", "ru", "en"),
}
