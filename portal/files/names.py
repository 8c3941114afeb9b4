"""Names of files: never those under which they are kept, only those under which they are offered."""

import re

from portal.files.models import JPEG, LONGEST_NAME, PDF, PNG
from portal.forms import clean_line

ENDINGS = {JPEG: (".jpg", ".jpeg"), PNG: (".png",), PDF: (".pdf",)}
LONGEST_SHOWN = 60  # characters of a name within a sentence
_FORBIDDEN = re.compile(r'[<>:"|?*]')  # on one system or another
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(?=$|[ .])", re.IGNORECASE)  # of Windows


def clean_name(sent: str | None) -> str:
    """What is left of the name that a file came with: no folders, no signs that nobody sees or that turn the others
    round. May be empty."""
    last = re.split(r"[/\\]", str(clean_line(sent or "")))[-1]
    return _FORBIDDEN.sub("_", str(clean_line(last))).strip(" .")


def offered_name(sent: str | None, media_type: str) -> str:
    """The name under which a file is offered: with the ending of what it is, harmless on every system, not too long."""
    name, endings = clean_name(sent), ENDINGS[media_type]
    if not name.lower().endswith(endings):
        name = _ENDING.sub("", name).strip(" .")
        name += "" if name.lower().endswith(endings) else endings[0]
    stem, dot, ending = name.rpartition(".")
    stem = stem or "file"
    stem = f"_{stem}" if _DEVICE.match(stem) else stem
    return stem[: LONGEST_NAME - len(dot + ending)] + dot + ending


def shown_name(sent: str | None) -> str:
    """The name by which a person knows the file, short enough for a sentence."""
    name = clean_name(sent) or "?"
    return name if len(name) <= LONGEST_SHOWN else f"{name[: LONGEST_SHOWN - 1]}…"
