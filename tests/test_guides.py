"""The user guides say what the product says: the same in three languages, with its own labels and pictures."""

import re
from functools import cache
from itertools import zip_longest
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from PIL import Image

from portal.i18n import LANGUAGES
from portal.settings.models import OPTIONS

ROOT = Path(__file__).resolve().parent.parent
GUIDES, PICTURES = ROOT / "docs/guides", ROOT / "docs/screenshots"
READERS = ("client", "worker", "staff", "administrator")
ALL = [(reader, language) for reader in READERS for language in LANGUAGES]
BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)
LINK = re.compile(r"\]\(([^)]+)\)")
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")


def guide(reader: str, language: str) -> str:
    return (GUIDES / f"{reader}.{language}.md").read_text(encoding="utf-8")


def words(text: object) -> str:
    """A label however its lines are broken, whatever blank stands in it."""
    return " ".join(str(text).split())


def labels(text: str) -> list[str]:
    return [words(label) for label in BOLD.findall(text)]


@cache
def catalog(language: str) -> Catalog:
    with (ROOT / f"translations/{language}/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale=language)


@cache
def sentences(language: str) -> dict[str, set[str]]:
    """What the product says in a language, and of which sentences of the code that is the translation."""
    found: dict[str, set[str]] = {}
    for message in catalog(language):
        if message.id:
            original = message.id[0] if isinstance(message.id, tuple) else message.id
            said = original if language == "en" else message.string
            for form in said if isinstance(said, tuple) else (said,):
                found.setdefault(words(form), set()).add(words(original))
    return found


def sections(text: str) -> list[tuple[str, str]]:
    """The level of each heading, and what stands below it."""
    parts = re.split(r"^(#+) .*\n", text, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def test_there_is_a_guide_for_each_reader_in_each_language() -> None:
    assert {path.name for path in GUIDES.iterdir()} == {f"{r}.{lang}.md" for r, lang in ALL} | {"README.md"}
    index = (GUIDES / "README.md").read_text(encoding="utf-8")
    assert {f"{r}.{lang}.md" for r, lang in ALL} <= set(LINK.findall(index))


@pytest.mark.parametrize(("reader", "language"), ALL)
def test_what_a_guide_writes_in_bold_stands_on_the_pages(reader: str, language: str) -> None:
    """Bold is for labels of the interface alone."""
    assert len(labels(guide(reader, language))) > 10
    assert [label for label in labels(guide(reader, language)) if label not in sentences(language)] == []


@pytest.mark.parametrize("language", ["fr", "ru"])
@pytest.mark.parametrize("reader", READERS)
def test_a_guide_says_the_same_in_each_language(reader: str, language: str) -> None:
    """Section by section: as many steps and lines of tables, the same pictures, the same labels."""
    for (level, english), (other_level, other) in zip_longest(
        sections(guide(reader, "en")), sections(guide(reader, language)), fillvalue=("", "")
    ):
        assert other_level == level, other
        for sign in (r"^\d\. ", r"^- ", r"^\| "):
            count = len(re.findall(sign, english, re.MULTILINE))
            assert len(re.findall(sign, other, re.MULTILINE)) == count, other
        assert [Path(path).name for _, path in PICTURE.findall(other)] == [
            Path(path).name for _, path in PICTURE.findall(english)
        ]
        meant = [sentences(language)[label] for label in labels(other)]
        assert len(meant) == len(labels(english)), other
        assert [label for label in labels(english) if not any(label in each for each in meant)] == [], other


@pytest.mark.parametrize("path", [*GUIDES.glob("*.md"), ROOT / "README.md"], ids=lambda path: path.name)
def test_links_and_pictures_are_there(path: Path) -> None:
    found = [target.split("#")[0] for target in LINK.findall(path.read_text(encoding="utf-8"))]
    local = [target for target in found if target and "://" not in target]
    assert [target for target in local if not (path.parent / target).exists()] == []


@pytest.mark.parametrize(("reader", "language"), ALL)
def test_pictures_are_of_the_language_and_described(reader: str, language: str) -> None:
    for description, path in PICTURE.findall(guide(reader, language)):
        assert path.startswith(f"../screenshots/{language}/{reader.removesuffix('istrator')}-")
        assert len(description) > 10, "whoever does not see the picture reads this"


def test_no_picture_lies_about_unused_or_is_heavy() -> None:
    texts = [*GUIDES.glob("*.md"), ROOT / "README.md"]
    used = {
        (path.parent / target).resolve()
        for path in texts
        for _, target in PICTURE.findall(path.read_text(encoding="utf-8"))
    }
    taken = set(PICTURES.rglob("*.png"))
    assert taken - used == set()
    assert max(path.stat().st_size for path in taken) <= 150_000
    for path in used:
        width = 1280 if path.name.startswith(("staff-", "admin-")) else 390
        with Image.open(path) as picture:
            assert picture.width <= width, path.name


def test_the_administrators_guide_explains_every_option_that_has_a_page() -> None:
    text = labels(guide("administrator", "en"))
    assert [key for key, known in OPTIONS.items() if known.group and words(known.label) not in text] == []
