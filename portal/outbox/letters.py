"""What a kind of message can be filled with, and the message that is made of an agency's own text.

The shipped text is the one of the templates. To be changed, it is written with placeholders: the template is filled
with a made-up sample, and each of its values found in the result gives way to its name.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from flask import current_app
from flask_babel import lazy_gettext as _l

from portal.outbox import placeholders
from portal.settings.queries import option

if TYPE_CHECKING:
    from portal.accounts.models import User
    from portal.outbox.models import MessageKind

_GAPS = re.compile(r"\n(?:[ \t]*\n){2,}")  # what template tags leave behind
FOOT = "\n\n--\n"  # why one gets the message, and how to get no more: it is not the agency's to leave out
CHANNELS = ("mail", "sms")


@dataclass(frozen=True)
class Placeholder:
    """A name that a text may hold.

    Attributes:
        name: as it is written between braces.
        meaning: what stands in its place, in the users' words.
        read: its value, from what the templates of the kind read; nothing is an empty text.
        label: of a link: what its button says.
        part: of what fills a paragraph: its template below `templates/mails/`, a `.txt` and a `.html`.
        required: whether a text without it is of no use.
        short: whether text messages may hold it as well.
    """

    name: str
    meaning: object
    read: Callable[[dict], object] = lambda _context: ""
    label: object = ""
    part: str = ""
    required: bool = False
    short: bool = True

    @property
    def is_alone(self) -> bool:
        """Whether it fills a paragraph, and stands in one of its own."""
        return bool(self.part) or self.name == BLOCK


BLOCK = "message.text"
SUBJECT = "message.subject"
AGENCY = (
    Placeholder("agency.name", _l("the name of the agency"), lambda c: c["agency"]["name"]),
    Placeholder("agency.phone", _l("the telephone of the agency"), lambda _c: option("agency.phone")),
)


@dataclass(frozen=True)
class Letter:
    """What the texts of a kind of message can be made of.

    Attributes:
        placeholders: its closed list.
        sample: what the templates read, made up; each value that a placeholder stands for is found nowhere else.
        in_subject: what of the sample is otherwise in the subject.
        of_visit: what the templates read about a visit that the person may see: the newest, or the one of this number.
        find: the newest visits of clients named so that the person may see: number, and what it is called.
        short: the shipped text message, with placeholders; without one there is none of this kind.
    """

    placeholders: tuple[Placeholder, ...]
    sample: Callable[[], dict] = dict
    in_subject: Mapping[str, Any] = field(default_factory=dict)
    of_visit: "Callable[[User, int | None], dict | None] | None" = None
    find: "Callable[[User, str], list[tuple[int, str]]] | None" = None
    short: object = ""

    @property
    def channels(self) -> tuple[str, ...]:
        return CHANNELS if self.short else CHANNELS[:1]

    def known(self, channel: str) -> dict[str, Placeholder]:
        """The placeholders of a channel, by name."""
        found = {known.name: known for known in (*self.placeholders, *AGENCY)}
        return {name: known for name, known in found.items() if channel == "mail" or known.short}


# a kind whose mail is made of what there is to tell: the agency may write before and after it
AROUND = Letter((
    Placeholder(BLOCK, _l("what the portal writes in each case; your own words stand before or after it"),
                required=True, short=False),
    Placeholder(SUBJECT, _l("the subject that the portal writes in each case"), short=False),
))  # fmt: skip


def letter_of(kind: "MessageKind") -> Letter:
    return kind.letter or AROUND


class Unfilled(Exception):
    """A text names something that its kind of message does not have (any more): it must not leave so."""


@dataclass(frozen=True)
class Draft:
    """A text of an agency: of a mail or, without a subject, of a text message."""

    subject: str
    body: str


class Shipped:
    """A message as the templates write it, in the present language."""

    def __init__(self, template: str, context: dict) -> None:
        self.template, self.context = template, context

    def _block(self, name: str) -> str:
        text = current_app.jinja_env.get_template(f"mails/{self.template}.txt")
        return "".join(text.blocks[name](text.new_context(self.context)))

    @cached_property
    def subject(self) -> str:
        return " ".join(self._block("subject").split())

    @cached_property
    def whole(self) -> str:
        """The plain text with its foot."""
        return tidy(self._block("body"))

    @property
    def text(self) -> str:
        return self.whole.partition(FOOT)[0]

    @property
    def foot(self) -> str:
        return self.whole.partition(FOOT)[2]

    @property
    def html(self) -> str:
        return current_app.jinja_env.get_template(f"mails/{self.template}.html").render(self.context)


def tidy(text: str) -> str:
    return _GAPS.sub("\n\n", text).strip()


def values_of(letter: Letter, shipped: Shipped, channel: str = "mail") -> dict[str, str]:
    """What stands for each placeholder in plain text, in the present language."""
    found = {}
    for name, known in letter.known(channel).items():
        if name == BLOCK:
            found[name] = shipped.text
        elif name == SUBJECT:
            found[name] = shipped.subject
        elif known.part:
            part = current_app.jinja_env.get_template(f"mails/{known.part}.txt")
            found[name] = tidy(part.render(shipped.context))
        elif (value := known.read(shipped.context)) is not None:
            found[name] = str(value)
    return found


def shipped_draft(letter: Letter, template: str, channel: str) -> Draft:
    """The shipped text with placeholders, in the present language: where the agency begins."""
    if channel == "sms":
        return Draft("", str(letter.short))
    if letter is AROUND:
        return Draft(f"{{{SUBJECT}}}", f"{{{BLOCK}}}")
    sample = {"agency": {"name": "Au Fil du Jour"}, **letter.sample()}
    whole = Shipped(template, sample)
    return Draft(_named(letter, Shipped(template, sample | dict(letter.in_subject)).subject, whole),
                 _named(letter, whole.text, whole))  # fmt: skip


def _named(letter: Letter, text: str, sample: Shipped) -> str:
    """A text in which each value of the sample has given way to its name; the longest first, which hold others."""
    values = {name: value for name, value in values_of(letter, sample).items() if value}
    names = {placeholders.escape(value): name for name, value in values.items()}
    if not names:
        return placeholders.escape(text)
    wanted = "|".join(re.escape(value) for value in sorted(names, key=len, reverse=True))
    return re.sub(wanted, lambda found: f"{{{names[found[0]]}}}", placeholders.escape(text))


@dataclass(frozen=True)
class Part:
    """A piece of a line of a mail: words, or a link."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of a mail as HTML: its lines, a button, or what a template (`part`; `message`: the kind's own) fills
    it with."""

    lines: tuple[tuple[Part, ...], ...] = ()
    button: Part | None = None
    part: str = ""


def written(draft: Draft, letter: Letter, values: Mapping[str, str]) -> list[Paragraph]:
    """The paragraphs of a mail that is made of an agency's own text. What is left empty by its values is left out."""
    known, found = letter.known("mail"), []
    for lines in placeholders.paragraphs(draft.body):
        only = placeholders.parse(lines[0].strip())[0] if len(lines) == 1 else []
        alone = known.get(getattr(only[0], "name", "")) if len(only) == 1 else None
        if alone and alone.is_alone:
            found.append(Paragraph(part=alone.part or "message"))
        elif alone and alone.label:
            found.append(Paragraph(button=Part(str(alone.label), values[alone.name])))
        elif filled := tuple(filter(None, (_line(line, known, values) for line in lines))):
            found.append(Paragraph(filled))
    return found


def _line(line: str, known: Mapping[str, Placeholder], values: Mapping[str, str]) -> tuple[Part, ...]:
    if not placeholders.fill(line, values).strip():
        return ()
    links = {name for name, one in known.items() if one.label}
    return tuple(Part(piece) if isinstance(piece, str)
                 else Part(values[piece.name], values[piece.name] if piece.name in links else "")
                 for piece in placeholders.parse(line)[0])  # fmt: skip


def plain(draft: Draft, values: Mapping[str, str]) -> str:
    """The same as plain text."""
    found = []
    for lines in placeholders.paragraphs(draft.body):
        filled = [text for line in lines if (text := placeholders.fill(line, values)).strip()]
        found += ["\n".join(filled)] if filled else []
    return "\n\n".join(found)
