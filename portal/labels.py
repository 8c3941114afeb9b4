"""What an agency names in its own words, in each of its languages."""

from collections.abc import Mapping

from sqlalchemy.orm import Mapped

from portal.folding import fold
from portal.settings.queries import option

LANGUAGES = ("fr", "ru", "en")


def first_label(labels: Mapping[str, str | None], language: str) -> str:
    """Of labels by language: that in one language, else in the agency's, else the first that there is."""
    return next((label for one in (language, option("agency.language"), *LANGUAGES) if (label := labels[one])), "")


class Labelled:
    """A label in the languages in which the agency wrote it."""

    label_fr: Mapped[str | None]
    label_ru: Mapped[str | None]
    label_en: Mapped[str | None]

    def label(self, language: str) -> str:
        """The label in one language, else in the agency's, else in the first that has it."""
        return first_label({one: getattr(self, f"label_{one}") for one in LANGUAGES}, language)


class Keyed(Labelled):
    """Something of a list that is named so; no two of a list have the same name."""

    match_key: Mapped[str]  # the label, folded: what makes two the same

    def set_labels(self, labels: Mapping[str, str | None]) -> None:
        """Name it in some languages (by code) and keep the key by which it is compared."""
        for one in LANGUAGES:
            setattr(self, f"label_{one}", labels.get(one) or None)
        self.match_key = fold(next(filter(None, map(labels.get, LANGUAGES)), ""))
