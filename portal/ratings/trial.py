"""Trying a survey out: a mail to oneself, and a page that looks as clients see it. Both say TEST, and of what is
answered there nothing is kept: it can be counted nowhere."""

from datetime import timedelta

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal import clock
from portal.accounts.models import Account, User
from portal.extensions import db, wires
from portal.forms import STAR_WORDS
from portal.i18n import day
from portal.links import external_url, new_public_id
from portal.outbox.actions import Order, schedule
from portal.outbox.mail import write
from portal.outbox.models import MAIL, Drop, Message, MessageKind, Recipient
from portal.outbox.text_queries import own_draft
from portal.people.models import Service
from portal.ratings.messages import REQUEST
from portal.ratings.survey import Asked, facts_from, in_words, set_up_of
from portal.settings.queries import option

WORKER = "Marie Durand"  # who comes in a test and in the preview


def sample(service: Service | None) -> dict[str, object]:
    """The visit that a test is about: nobody's."""
    name = service.name if service else _l("Help at home")
    return {"workers": [WORKER], "service": name, "starts_at": clock.now().replace(hour=8, minute=0)}


def asked_in_test(service: Service | None, *, by_agency: bool = False) -> Asked:
    """What is asked at present, about that visit; with `by_agency` as if the service had no survey of its own."""
    named = service.name if service else _("Help at home")
    return in_words(
        set_up_of(service.id if service and not by_agency else None),
        facts_from(named, WORKER.split()[0], day(clock.now())),
    )


def send_test(user: User, service: Service | None) -> None:
    """Promise the mail to oneself."""
    key = f"survey-test:{service.id if service else 0}:{user.account_id}:{new_public_id()}"
    schedule([Order(TEST.name, ("account", int(user.account_id or 0)), key, due_at=clock.now())])


def _service_of(message: Message) -> Service | None:
    return db.session.get(Service, int(message.dedupe_key.split(":")[1]))


def reader(message: Message) -> Recipient:
    account = db.session.get_one(Account, message.subject_id)
    name = next((file.name for file in wires.files_of_account(account.id)), "")
    return Recipient(account.email, name, account.language or option("agency.language"))


def decide(message: Message) -> Recipient | Drop:
    if not db.session.get_one(Account, message.subject_id).active:
        return Drop("suppressed", "inactive")
    return reader(message)


def write_trial(message: Message) -> dict[str, str]:
    """The mail as the agency would send it now, with its own text where it has one; its links open the test page."""
    me = reader(message)
    with force_locale(me.language):
        note = _("This mail was sent to you alone, by yourself. Its links open a test page; nothing of it is counted.")
        marked = {**_context(_service_of(message), me.name), "is_test": True, "test_note": note}
        return write(REQUEST, marked, own_draft(REQUEST.name, me.language, MAIL))


def _context(service: Service | None, name: str) -> dict:
    where = {"service_id": service.id} if service else {}
    visit = sample(service)
    return {
        "again": False,
        "client_name": name,
        "worker_names": WORKER,
        "worker_first_name": WORKER.split()[0],
        "service": str(visit["service"]),
        "starts_at": visit["starts_at"],
        "question": asked_in_test(service).question,
        "words": STAR_WORDS,
        "rating_url": external_url("staff.try_survey", **where),
        "star_urls": {stars: external_url("staff.try_survey", stars=stars, **where) for stars in STAR_WORDS},
        "offer_zero": option("ratings.offer_zero"),
        "unsubscribe_url": external_url("staff.edit_survey"),
        "expires_at": clock.now() + timedelta(days=option("ratings.link_days")),
        "link_days": option("ratings.link_days"),
    }


TEST = MessageKind(
    "ratings.test", _l("Test of a rating request"), "stand_in", reader, decide, lambda _message, _token: {},
    urgent=True, governed_by=("ratings.enabled",), write=write_trial,
)  # fmt: skip
