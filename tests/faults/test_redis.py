"""Redis emptied, frozen, killed, full or never there: mails leave, and nobody at the web server waits for it."""

from collections.abc import Callable

import pytest
from redis import Redis

from tests.faults.campaign import Campaign
from tests.faults.tally import Tally
from tests.faults.visitors import Visitors

pytestmark = pytest.mark.processes
STRIKES = ("flushed", "frozen", "killed", "replaced", "full")
ENOUGH = 15  # requests of visitors in each phase
Account = Callable[[Tally], None]


def test_neither_mails_nor_people_wait_for_redis(campaign: Campaign, visitors: Visitors, account: Account) -> None:
    crew = campaign.crew
    campaign.greet()
    crew.start("worker1", "ticker1")
    visitors.start()
    campaign.wave(clean=5)
    live_through(campaign, visitors, "calm", requests=3 * ENOUGH)
    for how in STRIKES:
        crew.strike_valkey(how)
        campaign.wave(["kill-250" if how == "frozen" else "dot-lost"], clean=5)
        live_through(campaign, visitors, how)
        crew.heal_valkey()
    visitors.phase = "healed"
    visitors.stop()
    campaign.settle()
    visitors.judge(STRIKES)
    tally = campaign.judge()
    assert tally.messages >= len(visitors.closed) + 5 + 6 * len(STRIKES)
    tally.requests, tally.slowest = len(visitors.answers), visitors.slowest()
    account(tally)


def live_through(campaign: Campaign, visitors: Visitors, phase: str, requests: int = ENOUGH) -> None:
    """Let people come and mails leave, both, while Valkey is as it is."""
    visitors.phase = phase
    before = len(visitors.answers)
    campaign.wait_until(lambda: len(visitors.answers) >= before + requests, f"visitors while Valkey is {phase}")
    campaign.settle_wave()


def test_drains_that_vanish_or_nobody_does_delay_mails_by_one_sweep(campaign: Campaign, account: Account) -> None:
    """The queue takes every drain and no worker comes; then they come back to a queue full of stale ones."""
    crew = campaign.crew
    campaign.greet()
    crew.start("ticker1")
    crew.struck["no worker"] += 1
    campaign.wave(["dot-lost"], clean=8)
    campaign.settle()
    with Redis.from_url(crew.redis_url) as client:
        assert client.llen("rq:queue:portal") > 1
    campaign.strike(*["kill@before-claim"] * 4)  # four drains die in STARTED
    crew.start("worker1", "worker2")
    campaign.wave(clean=8)
    campaign.settle()
    crew.strike_valkey("flushed")
    campaign.wave(clean=3)
    campaign.settle()
    account(campaign.judge())


def test_an_installation_without_redis_delivers_everything(campaign: Campaign, account: Account) -> None:
    crew = campaign.crew
    crew.redis_url = ""
    crew.struck["no Redis"] += 1
    campaign.greet("421")
    campaign.wave(["kill-dot", "rcpt451", "kill-rcpt", "dot-lost"], clean=20)
    crew.start("cron1", "ticker1")
    campaign.settle()
    account(campaign.judge())
