"""Which outages of the mail server kept a message, told from the times of both: nothing is written for it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from flask_babel import gettext as _

from portal import clock
from portal.audit.models import AuditEntry
from portal.extensions import Fact
from portal.i18n import exact
from portal.outbox.channel import outages
from portal.outbox.models import OPEN, SMS, Attempt, Message, Outage

LATE = timedelta(minutes=10)  # what is due waits no longer while all is well
NOTICED = timedelta(minutes=1)  # shorter waits are the sweep's own pace; an outage is never shorter

Span = tuple[datetime, datetime]


def waits(message: Message, tries: Sequence[Attempt], deeds: Sequence[AuditEntry]) -> list[Span]:
    """When a message could have left and had not.

    A message that waited for its window or its turn did not wait for the mail server. When such waiting ended is known
    of the last try alone (`next_at`); before it, what is due is asked at once, or an outage has kept it.

    Args:
        message: of any state.
        tries: its attempts, in order.
        deeds: what people did with it.
    """
    asked_again = [deed.at for deed in deeds if deed.kind == "message.sent_again"]
    moment = clock.now()
    closed = moment if message.state in OPEN else message.put_aside_at
    since, first = max(message.due_at, message.created_at), tries[0].started_at if tries else closed or moment
    found = [(since, min(since + LATE, first))]
    for one in tries:
        since = max([since, *(at for at in asked_again if at <= one.started_at)])
        if one is tries[-1] and message.next_at <= one.started_at:
            since = max(since, message.next_at)
        found.append((since, one.started_at))
        since = one.ended_at or one.started_at
    if closed:
        found.append((max(since, message.next_at), closed))
    return [span for span in found if span[1] - span[0] >= NOTICED]


def known_outages(waited: Iterable[Sequence[Span]]) -> Sequence[Outage]:
    """The outages from the first to the last moment of all waits."""
    spans = [span for own in waited for span in own]
    return outages(min(since for since, _until in spans), max(until for _since, until in spans)) if spans else []


def outage_facts(known: Sequence[Outage], waited: Sequence[Span]) -> Iterator[Fact]:
    """Lines that say why a message waited: the server was not there, since when, until when, and what it said."""
    kept = [outage for outage in known if any(_meets(outage, span) for span in waited)]
    for group in _grouped(kept):
        begun = next(since for since, until in waited if _meets(group[0], (since, until)))
        yield _fact(group, max(group[0].began_at, begun))  # where the waiting began


def _meets(outage: Outage, span: Span) -> bool:
    return outage.began_at <= span[1] and (outage.ended_at is None or outage.ended_at >= span[0])


def _grouped(kept: Sequence[Outage]) -> list[list[Outage]]:
    """Outages that follow each other closely are one to whoever reads: a server may take a mail now and then."""
    groups = [kept[:1]] if kept else []
    for former, outage in pairwise(kept):
        if former.ended_at and outage.began_at - former.ended_at < LATE:
            groups[-1] = [*groups[-1], outage]
        else:
            groups.append([outage])
    return [list(group) for group in groups]


def _fact(group: Sequence[Outage], at: datetime) -> Fact:
    begin, end = exact(group[0].began_at), group[-1].ended_at
    if group[0].channel == SMS:
        text = _("Waits: the gateway has taken nothing since %(begin)s", begin=begin)
        if end:
            text = _("Waited: the gateway took nothing from %(begin)s to %(end)s", begin=begin, end=exact(end))
    elif end is None:
        text = _("Waits: the mail server has taken nothing since %(begin)s", begin=begin)
    elif len(group) > 1:
        text = _(
            "Waited: the mail server took mails only at times, from %(begin)s to %(end)s", begin=begin, end=exact(end)
        )
    else:
        text = _("Waited: the mail server took nothing from %(begin)s to %(end)s", begin=begin, end=exact(end))
    return Fact(at, text, "wifi-off", "attention", group[-1].answer)
