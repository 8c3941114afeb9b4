"""The list of options, and the table of those that somebody changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flask_babel import lazy_gettext as _l
from sqlalchemy import JSON, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import db
from portal.settings.choices import ASK_MODES, WEEKDAYS


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
        kind: how a text is checked: `text` (one line), `prose`, `window`, `zone`, `language`, `languages`, `country`,
            `address`, `logo`, `choice`. A text whose default is empty may be empty.
        least, most: bounds of a number.
        label: its name on the pages of the configuration, short.
        group: the page on which it stands, a key of `GROUPS`; without one it has a page of its own or none.
        choices: of a choice, in words, by value.
        unit: of a number: `minutes`, `days`, `stars`, `percent`.
    """

    key: str
    default: bool | int | str
    help: object
    kind: str = "text"
    least: int = 0
    most: int = 1_000_000
    label: object = ""
    group: str = ""
    unit: str = ""
    choices: Mapping[str, object] = field(default_factory=dict)

    @property
    def control(self) -> str:
        """What one sets it with: `switch`, `duration`, `number`, or as its kind says."""
        if isinstance(self.default, bool):
            return "switch"
        if isinstance(self.default, int):
            return "duration" if self.unit == "minutes" else "number"
        return self.kind


PRIVACY = Path(__file__).resolve().parents[2] / "templates/settings"


def _notice(language: str) -> str:
    """The notice that an agency begins with, in one language."""
    return (PRIVACY / f"privacy.{language}.txt").read_text(encoding="utf-8").strip()


OPTIONS = {
    option.key: option
    for option in (
        Option(
            "agency.name",
            "Suivi",
            _l("It stands on every page and mail."),
            label=_l("Name of the agency"),
            group="agency",
        ),
        Option(
            "agency.phone", "",
            _l("Whom to call when something cannot wait. It stands where the portal leads no further."),
            label=_l("Telephone of the agency"), group="agency",
        ),
        Option(
            "agency.zone", "Europe/Paris", _l("Time zone in which visits take place."), kind="zone",
            label=_l("Time zone"), group="agency",
        ),
        Option(
            "agency.country", "FR",
            _l("Its public holidays count."),
            kind="country", label=_l("Country"), group="agency",
        ),
        Option(
            "agency.language", "fr", _l("What somebody reads who has not chosen a language."), kind="language",
            label=_l("Language of the agency"), group="agency",
        ),
        Option(
            "agency.languages", "fr,ru,en", _l("What people can choose from, the agency’s own language among them."),
            kind="languages", label=_l("Languages offered"), group="agency",
        ),
        Option(
            "agency.sender", "", _l("Address that mails come from."), kind="address", label=_l("Sender’s address"),
            group="sender",
        ),
        Option("sms.enabled", False, _l("Text messages leave to clients with a mobile number. They need a gateway."),
               label=_l("Text messages"), group="sender"),
        Option("agency.logo", "", _l("The logo: set on the page of the agency."), kind="logo", label=_l("Logo")),
        Option(
            "agency.setup", "", _l("How far the first steps are: open, finished, or nothing."), kind="setup",
            label=_l("First steps"),
        ),
        Option(
            "agency.privacy_fr", _notice("fr"), _l("What the notice says to who reads French."), kind="prose",
            label=_l("In French"), group="privacy",
        ),
        Option(
            "agency.privacy_ru", _notice("ru"), _l("What the notice says to who reads Russian."), kind="prose",
            label=_l("In Russian"), group="privacy",
        ),
        Option(
            "agency.privacy_en", _notice("en"), _l("What the notice says to who reads English."), kind="prose",
            label=_l("In English"), group="privacy",
        ),
        Option(
            "ratings.enabled", True, _l("Quality follow-up (satisfaction): the module as a whole."),
            label=_l("Quality follow-up (satisfaction)"), group="modules",
        ),
        Option(
            "ratings.client_ratings", True,
            _l("Clients may rate their visits, from the portal and by the link of a message."),
            label=_l("Activate client ratings"), group="modules",
        ),
        Option(
            "incidents.enabled", True, _l("Clients and workers may report incidents on visits."),
            label=_l("Incident reports"), group="modules",
        ),
        Option(
            "threads.contact", True, _l("Clients and workers may write to the agency about anything: “Contact us”."),
            label=_l("Contact us"), group="modules",
        ),
        Option(
            "incidents.before_minutes", 4 * 60, _l("How long before the planned start of a visit it can be reported."),
            label=_l("Before the visit"), group="incidents", unit="minutes", most=7 * 24 * 60,
        ),
        Option(
            "incidents.after_minutes", 24 * 60, _l("How long after the planned end of a visit it can be reported."),
            label=_l("After the visit"), group="incidents", unit="minutes", most=60 * 24 * 60,
        ),
        Option("complaints.enabled", True, _l("Complaints are filed, answered and followed."), label=_l("Complaints"),
               group="modules"),
        Option("complaints.portal", True, _l("Clients and workers may file a complaint on their portal."),
               label=_l("Complaints on the portals"), group="complaints"),
        Option("complaints.acknowledge_days", 2, _l("Working days within which the receipt is acknowledged."), least=1,
               most=30, label=_l("Time to acknowledge"), group="complaints", unit="days"),
        Option("complaints.answer_days", 15, _l("Days within which a complaint is answered."), least=1, most=90,
               label=_l("Time to answer"), group="complaints", unit="days"),
        Option("complaints.complex_days", 30, _l("Days within which it is answered after a waiting letter."), least=1,
               most=180, label=_l("Time to answer after a waiting letter"), group="complaints", unit="days"),
        Option("adverse_events.enabled", True, _l("Adverse events are reported and followed up."),
               label=_l("Adverse events"), group="modules"),
        Option("adverse_events.portal", False, _l("Clients and workers may report one on their portal, in short."),
               label=_l("Adverse events on the portals"), group="events"),
        Option("adverse_events.on_call", "", _l("Who is on call gets the alerts of severe events as well."),
               kind="address", label=_l("Address of who is on call"), group="events"),
        Option("adverse_events.small_numbers", 5, _l("Smaller numbers of people are hidden in figures that leave the "
               "quality lead’s hands. 0: none."), most=50, label=_l("Small numbers"), group="events"),
        Option(
            "threads.clients_to_workers", False, _l("Clients may write to their workers; the agency reads along."),
            label=_l("Clients write to workers"), group="threads",
        ),
        Option(
            "threads.workers_to_clients", False, _l("Workers may write to their clients; the agency reads along."),
            label=_l("Workers write to clients"), group="threads",
        ),
        Option(
            "threads.incident_compulsory", False,
            _l("Everybody concerned is mailed about a new incident at once, whatever they have chosen."),
            label=_l("Always mail new incidents"), group="threads",
        ),
        Option(
            "threads.message_compulsory", False,
            _l("Everybody concerned is mailed about new messages at once, whatever they have chosen."),
            label=_l("Always mail new messages"), group="threads",
        ),
        Option(
            "ratings.request_delay_minutes", 24 * 60, _l("Time between the end of a visit and the rating request."),
            label=_l("Delay"), group="requests", unit="minutes",
        ),
        Option(
            "ratings.request_window",
            "mon-sat 09:00-19:00",
            _l("When rating requests may leave, in the agency’s time zone."),
            kind="window", label=_l("Days and hours"), group="requests",
        ),
        Option(
            "notices.visit_done", False,
            _l("A message tells the client soon after a visit is marked as done, with a link to its page. Importing "
               "past visits tells nobody."),
            label=_l("Notices of completed visits"), group="requests",
        ),
        Option(
            "ratings.avoid_holidays", True, _l("No rating request leaves on a public holiday, whatever the hours."),
            label=_l("Keep public holidays free"), group="requests",
        ),
        Option(
            "ratings.ask_mode", "every", _l("Which visits clients are asked about."), kind="choice",
            label=_l("When clients are asked"), group="requests", choices=ASK_MODES,
        ),
        Option(
            "ratings.digest_day", "fri", _l("The day on which the weekly mail leaves, if it is chosen above."),
            kind="choice", label=_l("Day of the weekly mail"), group="requests", choices=WEEKDAYS,
        ),
        Option(
            "ratings.digest_hour", 10, _l("The hour at which it leaves, within the days and hours above."), most=23,
            label=_l("Hour of the weekly mail"), group="requests",
        ),
        Option(
            "ratings.request_cap_days", 30,
            _l("A client is asked at most once in this many days. 0: after every visit. Reminders do not count."),
            most=365, label=_l("Pause between two requests"), group="requests", unit="days",
        ),
        Option(
            "ratings.reminder_days", 4,
            _l("Days after which a client who has not answered is reminded, once. 0: no reminder."), most=60,
            label=_l("Reminder"), group="requests", unit="days",
        ),
        Option(
            "ratings.sampling_percent", 100, _l("Of a hundred visits, this many are asked about, by lot."), most=100,
            label=_l("Sampling"), group="requests", unit="percent",
        ),
        Option(
            "ratings.link_days", 14, _l("Days for which the link in a rating request works."), least=1, most=365,
            label=_l("Validity of the link"), group="requests", unit="days",
        ),
        Option("ratings.sms_first", False, _l("Clients with a mobile number are asked by text message even if "
               "they have an e-mail address. Off: only those without an address."),
               label=_l("Text message before mail"), group="requests"),
        Option(
            "ratings.too_old_days", 7, _l("A visit that ended more days ago is not asked about."), least=1, most=60,
            label=_l("Too long ago"), group="requests", unit="days",
        ),
        Option(
            "ratings.portal_days", 60, _l("Days for which a visit can be rated on the portal."), least=1, most=365,
            label=_l("Time to rate on the portal"), group="ratings", unit="days",
        ),
        Option(
            "ratings.workers_see", False,
            _l("Workers read the ratings of their own visits, once they have read what is collected and why; comments "
               "only after somebody of the staff has passed them on."),
            label=_l("Workers see their ratings"), group="ratings",
        ),
        Option(
            "ratings.change_days", 7, _l("Days for which a rating can be changed on the portal."), most=365,
            label=_l("Time to change a rating"), group="ratings", unit="days",
        ),
        Option(
            "ratings.low_threshold", 2, _l("A rating of this many stars or fewer is low."), most=5,
            label=_l("Low rating"), group="ratings", unit="stars",
        ),
        Option(
            "ratings.urgent_threshold", 1, _l("A rating of this many stars or fewer is urgent."), most=5,
            label=_l("Urgent rating"), group="ratings", unit="stars",
        ),
        Option(
            "ratings.promoters_from", 5, _l("Who gives this many stars recommends you, for the NPS."), least=1, most=5,
            label=_l("Promoters"), group="ratings", unit="stars",
        ),
        Option(
            "ratings.passives_from", 4, _l("Who gives this many stars is neutral, for the NPS; fewer are a detractor."),
            least=1, most=5, label=_l("Passives"), group="ratings", unit="stars",
        ),
        Option(
            "ratings.minimum_sample", 5, _l("With fewer answers no figure is shown, only how many there are."), least=1,
            most=100, label=_l("Fewest answers for a figure"), group="ratings",
        ),
        Option(
            "ratings.offer_zero", True, _l("Offer 0 stars. It is a score, not a missing answer."), label=_l("0 stars"),
            group="ratings",
        ),
        Option(
            "ratings.lock_public", True, _l("The first answer by a link locks it; changes need a sign-in."),
            label=_l("Forbid changing the rating on the public page"), group="ratings",
        ),
    )
}  # fmt: skip
