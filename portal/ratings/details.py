"""What is said of a visit besides stars and comment: criteria, remarks that were ticked, a wish to be called back."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _l

from portal.i18n import language
from portal.settings.queries import option

BANK = {  # what can be asked besides, in the wording of the question bank; the keys are kept with answers
    "q_punct": _l("Did the worker arrive on time?"),
    "q_tasks": _l("Were the planned tasks done?"),
    "q_respect": _l("Were you treated with respect and courtesy?"),
    "q_instr": _l("Were your instructions followed?"),
    "q_time": _l("Did the worker stay the full time?"),
    "q_home": _l("Was the home left clean and tidy?"),
}


def in_language_of_page(texts: Mapping[str, str]) -> str:
    """A text in the language of the page; where it is not written in that, in the agency's, else in any."""
    chosen = texts.get(language()) or texts.get(option("agency.language"))
    return chosen or next(iter(texts.values()), "")


def key_of_remark(stars: int, remark: Mapping[str, str]) -> str:
    """What the box of a remark sends: the same in every language of the page, and never another remark's, whatever
    becomes of the survey meanwhile."""
    digest = hashlib.sha256(json.dumps(remark, sort_keys=True).encode()).hexdigest()
    return f"{stars}:{digest[:12]}"


def same_remark(remark: Mapping[str, str], among: Iterable[dict[str, str]]) -> dict[str, str] | None:
    """The same remark among others, also where its wording has been corrected in some of its languages."""
    return next((one for one in among if set(one.items()) & set(remark.items())), None)


@dataclass(frozen=True)
class Details:
    """What is said besides stars and comment.

    Attributes:
        criteria: stars by key of `BANK`; those left are not there.
        remarks: that were ticked, each as it was offered, in all its languages.
        call_back: whether the agency is to call.
        asked: the `SurveyVersion` that was answered, if one was asked: not part of what is said.
    """

    criteria: Mapping[str, int] = field(default_factory=dict)
    remarks: list[dict[str, str]] = field(default_factory=list)
    call_back: bool = False
    asked: int | None = field(default=None, compare=False)

    def columns(self) -> dict[str, Any]:
        """As a rating keeps them: nothing said is nothing kept."""
        said = {"criteria": dict(self.criteria), "remarks": self.remarks}
        kept = {name: one for name, one in said.items() if one} or None
        return {"details": kept, "call_back": self.call_back, "survey_version_id": self.asked}


@dataclass(frozen=True)
class Present:
    """What is said of a visit so far, by a rating that is about to be changed.

    Attributes:
        stars, comment: None where one is asked anew: how do you see it now, not what you said then.
        version: of the rating.
        details: what else is said; a wish to be called is open until somebody has called.
    """

    stars: int | None = None
    comment: str | None = None
    version: int = 0
    details: Details = field(default_factory=Details)


class Detailed:
    """What has the columns `details` and `call_back`: a rating, a former value of one, a row of the lists."""

    @property
    def said_besides(self: Any) -> Details:
        return Details(**(self.details or {}), call_back=self.call_back)

    @property
    def criteria_said(self) -> list[tuple[object, int]]:
        """Each criterion that was answered, in the words that were asked where they are at hand, with its stars."""
        asked = getattr(self, "asked_then", None)
        words = {key: in_language_of_page(texts) for key, texts in asked.criteria.items()} if asked else {}
        return [(words.get(key) or BANK.get(key, key), stars) for key, stars in self.said_besides.criteria.items()]

    @property
    def remarks_said(self) -> list[str]:
        """The remarks that were ticked, in the language of the page."""
        return [in_language_of_page(one) for one in self.said_besides.remarks]
