"""French and Russian are complete: nothing missing, nothing half done, nothing that only looks translated."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ("fr", "ru")
PLURALS = {"fr": 2, "ru": 3}
# words that are the same in French, or are signs and figures only
SAME = {
    "fr": {
        "%(name)s (client)", "%(num)s client", "%(num)s minute", "Absences", "Acceptable", "Action", "Actions",
        "Administration", "Analyses", "Client", "Clients", "Code", "Configuration", "Conversation", "Conversations",
        "Date", "Format", "Incident", "Incidents", "Invitation", "Menu", "Message", "Minutes", "Nature", "Note",
        "Notes", "Notifications", "Option",
        "Orange", "Page", "Pages", "Photos", "Planning", "Questionnaire", "Situation", "Urgent", "Version",
        "Version %(number)s", "Versions",
        "possible", "rare",
    },
    "ru": set(),
}  # fmt: skip
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%|\{\w*\}")


@cache
def catalog(language: str) -> Catalog:
    with (ROOT / f"translations/{language}/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale=language)


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """The sentences of code and templates, collected as `make strings` does."""
    keywords = re.search(r"-k '([^']+)'", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert keywords
    target = tmp_path_factory.mktemp("catalogs") / "messages.pot"
    command = [
        "babel.messages.frontend",
        "-q",
        "extract",
        "-F",
        "pyproject.toml",
        "-k",
        keywords[1],
        "-o",
        str(target),
        ".",
    ]
    subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=True)
    with target.open("rb") as file:
        return read_po(file)


def ids(found: Catalog) -> set[tuple[str, ...]]:
    return {strings(message.id) for message in found if message.id}


def has_words(text: str) -> bool:
    return bool(re.search(r"[^\W\d_]", PLACEHOLDER.sub("", text)))


def strings(text: object) -> tuple[str, ...]:
    return tuple(text) if isinstance(text, tuple | list) else (str(text),)


def messages(language: str) -> list[Message]:
    return [message for message in catalog(language) if message.id]


def faults(found: list[str]) -> None:
    assert not found, "\n" + "\n".join(sorted(found))


@pytest.mark.parametrize("language", [*LANGUAGES, "en"])
def test_the_catalog_holds_every_sentence_and_no_old_one(extracted: Catalog, language: str) -> None:
    missing, old = ids(extracted) - ids(catalog(language)), ids(catalog(language)) - ids(extracted)
    faults(
        [f"missing: {text}" for text in missing]
        + [f"old: {text}" for text in old]
        + ["`make strings`"] * bool(missing | old)
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated_and_none_is_a_guess(language: str) -> None:
    found = [f"not translated: {m.id}" for m in messages(language) if not all(strings(m.string))]
    found += [f"fuzzy: {m.id}" for m in messages(language) if m.fuzzy]
    found += [
        f"{m.id} has {len(strings(m.string))} forms"
        for m in messages(language)
        if m.pluralizable and len(strings(m.string)) != PLURALS[language]
    ]
    faults(found)


@pytest.mark.parametrize("language", [*LANGUAGES, "en"])
def test_the_placeholders_are_the_same(language: str) -> None:
    found = []
    for message in messages(language):
        wanted = set(PLACEHOLDER.findall(strings(message.id)[-1]))
        for text in strings(message.string):
            there = set(PLACEHOLDER.findall(text))
            # "un résultat" may leave the figure out; nothing else may be left out or added
            if text and (there - wanted or (wanted - there) - ({"%(num)s"} if message.pluralizable else set())):
                found.append(f"{message.id}: {sorted(there)} instead of {sorted(wanted)}")
    faults(found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_differs_from_the_english(language: str) -> None:
    same = {strings(m.id)[0] for m in messages(language) if set(strings(m.id)) & set(strings(m.string))}
    same = {text for text in same if has_words(text)}
    faults(sorted(same - SAME[language]))
    assert not SAME[language] - same, "the list of exceptions is longer than it needs to be"


def test_russian_is_written_in_cyrillic() -> None:
    faults(
        [
            f"{m.id}: {text}"
            for m in messages("ru")
            for text in strings(m.string)
            if has_words(strings(m.id)[0]) and not re.search("[а-яё]", PLACEHOLDER.sub("", text), re.IGNORECASE)
        ]
    )


@pytest.mark.parametrize("language", [*LANGUAGES, "en"])
def test_a_translation_adds_no_markup(language: str) -> None:
    tag = re.compile(r"</?\w+|&\w+;|javascript:", re.IGNORECASE)
    faults([f"{m.id}: {text}" for m in messages(language) for text in strings(m.string) if tag.search(text)])


# said in another way: a name cannot be put into the right case, a question of a form is a noun
REWORDED = {
    "A comment?", "Did the client agree?", "How did the visit of %(name)s go?", "How grave could it have been?",
    "How grave was it?", "What came of it?", "What else?", "What was done at once?",
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_ends_of_sentences_agree(language: str) -> None:
    """A sentence stays a sentence, a question a question, a label a label."""
    found = []
    for message in messages(language):
        end, text = strings(message.id)[0][-1], strings(message.string)[0]
        if (
            end in ".?!…"
            and strings(message.id)[0] not in REWORDED
            and not text.endswith(end)
            and not (end == "." and text.endswith("»."))
        ):
            found.append(f"{message.id} → {text}")
    faults(found)


def test_french_signs_stay_on_the_line_of_their_word() -> None:
    """A space that may break before ; : ? ! » or after « begins a line with the sign alone."""
    loose = re.compile(r"\S [;:?!»](?=[\s.,)<]|$)|« ")
    found = [text for message in messages("fr") for text in strings(message.string) if loose.search(text)]
    faults(found)


GLOSSARY = {
    "fr": {
        "My visits": "Mes prestations",
        "List of visits": "Liste des interventions",
        "Rating": "Évaluation",
        "Leave a rating": "Laisser une évaluation",
        "Save": "Enregistrer",
        "Customer feedback": "Retour d’information des clients",
        "Worker": "Intervenant",
    },
    "ru": {"Client": "Клиент"},
}


@pytest.mark.parametrize(("language", "english"), [(lang, word) for lang, words in GLOSSARY.items() for word in words])
def test_words_that_users_know_are_these(language: str, english: str) -> None:
    found = next(message for message in messages(language) if strings(message.id)[0] == english)
    assert str(found.string).replace("'", "’") == GLOSSARY[language][english]
