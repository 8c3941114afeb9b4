"""Each way from one state of a message to the next, and what guards it."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from portal import clock
from portal.extensions import db
from portal.outbox import jobs, leases
from portal.outbox.models import Drop, Message, Postpone, Recipient
from portal.settings.actions import set_option
from portal.settings.models import OptionValue
from tests.outbox.sink import Sink

CLAIRE = "claire@example.org"
MINUTE = timedelta(minutes=1)


def test_a_message_leaves_when_it_is_due_and_not_before(outbox, sink: Sink, time_machine) -> None:
    outbox.promise(CLAIRE, in_=timedelta(hours=1))
    outbox.sweep()
    assert (outbox.states(), sink.taken()) == ({CLAIRE: "scheduled"}, [])
    time_machine.shift(timedelta(hours=1, seconds=1))
    outbox.sweep()
    assert outbox.states() == {CLAIRE: "sent"}
    assert [event.to for event in sink.taken()] == [CLAIRE]
    assert outbox.message(CLAIRE).sent_at is not None


def test_a_message_promised_twice_is_sent_once(outbox, sink: Sink) -> None:
    outbox.promise(CLAIRE)
    outbox.promise(CLAIRE)
    outbox.sweep()
    outbox.sweep()
    assert len(sink.taken()) == 1


def test_without_a_mail_server_a_message_stays_due_and_unattempted(outbox, app) -> None:
    outbox.promise(CLAIRE)
    assert outbox.sweep() == 1
    assert outbox.states() == {CLAIRE: "due"}
    assert outbox.message(CLAIRE).attempts == 0


def test_without_a_mail_server_the_sweep_of_the_ticker_leaves_messages_alone_too(outbox, app) -> None:
    outbox.promise(CLAIRE)
    with app.app_context():
        assert jobs.sweep() == 1
    assert outbox.states() == {CLAIRE: "due"}


@pytest.mark.parametrize("state", ["cancelled", "suppressed", "expired"])
def test_a_message_that_is_not_wanted_any_more_is_dropped_with_its_reason(outbox, sink: Sink, state) -> None:
    outbox.promise(CLAIRE)
    outbox.decisions[CLAIRE] = Drop(state, "used")
    outbox.sweep()
    message = outbox.message(CLAIRE)
    assert (message.state, message.reason, message.lease_token) == (state, "used", None)
    assert sink.taken() == []
    assert outbox.attempts(CLAIRE) == []


def test_a_message_cancelled_between_claim_and_begin_does_not_leave(outbox, sink: Sink) -> None:
    outbox.promise(CLAIRE)
    claimed = outbox.claim()
    outbox.decisions[CLAIRE] = Drop("cancelled", "visit_cancelled")
    assert outbox.begin(claimed) is None
    assert outbox.states() == {CLAIRE: "cancelled"}


def test_a_postponed_message_waits_until_then(outbox, sink: Sink, time_machine) -> None:
    outbox.promise(CLAIRE)
    outbox.decisions[CLAIRE] = Postpone(clock.now() + timedelta(hours=2))
    outbox.sweep()
    assert (outbox.states(), outbox.message(CLAIRE).attempts) == ({CLAIRE: "scheduled"}, 0)
    del outbox.decisions[CLAIRE]
    time_machine.shift(timedelta(hours=1))
    outbox.sweep()
    assert sink.taken() == []
    time_machine.shift(timedelta(hours=1, seconds=1))
    outbox.sweep()
    assert outbox.states() == {CLAIRE: "sent"}


@pytest.mark.parametrize("deed", ["rcpt451", "data451", "dot451", "rcpt421", "dot421", "rcpt-close", "data-close"])
def test_a_refusal_for_now_is_tried_again_after_one_five_and_fifteen_minutes(
    outbox, sink: Sink, time_machine, deed
) -> None:
    sink.script[CLAIRE] = [deed] * 3
    outbox.promise(CLAIRE)
    for minutes in (1, 5, 15):
        outbox.sweep()
        message = outbox.message(CLAIRE)
        assert message.state == "retry"
        assert 0.79 < (message.next_at - clock.now()) / (minutes * MINUTE) < 1.2
        time_machine.move_to(message.next_at + timedelta(seconds=1))
    outbox.sweep()
    assert outbox.states() == {CLAIRE: "sent"}
    assert [outcome for _, outcome, _ in outbox.attempts(CLAIRE)] == ["later", "later", "later", "accepted"]
    assert (len(sink.taken()), outbox.message(CLAIRE).ambiguous) == (1, 0)


@pytest.mark.parametrize("deed", ["rcpt550", "data550", "dot552"])
def test_a_refusal_for_good_is_final_and_the_next_message_leaves(outbox, sink: Sink, deed) -> None:
    sink.script[CLAIRE] = [deed]
    outbox.promise(CLAIRE, "denis@example.org")
    outbox.sweep()
    assert outbox.states() == {CLAIRE: "failed", "denis@example.org": "sent"}
    message = outbox.message(CLAIRE)
    assert (message.reason, message.last_answer) == ("refused", f"{deed[-3:]} as planned")


@pytest.mark.parametrize("deed", ["rcpt-silent", "data-silent", "rcpt-drip"])
def test_silence_before_the_text_is_tried_again_and_costs_no_second_copy(outbox, sink: Sink, impatient, deed) -> None:
    sink.script[CLAIRE] = [deed]
    outbox.promise(CLAIRE)
    outbox.sweep()
    message = outbox.message(CLAIRE)
    assert (message.state, message.ambiguous) == ("retry", 0)
    assert message.last_answer.startswith("silence before the end of the text")


@pytest.mark.parametrize("deed", ["dot-lost", "dot-mute", "dot-drip", "dot-silent", "dot-close", "dot-garbage"])
def test_a_lost_answer_to_the_text_is_counted_and_asked_for_once_more(
    outbox, sink: Sink, impatient, time_machine, deed
) -> None:
    sink.script[CLAIRE] = [deed]
    outbox.promise(CLAIRE)
    outbox.sweep()
    message = outbox.message(CLAIRE)
    assert (message.state, message.ambiguous) == ("retry", 1)
    time_machine.shift(timedelta(minutes=2))
    outbox.sweep()
    assert outbox.states() == {CLAIRE: "sent"}
    ids = {event.message_id for event in sink.taken()}
    assert (len(ids), len(sink.taken())) == (1, 2 if deed in ("dot-lost", "dot-mute", "dot-drip") else 1)


def test_two_lost_answers_make_a_message_uncertain_and_it_is_not_sent_a_third_time(
    outbox, sink: Sink, time_machine
) -> None:
    sink.script[CLAIRE] = ["dot-lost", "dot-lost"]
    outbox.promise(CLAIRE)
    for _ in range(4):
        outbox.sweep()
        time_machine.shift(timedelta(minutes=2))
    message = outbox.message(CLAIRE)
    assert (message.state, message.reason, message.ambiguous) == ("uncertain", "answer_lost", 2)
    assert len(sink.taken()) == 2


def test_an_answer_with_a_nul_is_written_down(outbox, sink: Sink) -> None:
    sink.script[CLAIRE] = ["dot-nul"]
    outbox.promise(CLAIRE)
    outbox.sweep()
    message = outbox.message(CLAIRE)
    assert (message.state, message.last_answer) == ("sent", "250  taken")


def test_a_message_that_is_too_late_expires_even_while_it_waits_for_another_try(
    outbox, sink: Sink, time_machine
) -> None:
    sink.script[CLAIRE] = ["rcpt451"] * 100
    outbox.promise(CLAIRE, patience=timedelta(minutes=3))
    outbox.sweep()
    assert outbox.states() == {CLAIRE: "retry"}
    time_machine.shift(timedelta(minutes=4))
    outbox.sweep()
    message = outbox.message(CLAIRE)
    assert (message.state, message.reason) == ("expired", "too_late")
    assert len([event for event in sink.events if event.what == "try"]) == 1


def test_a_process_that_dies_before_the_text_costs_a_minute_and_no_copy(outbox, sink: Sink, time_machine) -> None:
    outbox.promise(CLAIRE)
    assert outbox.begin(outbox.claim()) is not None  # and is never heard of again
    outbox.sweep()
    assert outbox.states() == {CLAIRE: "sending"}
    time_machine.shift(leases.LEASE + timedelta(seconds=1))
    outbox.sweep()
    message = outbox.message(CLAIRE)
    assert (message.state, message.ambiguous, len(sink.taken())) == ("sent", 0, 1)
    assert [(phase, outcome) for phase, outcome, _ in outbox.attempts(CLAIRE)] == [
        ("started", "died"),
        ("data", "accepted"),
    ]


def test_a_process_that_dies_after_the_text_has_lost_an_answer(outbox, sink: Sink, app, time_machine) -> None:
    outbox.promise(CLAIRE)
    turn = outbox.begin(outbox.claim())
    with app.app_context():
        leases.mark_text_under_way(turn)
    time_machine.shift(leases.LEASE + timedelta(seconds=1))
    outbox.sweep()
    message = outbox.message(CLAIRE)
    assert (message.state, message.ambiguous) == ("sent", 1)
    assert [outcome for _, outcome, _ in outbox.attempts(CLAIRE)] == ["lost", "accepted"]


def test_a_process_that_dies_with_a_claimed_batch_leaves_the_others_unblamed(outbox, sink: Sink, time_machine) -> None:
    names = [f"w{number}@example.org" for number in range(5)]
    outbox.promise(*names)
    outbox.claim()
    time_machine.shift(leases.LEASE + timedelta(seconds=1))
    outbox.sweep()
    assert set(outbox.states().values()) == {"sent"}
    assert all(outbox.message(name).attempts == 1 for name in names)


def test_a_message_that_takes_its_process_along_eight_times_is_put_aside(outbox, sink: Sink, time_machine) -> None:
    outbox.promise(CLAIRE)
    for _ in range(leases.POISON):
        claimed = outbox.claim()
        assert outbox.begin(claimed) is not None
        time_machine.shift(leases.LEASE + timedelta(seconds=1))
        with outbox.app.app_context():
            leases.reclaim()
    message = outbox.message(CLAIRE)
    assert (message.state, message.reason) == ("failed", "poison")


@pytest.mark.parametrize("where", ["decisions", "contexts"])
def test_a_message_that_cannot_be_written_waits_and_the_others_do_not_wait_for_it(
    outbox, sink: Sink, where, caplog
) -> None:
    outbox.promise(CLAIRE, "denis@example.org")
    getattr(outbox, where)[CLAIRE] = LookupError("as the test wants")
    outbox.sweep()
    assert outbox.states() == {CLAIRE: "retry", "denis@example.org": "sent"}
    assert outbox.message(CLAIRE).last_answer == "fault: LookupError"
    assert "as the test wants" in caplog.text


@pytest.mark.parametrize("where", ["decisions", "contexts"])
def test_a_message_that_can_never_be_written_is_put_aside_after_eight_tries(
    outbox, sink: Sink, time_machine, where, caplog
) -> None:
    outbox.promise(CLAIRE)
    getattr(outbox, where)[CLAIRE] = LookupError("as the test wants")
    for _ in range(leases.POISON):
        outbox.sweep()
        time_machine.move_to(outbox.message(CLAIRE).next_at + timedelta(seconds=1))
    message = outbox.message(CLAIRE)
    assert (message.state, message.reason) == ("failed", "poison")


def test_a_message_of_a_kind_that_is_gone_does_not_stop_the_others(outbox, sink: Sink, database, caplog) -> None:
    outbox.promise(CLAIRE, "denis@example.org")
    with database.writing():
        db.session.execute(update(Message).where(Message.dedupe_key == CLAIRE).values(kind="gone.away"))
    outbox.sweep()
    assert outbox.states() == {CLAIRE: "retry", "denis@example.org": "sent"}


def test_a_lost_answer_of_a_kind_that_is_gone_does_not_stop_the_sweep(
    outbox, sink: Sink, database, time_machine
) -> None:
    outbox.promise(CLAIRE)
    turn = outbox.begin(outbox.claim())
    with outbox.app.app_context():
        leases.mark_text_under_way(turn)
    with database.writing():
        db.session.execute(update(Message).where(Message.dedupe_key == CLAIRE).values(kind="gone.away"))
    time_machine.shift(leases.LEASE + timedelta(seconds=1))
    outbox.sweep()
    assert outbox.states() == {CLAIRE: "uncertain"}


@pytest.mark.parametrize("address", ["é@example.org", "claire", "claire@exa\r\nmple.org", "a b@example.org", "@", ""])
def test_an_address_that_no_mail_can_go_to_fails_at_once(outbox, sink: Sink, address) -> None:
    outbox.promise(CLAIRE)
    outbox.decisions[CLAIRE] = Recipient(address, "Claire", "fr")
    outbox.sweep()
    message = outbox.message(CLAIRE)
    assert (message.state, message.reason) == ("failed", "refused")
    assert sink.taken() == []


@pytest.mark.parametrize(
    "address", ["élodie@agence.example", "contact@" + "a" * 64 + ".example", "nobody", "a b@c.example"]
)
def test_a_sender_that_no_mail_can_come_from_stops_the_channel_and_no_message_is_blamed(
    outbox, sink: Sink, database, time_machine, agency, sign_in, address
) -> None:
    with database.writing():
        db.session.add(OptionValue(key="agency.sender", value=address))  # as older versions took it
    outbox.promise(CLAIRE, "denis@example.org")
    for _ in range(leases.POISON + 1):
        outbox.sweep()
        time_machine.shift(timedelta(minutes=2))
    assert outbox.states() == {CLAIRE: "due", "denis@example.org": "due"}
    assert (outbox.message(CLAIRE).attempts, sink.taken()) == (0, [])
    home = sign_in(agency.ada).get("/staff/home")
    assert "the sender’s address is not one that mails can come from" in home.words
    assert address in home.words
    with database.writing():
        set_option(None, "agency.sender", "contact@agence.example")
    outbox.sweep()
    assert set(outbox.states().values()) == {"sent"}
    assert "mails can come from" not in sign_in(agency.ada).get("/staff/home").words


@pytest.mark.parametrize("how", ["option", "environment"])
def test_a_senders_domain_with_accents_is_written_as_the_network_wants_it(
    outbox, sink: Sink, database, app, how
) -> None:
    address = "contact@soins-à-domicile.example"
    if how == "option":
        with database.writing():
            db.session.add(OptionValue(key="agency.sender", value=address))
    else:
        app.config["PORTAL_MAIL_FROM"] = address
    outbox.promise(CLAIRE)
    outbox.sweep()
    assert outbox.states() == {CLAIRE: "sent"}
    assert sink.mails[0]["From"].addresses[0].addr_spec == "contact@xn--soins--domicile-cjb.example"


def test_a_portal_whose_own_domain_has_accents_sends_too(outbox, sink: Sink, app) -> None:
    app.config["PORTAL_BASE_URL"] = "https://suivi.élan.example"
    outbox.promise(CLAIRE)
    outbox.sweep()
    assert outbox.states() == {CLAIRE: "sent"}
    assert sink.mails[0]["Message-ID"].endswith("@suivi.xn--lan-9la.example>")


def test_a_domain_with_accents_is_written_as_the_network_wants_it(outbox, sink: Sink) -> None:
    outbox.promise(CLAIRE)
    outbox.decisions[CLAIRE] = Recipient("claire@élan.example", "Claire", "fr")
    outbox.sweep()
    assert [event.to for event in sink.taken()] == ["claire@xn--lan-9la.example"]
