"""Pictures drawn anew: upright, of a size that a screen can show, and without what a camera writes beside the pixels.

A photo of 48 million pixels must not cost a web process its memory: JPEG is decoded at a fraction of its size, one
picture at a time, in one thread: what each of sixteen threads has once used, the system would not get back.
"""

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
STARTS_OF_FRAME = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
START_OF_SCAN, PROGRESSIVE = 0xDA, {0xC2, 0xC6, 0xCA, 0xCE}

_drawing = ThreadPoolExecutor(1, "drawing")


@dataclass(frozen=True)
class Drawn:
    """A picture as it is kept."""

    content: bytes
    thumbnail: bytes  # always JPEG
    width: int
    height: int


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
    from PIL import Image, ImageOps  # only who brings a picture waits for it to be loaded

    kind = "JPEG" if media_type == JPEG else "PNG"
    try:
        with Image.open(BytesIO(content), formats=(kind,)) as header:
            _refuse_size(header, content, name)
            header.verify()  # what it says of itself; it cannot be read on after that
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many(name) from error
    with Image.open(BytesIO(content), formats=(kind,)) as picture:
        if media_type == JPEG:
            picture.draft("RGB", _within(picture.size, LONGEST_EDGE / max(picture.size)))
        ImageOps.exif_transpose(picture, in_place=True)
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


def _refuse_size(picture: "Picture", content: bytes, name: str) -> None:
    """Before a single pixel is decoded."""
    in_lines = picture.format != "PNG" and not _is_held_whole(content)
    most = MOST_PIXELS if in_lines else MOST_PIXELS_WHOLE
    if picture.width * picture.height > most or max(picture.size) > LONGEST_SIDE:
        raise _too_many(name)


def _too_many(name: str) -> Refused:
    return Refused(_l("“%(name)s” has too many pixels. Please save it smaller and send it again.", name=name), "files")


def _is_held_whole(content: bytes) -> bool:
    """Whether a JPEG must be held as a whole before its first line is known: its colours come in several passes."""
    place, colours = 2, 0
    while place + 10 < len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker == 0xFF:  # filling
            place += 1
            continue
        if marker in PROGRESSIVE:
            return True
        if marker in STARTS_OF_FRAME:
            colours = content[place + 9]
        if marker == START_OF_SCAN:
            return content[place + 4] < colours
        place += 2 + int.from_bytes(content[place + 2 : place + 4])
    return True


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
