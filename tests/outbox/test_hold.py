"""Held by a person, nothing leaves until a person says so: not by another drain, not by the one that is under way."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from portal import clock
from portal.extensions import db
from portal.outbox import jobs, leases
from portal.outbox.models import Channel
from tests.outbox.sink import Sink

CLAIRE = "claire@example.org"


@pytest.fixture
def hold(database):
    """Hold all messages, as the page does, or let them go."""

    def hold(*, held: bool = True) -> None:
        with database.writing():
            if db.session.get(Channel, leases.MAIL) is None:
                db.session.add(Channel(name=leases.MAIL))
                db.session.flush()
            db.session.execute(update(Channel).values(held_since=clock.now() if held else None))

    return hold


def test_what_is_held_does_not_leave_and_leaves_afterwards(outbox, sink: Sink, hold) -> None:
    hold()
    outbox.promise(CLAIRE)
    assert outbox.sweep() == 1
    assert outbox.states() == {CLAIRE: "due"}
    hold(held=False)
    outbox.sweep()
    assert outbox.states() == {CLAIRE: "sent"}
    assert len(sink.taken()) == 1


def test_a_drain_that_is_under_way_stops_at_the_next_mail_however_well_it_goes(outbox, sink: Sink, app, hold) -> None:
    names = [f"w{number}@example.org" for number in range(45)]
    outbox.promise(*names)
    finish = leases.finish

    def then_somebody_presses(*args) -> None:
        finish(*args)
        if len(sink.taken()) == 3:
            hold()

    with app.app_context(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(leases, "finish", then_somebody_presses)
        jobs.drain()
    assert len(sink.taken()) == 3
    assert sum(state == "sent" for state in outbox.states().values()) == 3
    assert "sending" not in outbox.states().values()
    hold(held=False)
    outbox.sweep()
    assert len(sink.taken()) == 45
    assert set(outbox.states().values()) == {"sent"}


def test_a_server_that_is_well_again_does_not_end_a_hold(outbox, sink: Sink, app, hold) -> None:
    hold()
    with app.app_context():
        leases.pause_channel("421 later")
        leases.open_channel()
    assert outbox.channel().held_since is not None


def test_what_becomes_too_late_while_held_says_so(outbox, sink: Sink, hold, time_machine) -> None:
    outbox.promise(CLAIRE, patience=timedelta(hours=1))
    hold()
    time_machine.shift(timedelta(hours=2))
    outbox.sweep()
    assert (outbox.message(CLAIRE).state, outbox.message(CLAIRE).reason) == ("expired", "held")
