"""Names in texts, written as initials: for papers that leave the agency.

Whatever a person typed may name somebody. The names of those whom the portal knows around an event are looked for in
every text of it, with and without accents, in any case, and in Russian in their other cases too; addresses and numbers
that one could call are left out. That does not find everybody: the paper says that it is to be read through.
"""

import re
from collections.abc import Iterable

from portal.folding import without_accents

# between the parts of a name, and nobody by themselves
_PARTICLES = {*("de", "du", "des", "d", "la", "le", "les", "l", "van", "von", "der", "den", "el", "al", "ben", "bin"),
              *("da", "di", "et", "and", "и", "mme", "mr", "monsieur", "madame", "mlle")}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")
_NAME = re.compile(rf"{_WORD.pattern}(?:['’ʼ]{_WORD.pattern})*")  # D’Angelo is filed under D
_REACHABLE = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<![\d.,/])\+?\d(?:[\s.()-]{0,2}\d){8,}(?!\d|[.,/]\d)")
_ENDINGS = 3  # letters that a Russian case may add to the stem of a name


class Initials:
    """Writes names as initials.

    Args:
        names: of those who are not to be named, as the portal knows them.
    """

    def __init__(self, names: Iterable[str]) -> None:
        tokens = {_folded(word) for name in names for word in _WORD.findall(name)}
        self._words = {token for token in tokens if len(token) > 1} - _PARTICLES
        cyrillic = {token for token in self._words if len(token) > 3 and re.search("[а-я]", token)}
        self._stems = tuple({token.rstrip("аяоеёйьы") for token in cyrillic})

    def in_text(self, text: str) -> str:
        """The text without names, addresses and numbers that one could call."""
        return _WORD.sub(self._hide, _REACHABLE.sub("…", text))

    def _hide(self, found: re.Match[str]) -> str:
        word, rest = found[0], found.string[found.end() :]
        if not self._is_name(_folded(word)):
            return word
        return word[0].upper() + ("" if rest.startswith(".") else ".")

    def _is_name(self, word: str) -> bool:
        if word in self._words:
            return True
        return any(word.startswith(stem) and len(word) - len(stem) <= _ENDINGS for stem in self._stems)


def initials(name: str) -> str:
    """`C. L.`, of a name."""
    return " ".join(f"{word[0].upper()}." for word in _NAME.findall(name) if _folded(word) not in _PARTICLES)


def _folded(word: str) -> str:
    return without_accents(word)
