"""Which passwords are good enough: long ones that nobody would guess first. No signs are prescribed."""

import re
import unicodedata

from flask_babel import lazy_gettext as _l

from portal.accounts.models import Account
from portal.extensions import wires
from portal.settings.queries import option

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 128
FEWEST_OWN_SIGNS = 5  # letters and figures beside what a guesser tries first
LOOKED_AT = 72  # signs; nobody guesses the rest
GUESSABLE = 3  # of zxcvbn's 0 to 4: below, a hundred million tries are enough

# what zxcvbn, which grew up with English, does not know
COMMON = (
    "motdepasse", "azertyuiop", "qsdfghjklm", "wxcvbn", "azerty", "qwerty", "password", "bonjour", "soleil", "doudou",
    "пароль", "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю", "йцукен", "привет", "любовь", "солнышко",
)  # fmt: skip
SENTENCES = {
    "few": _l("This password uses too few different characters. Please add words of your own."),
    "common": _l("This password is among those that are guessed first. Please add words of your own."),
    "person": _l("A password must not be your own name or e-mail address. Please add words of your own."),
    "agency": _l("A password must not be the name of the agency. Please add words of your own."),
}


def personal_words(account: Account) -> list[str]:
    """Return what everybody knows of the owner of a login: names and address."""
    names = [file.name for file in wires.files_of_account(account.id)]
    return _words([account.email, *names])


def fault_of(password: str, personal: list[str]) -> object | None:
    """Return the sentence that says why a password is too easy to guess, or None when it is not.

    Args:
        password: long enough, as typed.
        personal: `personal_words` of whose it is to be.
    """
    plain = _folded(password)
    if len(set(plain)) < FEWEST_OWN_SIGNS:
        return SENTENCES["few"]
    common, agency = _words(list(COMMON)), _words([option("agency.name")])
    together = [*common, *personal, *agency]
    for what, words in (("common", common), ("person", personal), ("agency", agency), ("common", together)):
        if _own_signs(plain, words) < FEWEST_OWN_SIGNS:
            return SENTENCES[what]
    from zxcvbn import zxcvbn  # a list of 30,000 words: read when somebody chooses a password, not at every start

    return SENTENCES["common"] if zxcvbn(password[:LOOKED_AT])["score"] < GUESSABLE else None


def _own_signs(plain: str, words: list[str]) -> int:
    """How many letters and figures are left without these words, years and counting up."""
    for word in sorted(words, key=len, reverse=True):
        plain = plain.replace(word, " ")
    plain = re.sub(r"(?:19|20)\d\d|0?12(?:3(?:4(?:5(?:6(?:7(?:8(?:90?)?)?)?)?)?)?)?", " ", plain)
    return sum(sign.isalnum() for sign in plain)


def _words(texts: list[str]) -> list[str]:
    """Whole texts and the words in them, folded; what is shorter than three letters says nothing."""
    folded = [_folded(text) for text in texts]
    parts = [part for text in folded for part in re.split(r"[\W_]+", text)]
    return [word for word in dict.fromkeys([*folded, *parts]) if len(word) > 2]


def _folded(text: str) -> str:
    """Lower case, without accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in apart if not unicodedata.combining(sign))
