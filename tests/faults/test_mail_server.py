"""A mail server that refuses, breaks off, says nothing or too late, or is not there."""

from collections.abc import Callable

import pytest

from portal.outbox.models import Channel
from tests.faults.campaign import Campaign
from tests.faults.tally import Tally
from tests.outbox import sink

pytestmark = pytest.mark.processes

DOORS = ("421", "554", "close", "silent", "drip", "535")
REFUSALS = ("rcpt451", "data451", "dot451", "rcpt421", "dot421", "rcpt-close", "data-close")
FINAL = ("rcpt550", "data550", "dot552")
SILENCES = ("rcpt-silent", "data-silent", "rcpt-drip", "dot-silent", "dot-close", "dot-garbage")
LOST = ("dot-lost", "dot-mute", "dot-drip", "dot-late", "dot-lost.dot-lost", "dot-late.dot-mute")


def test_nothing_is_lost_whatever_the_mail_server_does(campaign: Campaign, account: Callable[[Tally], None]) -> None:
    crew = campaign.crew
    campaign.greet(*DOORS)
    campaign.wave([*REFUSALS, *FINAL, "rcpt451.data451.dot451"], clean=15)
    crew.start("worker1", "worker2", "ticker1", "ticker2")  # one of each may be frozen
    campaign.wave([*SILENCES, *LOST, "freeze-rcpt", "freeze-dot"], clean=15)
    campaign.settle()

    crew.kill("sink")
    crew.struck["mail server away"] += 1
    campaign.wave(["kill-dot", "rcpt451.dot-lost"], clean=10)
    refused = Channel.answer.contains("refused")
    campaign.wait_until(lambda: bool(campaign.database.count(Channel, refused)), "somebody at the closed door")
    campaign.greet("421")
    campaign.settle()
    account(campaign.judge())


def test_the_events_of_the_judge_are_what_it_was_told(tmp_path) -> None:
    """The judge itself can be wrong: a log that it wrote is read back as it was."""
    judge = sink.Sink(tmp_path / "log")
    judge.note(sink.Event("taken", "ok", "a@example.org", "<1@x>", at=1.0))
    judge._server.server_close()
    assert sink.read_log(tmp_path / "log") == judge.events
