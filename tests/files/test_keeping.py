"""What people attach is what it says it is, or is made so, or is refused by its name; nothing is half kept."""

import struct
import zlib
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from itertools import product
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import force_locale
from PIL import Image, ImageOps
from sqlalchemy import select
from time_machine import TimeMachineFixture
from werkzeug.datastructures import FileStorage

from portal.errors import Refused
from portal.extensions import db
from portal.files import pictures
from portal.files.actions import keep
from portal.files.models import LARGEST, MOST_A_DAY, Attachment
from portal.files.names import offered_name
from portal.files.store import store
from tests.conftest import Database
from tests.factories import Agency, picture

PAPER = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def sent(content: bytes, name: str = "photo.jpg", media_type: str = "image/jpeg") -> FileStorage:
    """A file as a browser sends it, with the type that it claims."""
    return FileStorage(BytesIO(content), name, "files", media_type)


def photo(width: int = 800, height: int = 600, **more: object) -> bytes:
    """A photo with a red corner at the top left, where it was taken, and with what."""
    drawn = Image.new("RGB", (width, height), "#1f5c47")
    drawn.paste("#ff0000", (0, 0, width // 4, height // 4))
    exif = Image.Exif()
    exif[0x010F] = "Camera of Claire"
    exif[0x0112] = more.pop("turned", 1)
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 24.0), 3: "E", 4: (2.0, 21.0, 3.0)})
    out = BytesIO()
    drawn.save(out, "JPEG", exif=exif, comment=b"in the kitchen", **more)
    return out.getvalue()


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def kept(agency: Agency, database: Database, app: Flask) -> Callable[..., Attachment]:
    """Claire attaches a file: its row."""

    def kept(*args: object) -> Attachment:
        with database.writing():
            return keep(agency.claire.user, [sent(*args)])[0]  # ty: ignore[invalid-argument-type]

    return kept


@pytest.fixture
def refused(agency: Agency, database: Database, tmp_path: Path) -> Callable[..., str]:
    """Claire attaches files and is told no; nothing is left of them."""

    def refused(*uploads: FileStorage) -> str:
        with database.writing(), force_locale("en"), pytest.raises(Refused) as refusal:
            keep(agency.claire.user, uploads)
        assert refusal.value.code == "files"
        assert (database.count(Attachment), files_in(tmp_path / "files")) == (0, [])
        return str(refusal.value.message)

    return refused


def content_of(app: Flask, name: str) -> bytes:
    with app.app_context(), store().open(name) as file:
        return file.read()


def test_a_photo_is_turned_upright_and_loses_where_it_was_taken(app: Flask, kept: Callable[..., Attachment]) -> None:
    made = kept(photo(turned=6), "IMG_0042.JPG")
    assert (made.name, made.media_type, made.width, made.height) == ("IMG_0042.JPG", "image/jpeg", 600, 800)
    content = content_of(app, made.public_id)
    assert made.size == len(content)
    assert not any(word in content for word in (b"Exif", b"Camera", b"kitchen"))
    with Image.open(BytesIO(content)) as shown:
        assert (shown.size, dict(shown.getexif())) == ((600, 800), {})
        assert shown.getpixel((590, 10))[0] > 200, "the corner is where it was seen: top right"  # ty: ignore[not-subscriptable]
    with Image.open(BytesIO(content_of(app, made.thumbnail_name))) as small:
        assert (small.format, small.size) == ("JPEG", (300, 400))


def test_a_photo_is_turned_as_whoever_took_it_held_the_camera(app: Flask, kept: Callable[..., Attachment]) -> None:
    drawn = Image.new("RGB", (90, 60), "white")
    drawn.paste("black", (0, 0, 45, 30))
    for kind, turned, order in product(("JPEG", "PNG"), range(10), "<>"):
        out, exif = BytesIO(), Image.Exif()
        exif.endian, exif[0x010F], exif[0x0112] = order, "Camera of Claire", turned
        drawn.save(out, kind, exif=exif)
        with Image.open(BytesIO(content_of(app, kept(out.getvalue()).public_id))) as shown, Image.open(out) as given:
            upright = ImageOps.exif_transpose(given)
            corners = [[value > 128 for value in one.convert("L").resize((2, 2)).tobytes()] for one in (shown, upright)]
            assert (shown.size, corners[0]) == (upright.size, corners[1]), (kind, turned, order)


def test_what_stands_beside_the_pixels_harms_nothing(kept: Callable[..., Attachment]) -> None:
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(2_000_000)))
    frames = chunk(b"acTL", struct.pack(">II", 9_000, 0)) + chunk(b"fcTL", b"?" * 26) * 9
    assert kept(picture()[:33] + text + frames + picture()[33:], "a.png").media_type == "image/png"
    exif = b"\xff\xe1\0\x16Exif\0\0MM\0*\0\0\0\x08\xff\xff??"
    assert kept(photo()[:2] + exif * 9 + b"\xff\xd0 \0\xff\0" + photo()[2:], "a.jpg").media_type == "image/jpeg"


def test_a_picture_may_be_of_any_kind_that_phones_and_scanners_make(kept: Callable[..., Attachment]) -> None:
    def made(mode: str, kind: str, size: tuple[int, int] = (900, 700), **more: object) -> tuple[str, int, int]:
        out = BytesIO()
        Image.new(mode, size, 40).save(out, kind, **more)
        row = kept(out.getvalue(), "scan")
        return row.media_type, row.width or 0, row.height or 0

    for mode in ("L", "CMYK", "RGB"):
        assert made(mode, "JPEG") == ("image/jpeg", 900, 700)
    for mode in ("1", "L", "LA", "P", "RGBA", "I;16"):
        assert made(mode, "PNG") == ("image/png", 900, 700)
    assert made("RGB", "JPEG", progressive=True) == ("image/jpeg", 900, 700)
    assert made("RGB", "JPEG", (4032, 3024)) == ("image/jpeg", 2000, 1500)
    assert made("1", "PNG", (1080, 8000)) == ("image/png", 734, 5443), "a long screenshot stays readable"
    two = BytesIO()
    Image.new("RGB", (90, 70)).save(two, "MPO", save_all=True, append_images=[Image.new("RGB", (90, 70))])
    assert kept(two.getvalue(), "deep.jpg").media_type == "image/jpeg"


def test_a_grey_scan_of_16_bits_a_pixel_keeps_its_greys(app: Flask, kept: Callable[..., Attachment]) -> None:
    for clear in (None, 300):
        out = BytesIO()
        scan = Image.frombytes("I;16", (256, 8), b"".join(bytes([128, grey]) for grey in range(256)) * 8)
        scan.save(out, "PNG", **({"transparency": clear} if clear else {}))
        with Image.open(BytesIO(content_of(app, kept(out.getvalue(), "scan.png").public_id))) as shown:
            assert [shown.convert("L").getpixel((x, 4)) for x in (0, 1, 64, 128, 255)] == [0, 1, 64, 128, 255]


@pytest.mark.parametrize(
    ("content", "name", "kept_as"),
    [
        (photo(80, 60), "facture.pdf", "facture.jpg"),
        (picture(80, 60), "photo.jpg", "photo.png"),
        (PAPER, "virus.exe", "virus.pdf"),
        (PAPER, "Devis n° 4", "Devis n° 4.pdf"),
    ],
)
def test_a_file_that_lies_about_its_type_is_kept_as_what_it_is(
    content: bytes, name: str, kept_as: str, kept: Callable[..., Attachment]
) -> None:
    assert kept(content, name, "text/html").name == kept_as


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    """A part of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


BOMB = chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)) + chunk(b"IDAT") + chunk(b"IEND")
WIDE = picture(100, 100, "JPEG").replace(struct.pack(">HH", 100, 100), struct.pack(">HH", 50_000, 50_000))
MANY_PASSES = picture(100, 100, "JPEG", progressive=True).replace(
    struct.pack(">HH", 100, 100), struct.pack(">HH", 6_000, 6_000)
)
PLAIN, PASSES = picture(100, 100, "JPEG"), picture(100, 100, "JPEG", progressive=True)
LAST_PASS = PASSES[PASSES.rindex(b"\xff\xda") : -2]
# a mark without a length: who takes FF E0, which follows, for one jumps into a comment that speaks of another picture
ANOTHER = struct.pack(">HHBHHB9xHHB", 0xFFC0, 17, 8, 6_000, 6_000, 3, 0xFFDA, 12, 3)
DECEIT = b"\xff\xfe\xff\xff" + b"x" * 65_482 + ANOTHER.ljust(51, b"x")
DECEIVING = MANY_PASSES[:2] + b"\xff\xd0" + MANY_PASSES[2:20] + DECEIT + MANY_PASSES[20:]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b"\xff\xd8\xff" + b"0" * LARGEST, "larger than 10 MB"),
        (b"\x89PNG\r\n\x1a\n" + BOMB, "too many pixels"),
        (WIDE, "too many pixels"),
        (MANY_PASSES, "too many pixels"),
        (DECEIVING, "too many pixels"),
        (PASSES[:-2] + LAST_PASS * pictures.MOST_SCANS + PASSES[-2:], "damaged"),
        (PLAIN[:2] + b"\xff\xfe\0\2" * pictures.MOST_PARTS + PLAIN[2:], "damaged"),
        (picture()[:33] + chunk(b"IDAT") * pictures.MOST_PARTS + picture()[33:], "damaged"),
        (PLAIN.replace(b"\xff\xc0", b"\xff\xc9"), "damaged"),
        (photo()[:-2000], "damaged"),
        (picture()[:-40], "damaged"),
        (b"\xff\xd8\xff\xe0 not a picture at all", "damaged"),
        (PAPER[:40], "damaged"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "neither"),
        (b"<!doctype html><script>alert(1)</script>", "neither"),
        (b"GIF89a/*" + PAPER, "neither"),
        (b"PK\x03\x04" + b"0" * 100, "neither"),
        (picture(kind="WEBP"), "neither"),
    ],
    ids=[
        "nothing", "too large", "bomb", "wide", "many passes", "deceiving", "repeated", "many parts",
        "many chunks", "arithmetic", "cut", "cut png", "no picture", "cut pdf", "svg",
        "html", "gif", "zip", "webp",
    ],
)  # fmt: skip
def test_what_is_no_photo_and_no_paper_is_refused_by_its_name(
    content: bytes, told: str, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sentence = refused(sent(photo(80, 60), "bonne.jpg"), sent(content, "C:\\temp\\Évier\u202egpj.exe"))
    assert told in sentence
    assert "“Éviergpj.exe”" in sentence


def test_a_page_behind_a_photo_is_gone_when_the_photo_is_kept(app: Flask, kept: Callable[..., Attachment]) -> None:
    made = kept(photo() + b"<script>alert(1)</script>", "both.html")
    assert made.name == "both.jpg"
    assert b"<script>" not in content_of(app, made.public_id)


def test_a_photo_of_48_million_pixels_is_never_held_as_a_whole(
    kept: Callable[..., Attachment], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = []
    resize = Image.Image.resize
    monkeypatch.setattr(Image.Image, "resize", lambda self, *a, **k: held.append(self.size) or resize(self, *a, **k))
    made = kept(picture(8064, 6048, "JPEG"), "phone.jpg")
    assert (made.width, made.height) == (2000, 1500)
    assert max(held) == (2016, 1512)
    assert (Image.MAX_IMAGE_PIXELS or 0) > pictures.MOST_PIXELS


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("../../etc/passwd", "passwd.jpg"),
        ("C:\\Users\\Claire\\photo.jpeg", "photo.jpeg"),
        ("con.jpg", "_con.jpg"),
        ("LPT1.old.jpg", "_LPT1.old.jpg"),
        ("photo.jpg.exe", "photo.jpg"),
        ("a\x00b\r\nc\u202egpj.exe\u2069", "ab cgpj.jpg"),
        ("  .jpg", "jpg.jpg"),
        ("", "file.jpg"),
        (None, "file.jpg"),
        ('a"b<c>:d|e?.jpg', "a_b_c__d_e_.jpg"),
        ("Фото кухни.jpg", "Фото кухни.jpg"),
        ("é" * 300 + ".jpg", "é" * 251 + ".jpg"),
    ],
)
def test_a_name_is_offered_without_what_harms(name: str | None, offered: str) -> None:
    assert offered_name(name, "image/jpeg") == offered


def test_nobody_sends_more_than_a_hundred_files_a_day(
    agency: Agency, database: Database, time_machine: TimeMachineFixture
) -> None:
    with database.writing():
        rows = [{"name": "a.pdf", "media_type": "application/pdf", "size": 1, "account_id": agency.claire.account_id}]
        db.session.add_all([Attachment(**row) for row in rows * (MOST_A_DAY - 1)])
    with database.writing():
        assert len(keep(agency.claire.user, [sent(PAPER)])) == 1
        with force_locale("en"), pytest.raises(Refused, match="files") as refusal:
            keep(agency.claire.user, [sent(PAPER)])
        assert "100 files within one day" in str(refusal.value.message)
        assert keep(agency.denis.user, [sent(PAPER)]), "another person still may"
    time_machine.shift(timedelta(days=1, minutes=1))
    with database.writing():
        assert keep(agency.claire.user, [sent(PAPER)])


def test_names_in_the_store_are_not_those_of_the_files(
    kept: Callable[..., Attachment], database: Database, tmp_path: Path
) -> None:
    made = kept(photo(80, 60), "Claire Lefèvre.jpg")
    assert files_in(tmp_path / "files") == sorted([made.public_id, made.thumbnail_name])
    assert len(database.one(select(Attachment.public_id))) == 22
    place = tmp_path / "files" / made.public_id[0] / made.public_id
    assert (place.stat().st_mode & 0o777, place.parent.stat().st_mode & 0o777) == (0o600, 0o700)
