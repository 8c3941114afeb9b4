"""Words and names made comparable: without accents, case, civility or the order in which they were typed."""

import re
import unicodedata
from functools import lru_cache

CIVILITIES = (
    *("m", "mr", "mm", "monsieur", "mme", "mmes", "madame", "mlle", "mademoiselle", "dr", "docteur", "pr", "me"),
    *("mrs", "ms", "miss", "mx", "doctor", "professor"),
    *("гн", "господин", "гжа", "госпожа", "др", "доктор"),
)
_HYPHENED = re.compile(r"\b(г|д)-(н|жа|р)\b")  # г-н, г-жа, д-р
_COUPLE = re.compile(r"^\W*(?:m|mr|monsieur)\W+(?:et|and|&)\W+(?:mme|mrs|madame)\b")
_APOSTROPHES = re.compile(r"['’‘ʼ`´′]")
_GAPS = re.compile(r"[\W_]+")
# letters that Unicode does not take apart into a letter and an accent
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})


def fold(text: str) -> str:
    """Return the text in lower case, without accents, with single spaces: " Heure  de DÉBUT" → "heure de debut"."""
    return _GAPS.sub(" ", without_accents(text)).strip()


@lru_cache(maxsize=16_384)
def fold_name(name: str) -> str:
    """Return the key under which a person's name is matched.

    "Mme LEFÈVRE Claire", "Claire Lefevre" and "lefèvre claire" share one key; apostrophes join ("N'Diaye" is "NDiaye"),
    hyphens part ("Jean-Pierre" is "Pierre Jean"). Only a name that has neither letter nor digit gives an empty key.
    """
    plain = _APOSTROPHES.sub("", without_accents(name))
    tokens = _GAPS.sub(" ", _COUPLE.sub(" ", _HYPHENED.sub(r"\1\2", plain))).split()
    named = [token for token in tokens if token not in _CIVILITY_KEYS]
    return " ".join(sorted(named or tokens))  # somebody may be called "Me" or "Dr" and nothing else


def without_accents(text: str) -> str:
    """Return the text in lower case and without accents; all other signs stay."""
    folded = text
    # folding a letter can bring out a new accent or capital (ŉ, ΐ, ﬀ): twice settles it
    for _ in range(2):
        folded = unicodedata.normalize("NFKD", folded.casefold()).translate(_LIGATURES)
        folded = "".join(sign for sign in folded if not unicodedata.combining(sign))
    return folded


_CIVILITY_KEYS = frozenset(without_accents(word) for word in CIVILITIES)
