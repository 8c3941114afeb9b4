"""Setting up what clients are asked, for the agency and for single services."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import g
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from portal.accounts.models import User
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db
from portal.i18n import LANGUAGES
from portal.ratings.details import BANK
from portal.ratings.shipped import QUESTION
from portal.ratings.survey import COLUMNS, SetUp, set_up_of
from portal.ratings.survey_models import AGENCY, Survey, SurveyVersion, Texts
from portal.settings.actions import set_option
from portal.settings.queries import as_text, option

_LATE = _l("Somebody changed this in the meantime. Nothing of yours is saved yet: please look at what "
           "differs, then save again.")  # fmt: skip
_CHANGED = _l("Somebody changed this survey in the meantime. Nothing is removed yet: please look at it as it is now.")
NOTICES = "notices.visit_done"  # whether clients are told that a visit is done
RATINGS = "ratings.client_ratings"
SWITCHES = (RATINGS, "ratings.offer_zero", NOTICES)
CONTENT = tuple(name for name in COLUMNS if name not in ("version", "survey_version_id"))
_TEXTS = ("question", "thanks", "remarks")  # the journal says no more of them than that they were changed


def survey_row(service_id: int | None, set_up: SetUp) -> Survey:
    """A survey as the database keeps it."""
    values = asdict(set_up) | {"criteria": list(set_up.criteria), "version": 1}
    del values["survey_version_id"]
    return Survey(
        id=service_id or AGENCY, service_id=service_id, asked=wording_of(service_id or AGENCY, set_up), **values
    )


def wording_of(survey_id: int, set_up: SetUp) -> SurveyVersion:
    """What a survey asks, as the answers to it go on to read: in full, in every language."""
    criteria: dict[str, Texts] = {key: {} for key in set_up.criteria}
    for code in LANGUAGES:
        with force_locale(code):
            for key, texts in criteria.items():
                texts[code] = str(BANK[key])
    return SurveyVersion(survey_id=survey_id, question=QUESTION | set_up.question, criteria=criteria)


def save_survey(user: User, service_id: int | None, typed: SetUp) -> None:
    """Ask from now on what was typed. What was answered before stays as it was said.

    Args:
        service_id: whose survey; None: the agency's.
        typed: as a whole; its version is that of the page: 0 where nobody had set anything up.

    Raises:
        Refused: somebody was faster.
    """
    row = db.session.get(Survey, service_id or AGENCY, with_for_update=True)
    if (row.version if row else 0) != typed.version:
        raise Refused(_LATE, "stale")
    values = {name: one for name, one in asdict(typed).items() if name in CONTENT}
    values["criteria"] = list(typed.criteria)
    before = {name: getattr(row, name) for name in values} if row else asdict(set_up_of(service_id))
    try:
        with db.session.begin_nested():
            if row is None:
                db.session.add(survey_row(service_id, typed))
            else:
                for name, one in values.items():
                    setattr(row, name, one)
                if any(values[name] != before[name] for name in ("question", "criteria")):
                    row.asked = wording_of(row.id, typed)
            db.session.flush()
    except (IntegrityError, StaleDataError) as error:
        raise Refused(_LATE, "stale") from error
    g.pop("surveys", None)
    record("survey.changed", user, ("survey", service_id or AGENCY), **_entry(before, values))


def _entry(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict]:
    changed = [name for name, one in after.items() if one != before[name]]
    kept = [name for name in changed if name not in _TEXTS]
    return {"before": {name: before[name] for name in kept},
            "after": {name: after[name] for name in kept} | {"fields": sorted(changed)}}  # fmt: skip


def remove_survey(user: User, service_id: int, version: int) -> None:
    """Ask about a service's visits what the agency asks about all.

    Args:
        service_id: whose survey; where somebody has removed it meanwhile there is nothing to do.
        version: of the survey that the person saw.

    Raises:
        Refused: somebody has changed it since.
    """
    row = db.session.get(Survey, service_id, with_for_update=True)
    if row is None:
        return
    if row.version != version:
        raise Refused(_CHANGED, "stale")
    db.session.delete(row)
    try:
        db.session.flush()
    except StaleDataError as error:
        raise Refused(_CHANGED, "stale") from error
    g.pop("surveys", None)
    record("survey.removed", user, ("survey", service_id))


def switch(user: User, key: str, on: bool) -> None:
    """Turn one of `SWITCHES` on or off, beside the survey that depends on it."""
    if option(key) != on:
        set_option(user, key, as_text(on))
