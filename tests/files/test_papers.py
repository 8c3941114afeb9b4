"""A PDF that is not to tell who made it."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import Text
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from portal.errors import Refused
from portal.files.papers import without_author

WHO = "Wassim Haddad"


def telling() -> bytes:
    """A page with a photo, that names its author wherever a PDF can."""
    photo, exif = Image.new("RGB", (60, 40), "navy"), Image.Exif()
    exif[0x013B] = WHO
    drawn, jpeg = BytesIO(), BytesIO()
    photo.save(drawn, "PDF")
    photo.save(jpeg, "JPEG", exif=exif)
    made = PdfWriter(clone_from=BytesIO(drawn.getvalue()))
    images: Any = made.pages[0]["/Resources"]["/XObject"]  # ty: ignore[not-subscriptable]
    for image in images.values():
        image.get_object()._data = jpeg.getvalue()
    made.add_metadata({"/Author": WHO, "/Creator": f"{WHO}’s phone"})
    made.xmp_metadata = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'><!-- {WHO} --></x:xmpmeta>".encode()
    comment = Text(rect=(0, 0, 20, 20), text="Ici", title_bar=WHO)
    made.add_annotation(0, comment)
    made.add_attachment("brouillon.txt", f"de {WHO}".encode())
    signature = {"/Type": "/Sig", "/Name": WHO, "/ByteRange": "…"}
    signed = DictionaryObject({NameObject(key): TextStringObject(value) for key, value in signature.items()})
    made.root_object[NameObject("/Signed")] = made._add_object(signed)
    out = BytesIO()
    made.write(out)
    return out.getvalue()


def words_in(content: bytes) -> str:
    """All that a file holds, whatever is compressed in it."""
    reader, found = PdfReader(BytesIO(content)), [content]
    for table in reader.xref.values():
        for number in table:
            one: Any = reader.get_object(number)
            found += [repr(one).encode()] + ([one._data, one.get_data()] if hasattr(one, "_data") else [])
    return b" ".join(found).decode("latin-1")


def test_nothing_of_who_made_it_is_left_and_its_pages_are() -> None:
    given = telling()
    assert words_in(given).count(WHO) >= 6
    kept = without_author(given, "chute.pdf")
    assert WHO not in words_in(kept)
    page: Any = PdfReader(BytesIO(kept)).pages[0]
    assert page.images[0].image.size == (60, 40)
    assert [one.get_object()["/Contents"] for one in page["/Annots"]] == ["Ici"]


def protected() -> bytes:
    made = PdfWriter(clone_from=BytesIO(telling()))
    made.encrypt("", "le mot de passe")
    out = BytesIO()
    made.write(out)
    return out.getvalue()


@pytest.mark.parametrize("content", [protected(), telling()[:200] + b"%%EOF", b"%PDF-1.4\n%%EOF\n"])
def test_what_nothing_can_be_taken_out_of_is_refused(content: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        without_author(content, "chute.pdf")
    assert "“chute.pdf” is protected or damaged" in str(refusal.value.message)


def test_a_file_of_far_too_many_objects_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.files.papers.MOST_OBJECTS", 5)
    with pytest.raises(Refused):
        without_author(telling(), "chute.pdf")
