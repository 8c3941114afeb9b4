"""The list of options, and the table of those that somebody changed."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import JSON, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import db


class OptionValue(db.Model):
    """An option that does not have its default."""

    __tablename__ = "option_value"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[object] = mapped_column(JSON)


class Logo(db.Model):
    """The agency's logo, re-encoded: one row, or none."""

    __tablename__ = "agency_logo"

    id: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    media_type: Mapped[str]
    digest: Mapped[str]


@dataclass(frozen=True)
class Option:
    """One choice of the agency.

    Attributes:
        key: `feature.option`, stable: scripts rely on it.
        default: the value until somebody changes it; its type is the option's type.
        help: what it does, in the users' words.
        kind: how a text is checked: `text`, `window`, `zone`, `country`, `language`, `address`.
        least, most: bounds of a number.
    """

    key: str
    default: bool | int | str
    help: object
    kind: str = "text"
    least: int = 0
    most: int = 1_000_000


OPTIONS = {
    option.key: option
    for option in (
        Option("agency.name", "Suivi", _l("Name of the agency, on every page and mail.")),
        Option("agency.zone", "Europe/Paris", _l("Time zone in which visits take place."), kind="zone"),
        Option(
            "agency.country",
            "FR",
            _l("Country whose public holidays count, as two letters such as FR. Empty: no public holidays."),
            kind="country",
        ),
        Option("agency.language", "fr", _l("Language of the agency: fr, ru or en."), kind="language"),
        Option("agency.sender", "", _l("Address that mails come from."), kind="address"),
        Option("ratings.enabled", True, _l("Quality follow-up (satisfaction): the module as a whole.")),
        Option("ratings.client_ratings", True, _l("Clients may rate their visits, from the portal and by mail.")),
        Option("ratings.question_fr", "Comment s’est passée cette intervention\u00a0?", _l("The question, in French.")),
        Option("ratings.question_ru", "Как прошёл этот визит?", _l("The question, in Russian.")),
        Option("ratings.question_en", "How was this visit?", _l("The question, in English.")),
        Option("ratings.request_delay_minutes", 24 * 60, _l("Minutes between the end of a visit and the rating mail.")),
        Option(
            "ratings.request_window",
            "mon-sat 09:00-19:00",
            _l("When rating mails may leave: always, or days and hours such as mon-sat 09:00-19:00."),
            kind="window",
        ),
        Option("ratings.avoid_holidays", True, _l("No rating mail leaves on a public holiday.")),
        Option(
            "ratings.request_cap_days",
            30,
            _l("A client is asked at most once in this many days. 0: after every visit. Reminders do not count."),
            most=365,
        ),
        Option(
            "ratings.reminder_days",
            4,
            _l("Days after which a client who has not answered is reminded, once. 0: no reminder."),
            most=60,
        ),
        Option(
            "ratings.sampling_percent", 100, _l("Of a hundred visits, this many are asked about, by lot."), most=100
        ),
        Option("ratings.link_days", 14, _l("Days for which the link in a rating mail works."), least=1, most=365),
        Option("ratings.too_old_days", 7, _l("A visit that ended more days ago is not asked about."), least=1, most=60),
        Option("ratings.portal_days", 60, _l("Days for which a visit can be rated on the portal."), least=1, most=365),
        Option("ratings.change_days", 7, _l("Days for which a rating can be changed on the portal."), most=365),
        Option("ratings.low_threshold", 2, _l("A rating of this many stars or fewer is low."), most=5),
        Option("ratings.urgent_threshold", 1, _l("A rating of this many stars or fewer is urgent."), most=5),
        Option("ratings.offer_zero", True, _l("Offer 0 stars. It is a score, not a missing answer.")),
        Option("ratings.lock_public", True, _l("The first answer by mail locks its link; changes need a sign-in.")),
    )
}
