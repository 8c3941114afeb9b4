"""The pages of the configuration as forms: for each option the control that fits it, and its value in words."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import cache
from typing import Any, ClassVar, cast
from zoneinfo import available_timezones

from babel import Locale
from babel.dates import get_day_names
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf.file import FileField
from werkzeug.datastructures import FileStorage, MultiDict
from wtforms import Field
from wtforms.validators import ValidationError

from portal.errors import Refused
from portal.folding import fold
from portal.forms import PortalForm, clean_text
from portal.i18n import LANGUAGES, PARTS, duration, language
from portal.settings.actions import LARGEST_LOGO, LONGEST, WINDOW, Stale, parse
from portal.settings.contradictions import Contradiction, refuse_contradictions
from portal.settings.models import OPTIONS, Option
from portal.settings.queries import as_text, fingerprint, option, present_values

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
UNITS = {"1440": _l("days"), "60": _l("hours"), "1": _l("minutes")}  # minutes in each
MIDNIGHT = "24:00"


def in_words(known: Option, value: Any) -> str:
    """A value as people say it: `24 h`, `Monday to Saturday, 9:00–19:00`."""
    match known.control:
        case "switch":
            return _("Yes") if value else _("No")
        case "duration":
            return ngettext("%(num)s day", "%(num)s days", value // 1440) if _is_days(value) else duration(value)
        case "number":
            return _number_in_words(known.unit, value)
        case "window":
            return _window_in_words(value)
        case "language" | "languages":
            return ", ".join(LANGUAGES.get(code, code) for code in value.split(","))
        case "country":
            return dict(countries()).get(value, value)
        case "choice":
            return str(known.choices.get(value, value))
        case "logo":
            return _("a picture") if value else _("no picture")
        case _:
            return value or _("nothing")


def _is_days(minutes: int) -> bool:
    return minutes > 1440 and minutes % 1440 == 0  # a day is said as 24 h


def _number_in_words(unit: str, value: int) -> str:
    match unit:
        case "days":
            return ngettext("%(num)s day", "%(num)s days", value)
        case "stars":
            return ngettext("%(num)s star", "%(num)s stars", value)
        case "percent":
            return _("%(number)s in a hundred", number=value)
        case _:
            return str(value)


def _window_in_words(value: str) -> str:
    parts = split_window(value)
    if parts["mode"] != "hours":
        return _("At any time")
    names = dict(day_names())
    hours = f"{parts['open'].removeprefix('0')}–{parts['close'].removeprefix('0')}"
    if parts["first"] == parts["last"]:
        return _("%(day)s, %(hours)s", day=names[parts["first"]], hours=hours)
    return _("%(first)s to %(last)s, %(hours)s", first=names[parts["first"]], last=names[parts["last"]], hours=hours)


def split_window(text: str) -> dict[str, str]:
    found = WINDOW.fullmatch(text)
    if not found:
        return {"mode": "always", "first": "mon", "last": "sat", "open": "09:00", "close": "19:00"}
    return {"mode": "hours", **found.groupdict(), "last": found["last"] or found["first"]}


def day_names() -> list[tuple[str, str]]:
    names = get_day_names("wide", locale=PARTS[language()])
    return [(code, names[number]) for number, code in enumerate(DAYS)]


def countries() -> list[tuple[str, str]]:
    """Countries whose public holidays are known, by name; none at all comes first."""
    names = Locale.parse(PARTS[language()]).territories
    from holidays import list_supported_countries  # here: the calendars of the world are memory

    known = [(code, names[code]) for code in list_supported_countries(include_aliases=False) if code in names]
    return [("", _("None: no public holidays")), *sorted(known, key=lambda pair: fold(pair[1]))]


@cache
def zones() -> list[str]:
    """Time zones by the name of a city; old names and those of no place are left out."""
    return sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix/")))


class OptionField(Field):
    """One option. `data` is the text that `flask settings set` would take, however many controls it is typed in.

    Attributes:
        seen: fingerprint of the value that the page showed.
        typed: what stands in the controls, by the end of their name.
        put_back: whether the default was just filled in.
        rival: what somebody else has chosen since the page was opened, in words.
    """

    known: Option
    put_back = False
    rival = ""

    def __init__(self, known: Option, **options: Any) -> None:
        super().__init__(known.label or known.help, id=known.key.replace(".", "-"), **options)
        self.known = known

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:  # noqa: ARG002
        value = option(self.known.key)
        self.seen, self.data = fingerprint(value), as_text(value)
        if formdata and f"{self.name}.seen" in formdata:
            self.seen = formdata[f"{self.name}.seen"]
            self.data = self._join(formdata)
        self.typed = self._split(self.data)
        if formdata and self.known.control == "duration" and f"{self.name}.seen" in formdata:
            self.typed = {"": formdata.get(self.name, ""), "unit": formdata.get(f"{self.name}.unit", "1")}

    def _join(self, formdata: Mapping[str, str]) -> str:
        typed = cast("str", clean_text(formdata.get(self.name, "")))
        part = {
            end: formdata.get(f"{self.name}.{end}", "") for end in ("unit", "mode", "first", "last", "open", "close")
        }
        match self.known.control:
            case "duration" if typed.isascii() and typed.isdigit() and part["unit"] in UNITS:
                return str(int(typed[:9]) * int(part["unit"]))
            case "window" if part["mode"] == "hours":
                close = MIDNIGHT if part["close"] == "00:00" else part["close"]
                return f"{part['first']}-{part['last']} {part['open']}-{close}"
            case "window":
                return part["mode"]
            case "languages":
                return ",".join(code for code in LANGUAGES if formdata.get(f"{self.name}.{code}"))
            case _:
                return typed

    def _split(self, text: str) -> dict[str, str]:
        match self.known.control:
            case "duration" if text.isascii() and text.isdigit():
                unit = next(
                    unit for unit in UNITS if (int(text) % int(unit) == 0 and int(text) >= int(unit)) or unit == "1"
                )
                unit = "60" if text == "1440" else unit
                return {"": str(int(text) // int(unit)), "unit": unit}
            case "window":
                parts = split_window(text)
                return {**parts, "close": "00:00" if parts["close"] == MIDNIGHT else parts["close"]}
            case _:
                return {"": text}

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002
        try:
            parse(self.known, self.data)
        except Refused as refusal:
            raise ValidationError(str(refusal.message)) from refusal

    def fill_in_default(self) -> None:
        self.data, self.put_back = as_text(self.known.default), True
        self.typed = self._split(self.data)

    def admit_rival(self, value: object) -> None:
        """Say what somebody else has chosen meanwhile; who saves once more means it."""
        self.seen, self.rival = fingerprint(value), in_words(self.known, value)

    @property
    def default_in_words(self) -> str:
        return in_words(self.known, self.known.default)

    @property
    def is_modified(self) -> bool:
        return bool(option(self.known.key) != self.known.default)

    @property
    def longest(self) -> int:
        return LONGEST.get(self.known.kind, 200)


class OptionsForm(PortalForm):
    """Some options at once; made by `form_of`."""

    option_keys: ClassVar[tuple[str, ...]] = ()

    @property
    def controls(self) -> list[OptionField]:
        return [cast("OptionField", self[key]) for key in self.option_keys]

    @property
    def typed(self) -> dict[str, str]:
        return {field.known.key: field.data for field in self.controls}

    @property
    def seen(self) -> dict[str, str]:
        return {field.known.key: field.seen for field in self.controls}

    def validate(self, extra_validators: Any = None) -> bool:
        valid = super().validate(extra_validators)
        if not valid:
            return False
        try:
            refuse_contradictions({field.known.key: parse(field.known, field.data) for field in self.controls})
        except Contradiction as refusal:
            self._say(refusal)
            return False
        return True

    def _say(self, refusal: Contradiction) -> None:
        """Say it at the option that the person has changed."""
        fields = [self[key] for key in refusal.keys if key in self.option_keys]
        changed = [field for field in fields if fingerprint(parse(field.known, field.data)) != field.seen]
        (changed or fields)[0].errors = [str(refusal.message)]

    def look_again(self, default_of: str | None) -> None:
        """Show what was typed before it is saved, with one default filled in where that was asked for."""
        for field in self.controls:
            field.errors = ()
            if field.known.key == default_of:
                field.fill_in_default()

    def show_rivals(self, late: Stale | Contradiction) -> None:
        """Show both values of each option that somebody else has changed, and what they contradict."""
        if isinstance(late, Contradiction):
            self._say(late)
        now = present_values(late.keys)
        for field in self.controls:
            if field.known.key in now and fingerprint(now[field.known.key]) != field.seen:
                field.admit_rival(now[field.known.key])


def form_of(keys: Sequence[str], formdata: MultiDict | None = None) -> OptionsForm:
    """Return the form that sets these options.

    Args:
        keys: of options, in the order of the page.
        formdata: what was typed, where it is not the body of the present request.
    """
    fields: dict[str, Any] = {key: OptionField(OPTIONS[key]) for key in keys}
    made = type("SomeOptionsForm", (OptionsForm,), {**fields, "option_keys": tuple(keys)})
    return made(formdata) if formdata is not None else made()


# what templates/settings/_option.html reads besides a form
CONTROLS: dict[str, object] = {
    "all_languages": list(LANGUAGES.items()),
    "countries": countries,
    "zones": zones,
    "units": UNITS,
    "number_units": {"days": _l("days"), "stars": _l("stars"), "percent": _l("in a hundred")},
    "day_names": day_names,
}


class LogoForm(PortalForm):
    logo = FileField(_l("Picture (PNG or JPEG)"))

    def content(self) -> bytes:
        """What was sent, up to a little more than is allowed."""
        sent = cast("FileStorage | None", self.logo.data)
        if sent is None:
            return b""
        with closing(sent):
            return sent.stream.read(LARGEST_LOGO + 1)

    def validate_logo(self, field: FileField) -> None:
        if not field.data:
            raise ValidationError(_("Please choose a picture."))
