"""The index of words by which people are found: by name, address or telephone, in either script.

Words are kept folded (`SearchToken`), and whatever is typed is held against their beginnings. A name in Cyrillic is
found by what it sounds like in Latin letters and the other way round: "Joukov" and "Zhukov" find «Жуков», «Жуков»
finds them. Whoever makes or renames a record calls `index_person`.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, insert, select

from portal.extensions import db
from portal.folding import fold, fold_name
from portal.people.models import Anybody, Client, Relative, SearchToken, Staff, Worker

KINDS: tuple[type[Anybody], ...] = (Client, Relative, Worker, Staff)
FACTS = ("id", "first_name", "last_name", "email", "phone", "mobile")
BATCH = 500
# sounds of Cyrillic letters, as French and English write them once `_SPELLINGS` has made one of them
_SOUNDS = str.maketrans({
    "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "є": "e", "ж": "j", "з": "z", "и": "i",
    "і": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u",
    "ф": "f", "х": "h", "ц": "ts", "ч": "ch", "ш": "ch", "щ": "chch", "ъ": "", "ы": "i", "ь": "", "э": "e",
    "ю": "iu", "я": "ia",
})  # fmt: skip
_SPELLINGS = (
    ("tch", "ch"), ("sh", "ch"), ("kh", "h"), ("zh", "j"), ("ou", "u"), ("tz", "ts"), ("x", "ks"), ("w", "v"),
    ("y", "i"), ("ii", "i"),
)  # fmt: skip
CYRILLIC = re.compile("[\u0400-\u04ff]")
# before the sound of a word, so that it is only held against words of the other script
FROM_CYRILLIC, FROM_LATIN = "~", "="
_LAST = "\U0010ffff"  # sorts behind every sign that is ever typed
_ENDINGS = (4, 6, 8)  # digits of a number that people remember from its end


def sound(word: str) -> str:
    """Write a folded word as it is heard, in Latin letters."""
    heard = word.translate(_SOUNDS)
    for spelt, said in _SPELLINGS:
        heard = heard.replace(spelt, said)
    return heard


def words_of(first_name: str, last_name: str, email: str | None, *numbers: str | None) -> set[str]:
    """Return all words by which somebody is found. There is always one, so that a record without any can be told."""
    name = f"{first_name} {last_name}"
    # "D'Angelo" is found by dangelo and by angelo
    named = {*fold_name(name).split(), *fold(name).split()}
    words = named | {_heard(word) for word in named}
    if email:
        words |= {email.casefold(), *fold(email.partition("@")[0]).split()}
    for number in filter(None, numbers):
        words |= _numbers(number)
    return words or {""}


def _heard(word: str) -> str:
    return (FROM_CYRILLIC if CYRILLIC.search(word) else FROM_LATIN) + sound(word)


def digits_of(text: str) -> str:
    """The digits of a number: +33 (0)6 and 0033 6 are both 336."""
    return re.sub("[^0-9]", "", text.replace("(0)", "")).removeprefix("00")


def _numbers(number: str) -> set[str]:
    """A number as it is written here and from abroad, and its endings."""
    digits = digits_of(number)
    spelt = {digits}
    if len(digits) == 11 and digits.startswith("33"):
        spelt.add("0" + digits[2:])
    if len(digits) == 10 and digits.startswith("0"):
        spelt.add("33" + digits[1:])
    if len(digits) == 11 and digits[0] in "78":
        spelt |= {"7" + digits[1:], "8" + digits[1:]}
    return (spelt | {digits[-length:] for length in _ENDINGS}) - {""}


# ---- asking it ----


def begins(index: type[SearchToken], beginning: str) -> ColumnElement[bool]:
    """A word of the index begins so."""
    return and_(index.token >= beginning, index.token < beginning + _LAST)


def sounds_so(index: type[SearchToken], word: str) -> ColumnElement[bool]:
    """A word of a name in the other script begins as a folded word sounds."""
    return begins(index, (FROM_LATIN if CYRILLIC.search(word) else FROM_CYRILLIC) + sound(word))


# ---- keeping the index ----


def index_person(person: Anybody) -> None:
    """Keep the words by which a record is found, in the transaction of the deed that made or changed it."""
    db.session.flush()
    index_people(type(person), [person])


def index_people(kind: type[Anybody], people: Sequence[Any]) -> None:
    """The same for many at once: records, or rows with the columns of `FACTS`."""
    name = kind.__tablename__
    for start in range(0, len(people), BATCH):
        some = people[start : start + BATCH]
        known = SearchToken.person_type == name, SearchToken.person_id.in_([one.id for one in some])
        db.session.execute(delete(SearchToken).where(*known), execution_options={"synchronize_session": False})
        db.session.execute(insert(SearchToken), list(tokens_of(name, some)))


def tokens_of(person_type: str, people: Iterable[Any]) -> Iterable[dict[str, object]]:
    """Yield the rows of the index for some people."""
    for one in people:
        for word in sorted(words_of(one.first_name, one.last_name, one.email, one.phone, one.mobile)):
            yield {"token": word, "person_type": person_type, "person_id": one.id}


def reindex() -> int:
    """Write the whole index anew; return how many people are in it."""
    db.session.flush()
    db.session.execute(delete(SearchToken), execution_options={"synchronize_session": False})
    number = 0
    for kind in KINDS:
        people = db.session.execute(select(*(getattr(kind, fact) for fact in FACTS))).all()
        index_people(kind, people)
        number += len(people)
    return number


def not_indexed() -> int:
    """How many records nobody can find."""
    found = 0
    for kind in KINDS:
        here = SearchToken.person_type == kind.__tablename__, SearchToken.person_id == kind.id
        found += db.session.scalar(select(func.count()).select_from(kind).where(~exists().where(*here))) or 0
    return found
