"""Pictures drawn anew: upright, of a size that a screen can show, and without what a camera writes beside the pixels.

A photo of 48 million pixels must not cost a web process its memory: JPEG is decoded at a fraction of its size, one
picture at a time, in one thread: what each of sixteen threads has once used, the system would not get back.

A decoder is given nothing but the parts of a file that make its pixels. What a file of 10 MB holds beside them can
cost minutes to read (half a million pieces of EXIF), and can make another picture of it for whoever measures it than
for whoever decodes it.
"""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from math import sqrt
from typing import TYPE_CHECKING

from flask_babel import lazy_gettext as _l

from portal.errors import Refused
from portal.files.models import JPEG, PNG

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

LONGEST_EDGE = 2000  # of a photo as kept: a page of paper can still be read
MOST_KEPT = 4_000_000  # pixels of a PNG as kept: a long screenshot stays readable
THUMBNAIL = 400
# as they come: a JPEG that is read line by line; anything that must be held as a whole
MOST_PIXELS, MOST_PIXELS_WHOLE, LONGEST_SIDE = 80_000_000, 20_000_000, 20_000
# Each scan of a JPEG makes a decoder go over the whole picture, though it may take but 36 bytes. Cameras write one or
# three; libjpeg writes ten in colours and eighteen for print; those that search for the smallest file write fewer.
MOST_SCANS = 40
MOST_PARTS = 20_000  # of a file: a PNG of 10 MB in pieces of 512 bytes, while its writers make them of 8 kB and more

# the markers that begin a part of a JPEG, which says its length; FF 00 and FF D0 to FF D7 stand within the pixels
MARKER = re.compile(rb"\xff([\xc0-\xcf\xd8-\xfe])")
# of the frames those that browsers and phones show: no arithmetic coding, nothing lossless, nothing hierarchical
FRAMES, PROGRESSIVE, START_OF_SCAN, END_OF_JPEG, EXIF = {0xC0, 0xC1, 0xC2}, 0xC2, 0xDA, 0xD9, 0xE1
NEEDED = FRAMES | {0xC4, 0xDB, 0xDD, 0xE0, 0xEE, START_OF_SCAN, END_OF_JPEG}  # tables, and which colours are meant
LEFT_OUT = {0xDC, 0xFE, *range(0xE0, 0xF0)} - NEEDED
NEEDED_OF_PNG = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
ORIENTATION = 0x0112
TURNS = {
    2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_270", 7: "TRANSVERSE",
    8: "ROTATE_90",
}  # fmt: skip

_drawing = ThreadPoolExecutor(1, "drawing")


@dataclass(frozen=True)
class Drawn:
    """A picture as it is kept."""

    content: bytes
    thumbnail: bytes  # always JPEG
    width: int
    height: int


@dataclass(frozen=True)
class Bare:
    """A picture as it came, of which only those parts are left that make its pixels."""

    content: bytes
    orientation: int  # as in EXIF
    in_lines: bool  # whether it can be decoded line by line, without holding it as a whole


def draw(content: bytes, media_type: str, name: str) -> Drawn:
    """Draw a picture anew.

    Args:
        content: which begins as a JPEG or a PNG does.
        media_type: which of both.
        name: by which the person knows the file.

    Raises:
        Refused: it has too many pixels, or is damaged.
    """
    try:
        return _drawing.submit(_draw, content, media_type, name).result()
    except Refused:
        raise
    except Exception as error:  # a decoder may stumble over a hostile file in any way
        raise Refused(_l("“%(name)s” is damaged: it cannot be read to its end.", name=name), "files") from error


def _draw(content: bytes, media_type: str, name: str) -> Drawn:
    from PIL import Image  # only who brings a picture waits for it to be loaded

    kind, bare = ("JPEG", bare_jpeg(content)) if media_type == JPEG else ("PNG", _bare_png(content))
    try:
        with Image.open(BytesIO(bare.content), formats=(kind,)) as header:
            most = MOST_PIXELS if bare.in_lines else MOST_PIXELS_WHOLE
            if header.width * header.height > most or max(header.size) > LONGEST_SIDE:
                raise _too_many(name)  # before a single pixel is decoded
            header.verify()  # what it says of itself; it cannot be read on after that
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many(name) from error
    with Image.open(BytesIO(bare.content), formats=(kind,)) as picture:
        if media_type == JPEG:
            picture.draft("RGB", _within(picture.size, LONGEST_EDGE / max(picture.size)))
        if bare.orientation in TURNS:
            picture = picture.transpose(Image.Transpose[TURNS[bare.orientation]])
        if picture.mode in ("I", "I;16"):
            picture = _in_eight_bits(picture)
        mode = "RGBA" if media_type == PNG and picture.has_transparency_data else "RGB"
        plain = picture if picture.mode == mode else picture.convert(mode)
        edge = LONGEST_EDGE / max(plain.size) if media_type == JPEG else sqrt(MOST_KEPT / (plain.width * plain.height))
        if edge < 1:
            plain = plain.resize(_within(plain.size, edge), Image.Resampling.LANCZOS, reducing_gap=2.0)
        clean = Image.new(mode, plain.size)
        clean.paste(plain)  # the pixels alone: where and when it was taken stays behind
    kept = _written(clean, kind, **({"quality": 85} if media_type == JPEG else {"compress_level": 4}))
    return Drawn(kept, _thumbnail(clean), clean.width, clean.height)


def _in_eight_bits(picture: "Picture") -> "Picture":
    """A grey picture of 16 bits a pixel: `convert` alone makes white of whatever is not nearly black."""
    grey = picture.point(lambda value: value * (1 / 256)).convert("L")
    grey.info.pop("transparency", None)  # one of 65,536 greys: none of those that are left
    return grey


def _too_many(name: str) -> Refused:
    return Refused(_l("“%(name)s” has too many pixels. Please save it smaller and send it again.", name=name), "files")


def bare_jpeg(content: bytes) -> Bare:
    """Leave nothing of a JPEG that its pixels do not need.

    Raises:
        ValueError: it is damaged, or made to be costly.
    """
    kept, frames, scans, orientation = [content[:2]], [], [], 0
    for number, (marker, part) in enumerate(_parts_of_jpeg(content)):
        if number == MOST_PARTS or marker not in NEEDED | LEFT_OUT:
            raise ValueError
        if marker == EXIF and not orientation and part[4:10] == b"Exif\0\0":
            orientation = _orientation(part[10:])
        if marker in FRAMES:
            frames.append(part)
        if marker == START_OF_SCAN:
            scans.append(part)
        if marker in NEEDED:
            kept.append(part)
    if len(frames) != 1 or not 1 <= len(scans) <= MOST_SCANS:
        raise ValueError
    # with all colours in its first scan, and not in several passes, its first line is known first
    in_lines = frames[0][1] != PROGRESSIVE and scans[0][4] == frames[0][9]
    return Bare(b"".join(kept), orientation, in_lines)


def _parts_of_jpeg(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Each part up to the end of the picture, with its marker; the pixels of a scan belong to it. As libjpeg reads it:
    what stands between two parts and is no marker is passed over."""
    found = MARKER.search(content, 2)
    while found:
        marker, length = found[1][0], int.from_bytes(content[found.end() : found.end() + 2])
        if marker == END_OF_JPEG:
            yield marker, found[0]
            return
        end = found.end() + max(length, 2)
        after = MARKER.search(content, end)
        if marker == START_OF_SCAN:
            end = after.start() if after else len(content)
        yield marker, content[found.start() : end]
        found = after


def _bare_png(content: bytes) -> Bare:
    """Leave nothing of a PNG that its pixels do not need.

    Raises:
        ValueError: it is made to be costly.
    """
    kept, orientation, place, parts, kind = [content[:8]], 0, 8, 0, b""
    while place + 8 <= len(content) and kind != b"IEND":
        parts += 1
        if parts > MOST_PARTS:
            raise ValueError
        kind, end = content[place + 4 : place + 8], place + 12 + int.from_bytes(content[place : place + 4])
        if kind in NEEDED_OF_PNG:
            kept.append(content[place:end])
        if kind == b"eXIf" and not orientation:
            orientation = _orientation(content[place + 8 : end].removeprefix(b"Exif\0\0"))
        place = end
    return Bare(b"".join(kept), orientation, in_lines=False)


def _orientation(exif: bytes) -> int:
    """How a picture is to be turned. Nothing else of EXIF is read."""
    big = exif[:2] == b"MM"

    def number(place: int, size: int) -> int:
        return int.from_bytes(exif[place : place + size], "big" if big else "little")

    first = number(4, 4)
    entries = range(first + 2, first + 2 + 12 * number(first, 2), 12)
    return next((number(entry + 8, 2) for entry in entries if number(entry, 2) == ORIENTATION), 1)


def _within(size: tuple[int, int], scale: float) -> tuple[int, int]:
    return max(1, int(size[0] * scale)), max(1, int(size[1] * scale))


def _thumbnail(picture: "Picture") -> bytes:
    from PIL import Image

    small = picture.copy()
    small.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    if small.mode == "RGBA":
        ground = Image.new("RGB", small.size, "white")
        ground.paste(small, mask=small.getchannel("A"))
        small = ground
    return _written(small, "JPEG", quality=80)


def _written(picture: "Picture", kind: str, **options: object) -> bytes:
    out = BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()
