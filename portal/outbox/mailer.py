"""The conversation with the mail server. Nothing here touches the database."""

import re
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from http.client import HTTPConnection
from typing import Self
from urllib.parse import unquote, urlsplit

from portal.links import mail_domain

STEP_SECONDS = 10.0  # patience for one answer of the server
MAIL_SECONDS = 20.0  # for a whole mail, well below the lease: a server may drip one byte a second
FAREWELL_SECONDS = 2.0
# what a server may say in place of its answer to the recipient: the sender is bad, or it lets us not send (RFC 3463)
NOT_OF_RECIPIENT = re.compile(rb"5\.(1\.[78]|7\.\d+)\b")
LOCAL = {"localhost", "127.0.0.1", "::1"}


class ServerClosed(Exception):
    """The mail server is not there, or lets nobody in: no message is to blame."""


class Outcome(Exception):
    """How handing over ended, when not with an acceptance: `later`, `refused` or `lost`.

    `of_recipient` says that the server refused the address itself: not the text, not the sender, not us; `of_server`
    that it is not well, and is left alone for a minute.
    """

    def __init__(self, outcome: str, answer: str, *, of_recipient: bool = False, of_server: bool = False) -> None:
        super().__init__(answer)
        self.outcome, self.answer, self.of_recipient, self.of_server = outcome, answer, of_recipient, of_server


class Watch:
    """Cuts a connection on which a step lasts too long: the time-out of a socket begins anew with every byte."""

    PACE = 0.1  # seconds between two looks

    def __init__(self) -> None:
        self.smtp: smtplib.SMTP | HTTPConnection | None = None  # whatever has a socket
        self._until: float | None = None
        self._over = threading.Event()
        threading.Thread(target=self._look, daemon=True).start()

    @contextmanager
    def at_most(self, seconds: float) -> Generator[None]:
        """Give the block so many seconds, and no more than a block around it has left."""
        outer, until = self._until, time.monotonic() + seconds
        self._until = min(outer, until) if outer else until
        try:
            yield
        finally:
            self._until = outer

    def end(self) -> None:
        self._over.set()

    def _look(self) -> None:
        while not self._over.wait(self.PACE):
            until, smtp = self._until, self.smtp
            if until and smtp and smtp.sock and time.monotonic() > until:
                with suppress(OSError, AttributeError):  # it may be closed at this very moment
                    smtp.sock.shutdown(socket.SHUT_RDWR)


class Mailer:
    """One conversation with the mail server, opened at the first mail and used for the whole batch.

    Each step waits `STEP_SECONDS` for an answer and the whole of a mail `MAIL_SECONDS`, however slowly a server drips.
    """

    def __init__(self, url: str) -> None:
        self.url = urlsplit(url)
        self.smtp: smtplib.SMTP | None = None
        self.watch = Watch()
        self.handed_over = 0  # mails that the server has taken in this conversation

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()
        self.watch.end()

    @property
    def works(self) -> bool:
        """Whether the server has taken a mail in the conversation that is open."""
        return self.smtp is not None and self.handed_over > 0

    def close(self) -> None:
        """End the conversation as one should; a server that does not say goodbye is not waited for."""
        if self.smtp:
            with suppress(OSError, smtplib.SMTPException), self.watch.at_most(FAREWELL_SECONDS):
                self.smtp.quit()
        self.close_hard()

    def close_hard(self) -> None:
        """Drop a conversation that cannot be trusted any more."""
        if self.smtp:
            self.smtp.close()
        self.smtp = self.watch.smtp = None

    def open(self) -> None:
        """Connect, encrypt and sign in, unless that is done.

        Raises:
            ServerClosed: any of it did not work.
        """
        if self.smtp:
            return
        host, secure = self.url.hostname or "localhost", self.url.scheme == "smtps"
        try:
            port = self.url.port or (465 if secure else 25)
            self.smtp = self.watch.smtp = _client(secure)
            vars(self.smtp)["_host"] = host  # the name that TLS checks; only a constructor that connects sets it
            self.handed_over = 0
            with self.watch.at_most(MAIL_SECONDS):
                code, answer = self.smtp.connect(host, port)
                if code != 220:
                    raise ServerClosed(_said(code, answer))
                self._introduce(self.smtp, host, secure)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            self.close_hard()
            raise ServerClosed(_words(error)) from error
        except BaseException:
            self.close_hard()
            raise

    def _introduce(self, smtp: smtplib.SMTP, host: str, secure: bool) -> None:
        smtp.ehlo_or_helo_if_needed()
        if not secure and smtp.has_extn("starttls") and host not in LOCAL:
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo_or_helo_if_needed()
            secure = True
        if self.url.username:
            if not secure and host not in LOCAL:
                raise ServerClosed("the server offers no encryption: the password is not sent")
            smtp.login(unquote(self.url.username), unquote(self.url.password or ""))

    def send(self, mail: EmailMessage, on_text: Callable[[], None]) -> str:
        """Hand one mail over and return the server's answer.

        Args:
            mail: as `compose` made it.
            on_text: called just before the text leaves: from then on the server may have accepted it.

        Raises:
            Outcome: it was not accepted, now or ever, or the answer was lost.
            ServerClosed: the server went away before this mail was begun.
        """
        try:
            with self.watch.at_most(MAIL_SECONDS):
                self._offer(mail)
                if self.smtp is None:
                    raise ServerClosed("no connection")
                answer = self._converse(self.smtp, mail, on_text)
        except Outcome:
            raise
        except BaseException:  # whatever it was, the server and we do not know where we are
            self.close_hard()
            raise
        self.handed_over += 1
        return answer

    def _offer(self, mail: EmailMessage) -> None:
        """Say from whom. A conversation that has served may have been ended meanwhile: then begin a new one."""
        sender_ = mail["From"].addresses[0].addr_spec
        while True:
            self.open()
            served, smtp = self.handed_over, self.smtp
            try:
                if smtp is None:
                    raise ServerClosed("no connection")
                with self.watch.at_most(STEP_SECONDS):
                    code, answer = smtp.mail(sender_)
            except (OSError, smtplib.SMTPException) as error:
                code, answer = 421, str(error).encode()
            if _is_yes(code):
                return
            self.close_hard()
            if not served:
                raise ServerClosed(_said(code, answer))

    def _converse(self, smtp: smtplib.SMTP, mail: EmailMessage, on_text: Callable[[], None]) -> str:
        text = _escaped(mail.as_bytes()) + b".\r\n"
        try:
            self._expect(smtp.rcpt(mail["To"].addresses[0].addr_spec), _is_yes, to_recipient=True)
            on_text()
            self._expect(smtp.docmd("DATA"), lambda code: code == 354)
            smtp.send(text)
        except (OSError, smtplib.SMTPException) as error:  # the last bytes have not left: it cannot be accepted
            self.close_hard()
            raise Outcome("later", f"silence before the end of the text: {error}") from error
        try:
            code, answer = smtp.getreply()
        except Exception as error:
            self.close_hard()
            raise Outcome("lost", f"no answer after the text: {error}") from error
        if not _is_yes(code) and not _is_no(code):
            self.close_hard()
            raise Outcome("lost", f"no answer that one can understand after the text: {_said(code, answer)}")
        self._expect((code, answer), _is_yes)
        return _said(code, answer)

    def _expect(self, reply: tuple[int, bytes], wanted: Callable[[int], bool], *, to_recipient: bool = False) -> None:
        code, answer = reply
        if wanted(code):
            return
        if code in (530, 535):
            raise ServerClosed(_said(code, answer))
        if code == 421 or not _is_no(code):
            self.close_hard()
        elif self.smtp:
            with suppress(OSError, smtplib.SMTPException):
                self.smtp.rset()
        if not 500 <= code < 600:
            raise Outcome("later", _said(code, answer))
        raise Outcome("refused", _said(code, answer), of_recipient=to_recipient and not NOT_OF_RECIPIENT.match(answer))


def _client(secure: bool) -> smtplib.SMTP:
    """Return a client that is not connected yet, so that somebody can watch over the connecting."""
    name = mail_domain()
    known_as = name if "." in name and not name.replace(".", "").isdigit() else "[127.0.0.1]"
    if secure:
        return smtplib.SMTP_SSL(local_hostname=known_as, timeout=STEP_SECONDS, context=ssl.create_default_context())
    return smtplib.SMTP(local_hostname=known_as, timeout=STEP_SECONDS)


def _is_yes(code: int) -> bool:
    return 200 <= code < 300


def _is_no(code: int) -> bool:
    return 400 <= code < 600


def _escaped(text: bytes) -> bytes:
    """RFC 5321 4.5.2: a line that begins with a dot gets another one."""
    text = re.sub(rb"(?m)^\.", b"..", text)
    return text if text.endswith(b"\r\n") else text + b"\r\n"


def _words(error: Exception) -> str:
    """What went wrong, without the numbers and signs that only programs read."""
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return _said(error.smtp_code, said if isinstance(said, bytes) else str(said).encode())
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _said(code: int, answer: bytes) -> str:
    return f"{code} {answer.decode('utf-8', 'replace')}"
