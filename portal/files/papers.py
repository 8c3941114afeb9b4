"""PDF files that do not say who made them: programs write the name of their user there, phones where they were."""

from io import BytesIO
from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _l

from portal.errors import Refused
from portal.files.names import shown_name
from portal.files.pictures import bare_jpeg

if TYPE_CHECKING:
    from pypdf import PdfReader

# what is said of a paper, a page or a picture on it; what programs keep there for themselves; files within the file
TELLING = ("/Metadata", "/PieceInfo", "/EF")
MOST_OBJECTS = 20_000  # they take a second; a thousand pages have some ten thousand


def without_author(content: bytes, name: str) -> bytes:
    """Write a PDF anew, with what its pages show and nothing of who made it.

    Args:
        name: by which the person knows the file.

    Raises:
        Refused: code `files`: nothing can be taken out of it, since it is protected or damaged.
    """
    try:
        return _rewritten(content)
    except Exception as error:  # a reader may stumble over a hostile file in any way
        raise Refused(_l("“%(name)s” is protected or damaged: what it says of who made it cannot be taken out. Please "
                         "send photos of its pages instead.", name=shown_name(name)), "files") from error  # fmt: skip


def _rewritten(content: bytes) -> bytes:
    from pypdf import PdfReader, PdfWriter  # only who attaches a PDF waits for it to be loaded

    reader = PdfReader(BytesIO(content))
    if reader.is_encrypted or not len(reader.pages):
        raise ValueError
    reader.trailer.pop("/Info", None)
    _forget(reader)
    out = BytesIO()
    PdfWriter(clone_from=reader).write(out)  # of the objects those that are still named
    return out.getvalue()


def _forget(reader: "PdfReader") -> None:
    """Take out of each object what tells who made it.

    Raises:
        ValueError: there are too many of them.
    """
    from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

    waiting: list[Any] = [reader.root_object]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, IndirectObject):
            if one.idnum in seen:
                continue
            seen.add(one.idnum)
            one = one.get_object()
        if len(seen) > MOST_OBJECTS:
            raise ValueError
        if isinstance(one, DictionaryObject):
            _bare(one)
            waiting += one.values()
        elif isinstance(one, ArrayObject):
            waiting += one


def _bare(one: Any) -> None:
    for name in TELLING:
        one.pop(name, None)
    if "/ByteRange" in one:  # who signed it; the signature would not hold for another file
        one.clear()
    if "/Rect" in one and one.get("/Subtype") != "/Widget":
        one.pop("/T", None)  # who wrote a comment
    if one.get("/Filter") in ("/DCTDecode", ["/DCTDecode"]):
        one._data = bare_jpeg(one._data).content  # a photo, with what the camera wrote beside its pixels
