"""When the mail server is not there, no message is to blame: the way out is closed for a minute, then tried again."""

import socket
import ssl
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from portal import clock
from portal.outbox import jobs, leases, mailer
from portal.outbox.channel import insert_channel
from portal.outbox.mailer import Mailer, ServerClosed
from tests.outbox.sink import Sink
from tests.servers import free_port

CLAIRE, DENIS = "claire@example.org", "denis@example.org"
MOMENT = timedelta(seconds=1)


def is_paused(outbox) -> bool:
    channel = outbox.channel()
    return bool(channel and channel.paused_until and channel.paused_until > clock.now())


def unblamed(outbox) -> bool:
    return all(outbox.message(a).attempts == 0 and outbox.message(a).state == "due" for a in (CLAIRE, DENIS))


@pytest.mark.parametrize("greeting", ["421", "554", "close", "silent", "drip"])
def test_a_server_that_lets_nobody_in_closes_the_channel_for_a_minute(
    outbox, sink: Sink, impatient, time_machine, greeting
) -> None:
    sink.greetings = [greeting]
    outbox.promise(CLAIRE, DENIS)
    outbox.sweep()
    assert (is_paused(outbox), unblamed(outbox)) == (True, True)
    outbox.sweep()  # within the minute nobody knocks
    assert [event.deed for event in sink.events] == [f"greeting-{greeting}"]
    time_machine.shift(leases.PAUSE + MOMENT)
    outbox.sweep()
    assert outbox.states() == {CLAIRE: "sent", DENIS: "sent"}
    channel = outbox.channel()
    assert (channel.paused_until, channel.failing_since, channel.answer) == (None, None, None)


def test_a_server_that_is_away_delays_the_mails_by_no_more_than_its_absence_and_a_minute(
    outbox, app, time_machine
) -> None:
    port = free_port()
    app.config["PORTAL_SMTP_URL"] = f"smtp://127.0.0.1:{port}"
    outbox.promise(CLAIRE, DENIS)
    began = clock.now()
    for _ in range(30):  # half an hour; the back-off of a message would be far beyond a minute by now
        outbox.sweep()
        time_machine.shift(leases.PAUSE + MOMENT)
    assert unblamed(outbox)
    assert abs(outbox.channel().failing_since - began) < timedelta(seconds=20)
    assert "refused" in outbox.channel().answer
    with Sink(port=port) as back:
        outbox.sweep()
        assert len(back.taken()) == 2


@pytest.mark.parametrize("url", ["smtp://nowhere.invalid:25", "smtp://127.0.0.1:99999", "smtp://a..b:25", "smtp://"])
def test_an_address_of_a_server_that_is_none_closes_the_channel(outbox, app, url, monkeypatch) -> None:
    def look_up(*_args: object, **_more: object) -> None:
        raise socket.gaierror("no such name")

    if "invalid" in url or url == "smtp://":
        monkeypatch.setattr(socket, "getaddrinfo", look_up)
    app.config["PORTAL_SMTP_URL"] = url
    outbox.promise(CLAIRE, DENIS)
    outbox.sweep()
    assert (is_paused(outbox), unblamed(outbox)) == (True, True)


def test_a_wrong_password_closes_the_channel_and_the_right_one_opens_it(outbox, sink: Sink, app, time_machine) -> None:
    sink.password = "nobody knows"
    app.config["PORTAL_SMTP_URL"] = f"smtp://us:p%40ss@127.0.0.1:{sink.port}"
    outbox.promise(CLAIRE, DENIS)
    outbox.sweep()
    assert (is_paused(outbox), unblamed(outbox)) == (True, True)
    assert "535" in outbox.channel().answer
    assert "p@ss" not in outbox.channel().answer
    sink.password = "known"
    time_machine.shift(leases.PAUSE + MOMENT)
    outbox.sweep()
    assert set(outbox.states().values()) == {"sent"}


def test_a_password_does_not_travel_in_the_clear(sink: Sink, app, monkeypatch) -> None:
    monkeypatch.setattr(mailer, "LOCAL", set())
    sink.password = "known"
    with app.app_context(), Mailer(f"smtp://us:pass@127.0.0.1:{sink.port}") as conversation:
        with pytest.raises(ServerClosed, match="no encryption"):
            conversation.open()
        assert conversation.smtp is None


def test_a_server_without_tls_where_tls_is_wanted_closes_the_channel(outbox, sink: Sink, app, impatient) -> None:
    app.config["PORTAL_SMTP_URL"] = f"smtps://127.0.0.1:{sink.port}"
    outbox.promise(CLAIRE, DENIS)
    outbox.sweep()
    assert (is_paused(outbox), unblamed(outbox)) == (True, True)


def test_a_connection_that_the_server_has_ended_between_two_mails_is_opened_anew(outbox, sink: Sink) -> None:
    """Many servers take only so many mails per conversation; that is no reason to close the channel."""
    sink.script["w1@example.org"] = ["dot421"]
    names = [f"w{number}@example.org" for number in range(4)]
    outbox.promise(*names)
    outbox.sweep()
    assert outbox.states() == {name: "retry" if name == "w1@example.org" else "sent" for name in names}
    assert not is_paused(outbox)


def test_a_conversation_that_has_served_and_is_gone_is_begun_anew(outbox, sink: Sink, app) -> None:
    with app.app_context(), Mailer(sink.url) as conversation:
        conversation.open()
        conversation.handed_over = 3
        assert conversation.smtp
        assert conversation.smtp.sock
        conversation.smtp.sock.close()
        outbox.promise(CLAIRE)
        (message_id,), token = leases.claim(1)
        jobs.deliver(conversation, message_id, token)
    assert outbox.states() == {CLAIRE: "sent"}


def test_one_process_that_is_served_goes_on_while_another_was_sent_away(outbox, sink: Sink, app) -> None:
    """A server that allows one conversation at a time must not bring the mails to twenty a minute."""
    names = [f"w{number}@example.org" for number in range(45)]
    outbox.promise(*names)
    finish = leases.finish

    def another_is_sent_away(*args: Any, **more: Any) -> None:
        finish(*args, **more)
        if len(sink.taken()) == 5:
            leases.pause_channel("421 one at a time")

    with app.app_context(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(leases, "finish", another_is_sent_away)
        jobs.drain()
    assert len(sink.taken()) == 45


def test_two_processes_may_close_the_channel_at_the_same_moment(outbox, app) -> None:
    with app.app_context():
        insert_channel({"failing_since": clock.now()})
        insert_channel({"failing_since": clock.now()})
        leases.pause_channel("not there\0")
    assert outbox.channel().answer == "not there "


def self_made_certificate(folder: Path) -> Path:
    """A certificate for this very machine that nobody vouches for, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(start).not_valid_after(start + timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem, secret = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path = folder / "server.pem"
    path.write_bytes(key.private_bytes(pem, secret, serialization.NoEncryption()) + made.public_bytes(pem))
    return path


def test_a_server_that_nobody_vouches_for_gets_neither_password_nor_mail(outbox, app, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_made_certificate(tmp_path))
    heard: list[bytes] = []

    def serve(listening: socket.socket) -> None:
        with suppress(OSError), listening.accept()[0] as line, context.wrap_socket(line, server_side=True) as safe:
            safe.sendall(b"220 trust me\r\n")
            heard.append(safe.recv(100))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = threading.Thread(target=serve, args=(listening,))
        server.start()
        app.config["PORTAL_SMTP_URL"] = f"smtps://us:pass@127.0.0.1:{listening.getsockname()[1]}"
        outbox.promise(CLAIRE, DENIS)
        outbox.sweep()
        server.join()
    assert (is_paused(outbox), unblamed(outbox), heard) == (True, True, [])
    assert "certificate" in outbox.channel().answer.lower()
