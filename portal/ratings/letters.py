"""What the texts of the mails that ask for a rating can be made of, and what they read of a visit."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from portal import clock
from portal.accounts.models import User
from portal.extensions import db
from portal.folding import fold_name
from portal.forms import STAR_WORDS
from portal.i18n import full_day, time_of_day
from portal.links import NOTHING, external_url
from portal.outbox.letters import Letter, Placeholder
from portal.people.models import Client, Worker
from portal.people.queries import is_named
from portal.ratings.queries import is_open
from portal.ratings.survey import asked_of, handling_question
from portal.settings.queries import option
from portal.visits.models import State, Visit
from portal.visits.queries import visible_visits

SHOWN = 20  # visits to choose from
SAMPLE = "sample".ljust(len(NOTHING), "0")  # a token of which a made-up link is known again
SHOWN_OF_WEEK = 4  # beside the one that is chosen


def facts(
    visit: Visit, workers: Sequence[Worker], question: str, link: str, unsubscribe: str, *, again: bool = False,
    expires_at: datetime | None = None,
) -> dict:  # fmt: skip
    """What the templates of the rating mails read.

    Args:
        visit: that is asked about, or on which an incident was.
        workers: who came, as far as the mail says so.
        question: as the mail puts it.
        link: token of the page where one answers.
        unsubscribe: token of the page where one refuses.
        again: whether it asks anew about what is rated.
        expires_at: until when the link works; counted from now before it has left.
    """
    return {
        "again": again,
        "client_name": visit.client.name,
        "worker_names": ", ".join(worker.name for worker in workers),
        "worker_first_name": workers[0].first_name if workers else None,
        "service": visit.service.name,
        "starts_at": visit.starts_at,
        "question": question,
        "words": STAR_WORDS,
        "expires_at": expires_at or clock.now() + timedelta(days=option("ratings.link_days")),
        **links(link, unsubscribe),
    }


def links(link: str, unsubscribe: str) -> dict:
    return {
        "rating_url": external_url("open.rate", token=link),
        "star_urls": {stars: external_url("open.rate", token=link, stars=stars) for stars in STAR_WORDS},
        "offer_zero": option("ratings.offer_zero"),
        "unsubscribe_url": external_url("open.unsubscribe", token=unsubscribe),
        "link_days": option("ratings.link_days"),
    }


def of_visit(user: User, visit_id: int | None) -> dict | None:
    """What a request about a visit would say: of the one with this number, or of the newest that is done."""
    if (visit := shown_visit(user, visit_id)) is None:
        return None
    return facts(visit, visit.workers, asked_of(visit).question, NOTHING, NOTHING)


def of_handling(user: User, visit_id: int | None) -> dict | None:
    """The same of a request about how an incident was handled."""
    visit = shown_visit(user, visit_id)
    return facts(visit, [], handling_question(), NOTHING, NOTHING) if visit else None


def shown_visit(user: User, visit_id: int | None) -> Visit | None:
    """The visit with which a text is shown, of those that this person may see."""
    seen = visible_visits(user)
    chosen = seen.where(Visit.id == visit_id) if visit_id else seen.where(Visit.state == State.DONE)
    return db.session.scalar(chosen.order_by(Visit.starts_at.desc(), Visit.id.desc()).limit(1))


def facts_of_notice(visit: Visit, page: str, unsubscribe: str) -> dict:
    """What the templates of the notice that a visit is done read; the tokens: of its page, of where one refuses."""
    return {
        "client_name": visit.client.name,
        "worker_names": ", ".join(worker.first_name for worker in visit.workers),
        "service": visit.service.name,
        "starts_at": visit.starts_at,
        "url": external_url("open.rate", token=page),
        "may_rate": is_open(),
        "portal_days": option("ratings.portal_days"),
        "unsubscribe_url": external_url("open.unsubscribe", token=unsubscribe),
    }


def notice_of(user: User, visit_id: int | None) -> dict | None:
    """What the notice about a visit would say."""
    visit = shown_visit(user, visit_id)
    return facts_of_notice(visit, NOTHING, NOTHING) if visit else None


def facts_of_week(
    client_name: str, visits: Sequence[tuple[Visit, str, str]], unsubscribe: str, expires_at: datetime | None = None
) -> dict:
    """What the templates of the weekly mail read.

    Args:
        client_name: who is asked about.
        visits: each with its question and the token of its page.
        unsubscribe: token of the page where one refuses.
        expires_at: until when the links work; counted from now before it has left.
    """
    items = [
        _week_item({
            "question": question, "service": visit.service.name, "starts_at": visit.starts_at,
            "worker_names": ", ".join(worker.name for worker in visit.workers),
        }, link)
        for visit, question, link in visits
    ]  # fmt: skip
    shared = links(NOTHING, unsubscribe)
    return {
        "client_name": client_name, "visits": items, "words": STAR_WORDS,
        "expires_at": expires_at or clock.now() + timedelta(days=option("ratings.link_days")),
        **{name: shared[name] for name in ("offer_zero", "link_days", "unsubscribe_url")},
    }  # fmt: skip


def _week_item(visit: dict, link: str) -> dict:
    known = {name: visit[name] for name in ("question", "service", "worker_names", "starts_at")}
    return {**known, "star_urls": links(link, NOTHING)["star_urls"]}


def week_of(user: User, visit_id: int | None) -> dict | None:
    """What the weekly mail with a visit would say: that one, and those of the same client in the week before it."""
    if (last := shown_visit(user, visit_id)) is None:
        return None
    before = Visit.starts_at > last.starts_at - timedelta(days=7), Visit.starts_at < last.starts_at
    same = visible_visits(user).where(Visit.client_id == last.client_id, Visit.state == State.DONE, *before)
    others = db.session.scalars(same.order_by(Visit.starts_at.desc(), Visit.id.desc()).limit(SHOWN_OF_WEEK)).all()
    asked = [(visit, asked_of(visit).question, NOTHING) for visit in (*reversed(others), last)]
    return facts_of_week(last.client.name, asked, NOTHING)


def found_visits(user: User, words: str) -> list[tuple[int, str]]:
    """The newest visits of clients of whose name these are words: number, and what it is called."""
    if not fold_name(words):
        return []
    chosen = visible_visits(user).join(Client, Visit.client_id == Client.id).where(is_named(Client, words))
    rows = db.session.execute(
        chosen.with_only_columns(Visit.id, Visit.starts_at, Client.first_name, Client.last_name)
        .order_by(Visit.starts_at.desc(), Visit.id.desc()).limit(SHOWN)
    )  # fmt: skip
    return [(row.id, f"{f'{row.first_name} {row.last_name}'.strip()} · {full_day(row.starts_at)}") for row in rows]


def _sample() -> dict:
    """Nobody's visit. Each value is found nowhere else in the mail."""
    return {
        "again": True,
        "client_name": "Éloïse Delacroix",
        "worker_names": "Wassim Haddad, Jeanne Roy",
        "worker_first_name": "Wassim",
        "service": "Aide-ménagère",
        "starts_at": datetime(2026, 11, 17, 8, 37, tzinfo=UTC),
        "question": "Votre avis compte",
        "words": STAR_WORDS,
        "expires_at": datetime(2031, 5, 5, 8, 41, tzinfo=UTC),
        **links(SAMPLE, SAMPLE),
    }


def _day(context: dict) -> str:
    return full_day(context["starts_at"])


_CLIENT = Placeholder("client.name", _l("the client’s name"), lambda c: c["client_name"])
_VISIT = (
    Placeholder("visit.date", _l("the day of the visit"), _day),
    Placeholder("visit.start", _l("the hour at which it began"), lambda c: time_of_day(c["starts_at"])),
    Placeholder("visit.service", _l("the service"), lambda c: c["service"]),
)
_WORKERS = (
    Placeholder("worker.first_name", _l("the first name of who came"), lambda c: c["worker_first_name"] or ""),
    Placeholder("worker.names", _l("the names of all who came"), lambda c: c["worker_names"]),
    Placeholder("visit.summary", _l("the service and who came, in one line"),
                lambda c: " · ".join(filter(None, (c["service"], c["worker_names"])))),
)  # fmt: skip
_RATING = (
    Placeholder("rating.question", _l("the question, as the configuration has it"), lambda c: c["question"]),
    Placeholder("rating.link", _l("the link to the page where one answers"), lambda c: c["rating_url"],
                label=_l("Give my opinion"), required=True),
    Placeholder("rating.star_links", _l("one link for each number of stars"), part="_stars", required=True,
                short=False),
    Placeholder("rating.expires_on", _l("the day until which the link works"), lambda c: full_day(c["expires_at"])),
    Placeholder("unsubscribe.link", _l("the link with which one receives no more of these requests"),
                lambda c: c["unsubscribe_url"], label=_l("Receive no more rating requests")),
    Placeholder("portal.link", _l("the link to the portal"), lambda _c: external_url("accounts.home"),
                label=_l("Open the portal")),
)  # fmt: skip
_AGAIN = Placeholder(
    "rating.again", _l("if the client is asked anew: that their first rating is kept; else nothing"),
    lambda c: _("You have rated this visit already, and we thank you. We would like to know how you see it now; your "
                "first rating is kept beside the new one.") if c["again"] else "", short=False,
)  # fmt: skip
ASKING = Letter(
    (_CLIENT, *_VISIT, *_WORKERS, *_RATING, _AGAIN), _sample, {"again": False}, of_visit, found_visits,
    short=_l("{agency.name}: how did your visit of {visit.date} go? Tell us here: {rating.link}"),
)  # fmt: skip
REMINDING = Letter(
    (_CLIENT, *_VISIT, *_WORKERS, *_RATING), _sample, of_visit=of_visit, find=found_visits,
    short=_l("{agency.name}: we would still like to know how your visit of {visit.date} went: {rating.link}"),
)  # fmt: skip
ABOUT_HANDLING = Letter(
    (_CLIENT, *_VISIT, *_RATING), lambda: _sample() | {"worker_names": ""}, of_visit=of_handling, find=found_visits,
    short=_l("{agency.name}: may we ask for your opinion? {rating.link}"),
)  # fmt: skip

_WEEK = Placeholder(
    "visits.list", _l("the visits of the week, each with its question and one link for each number of stars"),
    part="_rated_visits", required=True, short=False,
)  # fmt: skip
WEEKLY = Letter(
    (_CLIENT, _WEEK, *_RATING[-3:]), lambda: _sample() | {"visits": [_week_item(_sample(), SAMPLE)]},
    of_visit=week_of, find=found_visits,
)  # fmt: skip

_PAGE = Placeholder("visit.link", _l("the link to the page of the visit, where one can rate it"), lambda c: c["url"],
                    label=_l("See the visit"), required=True)  # fmt: skip
_WHILE = Placeholder(
    "rating.while", _l("until when one can say how it went; nothing where clients do not rate"),
    lambda c: ngettext(
        "On the page of the visit you can say how it went, for %(num)s day after it has ended.",
        "On the page of the visit you can say how it went, for %(num)s days after it has ended.", c["portal_days"],
    ) if c["may_rate"] else "",
)  # fmt: skip
DONE = Letter(
    (_CLIENT, *_VISIT, *_WORKERS[1:], _PAGE, _WHILE, *_RATING[-2:]),
    lambda: _sample() | {"url": links(SAMPLE, SAMPLE)["rating_url"], "may_rate": True,
                         "portal_days": option("ratings.portal_days")},
    of_visit=notice_of, find=found_visits,
    short=_l("{agency.name}: your visit of {visit.date} is completed. See it here: {visit.link}"),
)  # fmt: skip
