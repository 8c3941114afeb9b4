"""Killed with -9 or told to stop at every point of a mail's way, one process or several: nothing is lost."""

import http.client
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from sqlalchemy import func, select

from portal.outbox.models import Attempt, Message
from portal.ratings.models import RatingRequest, RatingSubject
from tests.faults.campaign import GONE_WITHIN, Campaign
from tests.faults.tally import Tally
from tests.faults.visitors import Visitors, plan_visits
from tests.outbox.sink import read_log
from tests.servers import wait_until

pytestmark = pytest.mark.processes

DIALOGUE = ("rcpt", "data", "text", "dot", "250")  # the judge strikes there
DEATHS = ("kill-rcpt", "slay-rcpt", "kill-data", "orphan-data", "kill-text", "slay-text", "kill-dot", "orphan-dot",
          "kill-250", "slay-250")  # fmt: skip
OWN = ("before-claim", "after-claim", "before-commit", "after-commit")  # the process comes there by itself
SWEEP = ("reclaim", "promote")
Account = Callable[[Tally], None]


def test_nothing_is_lost_wherever_a_process_is_killed(campaign: Campaign, account: Account) -> None:
    crew = campaign.crew
    campaign.greet("kill-connect", "slay-connect", "kill-mail", "orphan-mail")
    campaign.poison()
    campaign.wave([*DEATHS, "kill-dot.kill-text", "rcpt451.kill-250"], clean=12)
    campaign.strike(*[f"{how}@{point}" for point in OWN for how in ("kill", "slay" if "before" in point else "orphan")])
    campaign.strike(*[f"kill@{point}" for point in SWEEP])
    crew.start("worker1", "worker2", "ticker1", "ticker2")
    campaign.settle(and_poison=True)
    account(campaign.judge())


def test_who_is_told_to_stop_ends_its_mail_and_leaves(campaign: Campaign, account: Account) -> None:
    crew = campaign.crew
    campaign.greet("term-connect", "term-mail")
    campaign.wave([f"term-{point}" for point in DIALOGUE], clean=10)
    campaign.strike(*[f"term@{point}" for point in (*OWN, *SWEEP)])
    crew.start("worker1", "worker2", "ticker1")
    campaign.settle()
    crew.tend()
    tally = campaign.judge()
    assert (tally.copies, tally.ambiguous) == (0, 0)
    assert campaign.database.count(Attempt, Attempt.outcome != "accepted") == 0, "nothing was broken off"
    for name in ("worker1", "worker2", "ticker1"):
        assert crew.seconds_to_leave(name) < GONE_WITHIN
    account(tally)


def test_an_idle_worker_leaves_whether_or_not_redis_says_anything(campaign: Campaign, account: Account) -> None:
    crew, database = campaign.crew, campaign.database
    campaign.greet()
    crew.start("worker1", "worker2")
    campaign.wave(clean=2)
    wait_until(lambda: database.count(Message, Message.state == "sent") == 2, "two mails")
    crew.strike_valkey("frozen")
    assert crew.seconds_to_leave("worker1") < GONE_WITHIN
    crew.heal_valkey()
    crew.strike_valkey("killed")
    assert crew.seconds_to_leave("worker2") < GONE_WITHIN
    account(campaign.judge())


def test_two_sweepers_two_crons_and_four_workers_send_each_mail_once(campaign: Campaign, account: Account) -> None:
    campaign.crew.patience = 6
    campaign.greet()
    campaign.wave(clean=60)
    campaign.crew.start("worker1", "worker2", "worker3", "worker4", "ticker1", "ticker2", "cron1", "cron2")
    for _ in range(4):
        campaign.wave(clean=30)
    campaign.settle()
    tally = campaign.judge()
    assert (tally.messages, tally.copies, tally.ambiguous) == (180, 0, 0)
    account(tally)


def test_a_deed_whose_web_server_is_killed_is_done_with_its_mail_or_not_at_all(
    campaign: Campaign, visitors: Visitors, account: Account
) -> None:
    """A person whose browser shows nothing presses the button again."""
    crew, database = campaign.crew, campaign.database
    visits = plan_visits(database, visitors.sofia, range(8))
    campaign.greet()
    crew.start("web1", "ticker1")
    wait_until(visitors.is_there, "the web server")
    campaign.strike(*["kill@creation-before", "kill@creation-after"] * 2)
    for visit in visits:
        wait_until(lambda visit=visit: closes(visitors, visit), "an answer")
    campaign.settle()
    promised = select(RatingSubject.visit_id, func.count()).join(RatingRequest).group_by(RatingSubject.visit_id)
    assert dict(database.all(promised)) == dict.fromkeys(visits, 1)
    assert database.count(Message) == len(visits) + campaign.extra
    account(campaign.judge())


def closes(visitors: Visitors, visit: int) -> bool:
    visitors.crew.tend()
    with suppress(OSError, http.client.HTTPException):
        return visitors.ask("POST", f"/staff/visits/{visit}/done", {"x": "1"}) in (303, 409)
    time.sleep(0.2)
    return False


def test_messages_that_are_promised_at_once_leave_within_seconds_through_the_queue(campaign: Campaign) -> None:
    """No ticker runs: the hint after the commit is what brings the worker."""
    crew, database = campaign.crew, campaign.database
    campaign.greet()
    crew.start("worker1")
    campaign.wave(clean=3)
    wait_until(lambda: database.count(Message, Message.state == "sent") == 3, "three mails without a ticker")
    assert database.one(select(func.count()).select_from(Attempt)) == 3
    assert len([event for event in read_log(crew.log) if event.what == "taken"]) == 3
