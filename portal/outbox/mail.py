"""Writing a mail and handing it to the mail server. Nothing here touches the database."""

import re
import smtplib
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as LINES  # CRLF, as RFC 5321 wants
from email.utils import format_datetime
from typing import Self
from urllib.parse import unquote, urlsplit

import css_inline
from flask import current_app
from flask_babel import force_locale

from portal import clock
from portal.links import external_url, mail_domain, make_token
from portal.outbox.models import Message, MessageKind, Recipient
from portal.settings.queries import option

STEP_SECONDS = 10.0  # patience for one answer of the server
MAIL_SECONDS = 20.0  # for a whole mail, well below the lease: a server may drip one byte a second
LOCAL = {"localhost", "127.0.0.1", "::1"}
_inliner = css_inline.CSSInliner(keep_style_tags=True, keep_at_rules=True, load_remote_stylesheets=False)


class ServerClosed(Exception):
    """The mail server is not there, or lets nobody in: no message is to blame."""


class Outcome(Exception):
    """How handing over ended, when not with an acceptance: `later`, `refused` or `lost`."""

    def __init__(self, outcome: str, answer: str) -> None:
        super().__init__(answer)
        self.outcome, self.answer = outcome, answer


def render(message: Message, kind: MessageKind, language: str, token: Callable[[str, str], str]) -> dict[str, str]:
    """Return subject, text and html of a message in `language`.

    Args:
        token: makes the token of a link from purpose and public id; a preview passes one that opens nothing.
    """
    templates = current_app.jinja_env
    with force_locale(language):
        context = {**kind.context(message, token), "agency": {"name": option("agency.name")}}
        text = templates.get_template(f"mails/{kind.template}.txt")
        subject = "".join(text.blocks["subject"](text.new_context(context)))
        html = templates.get_template(f"mails/{kind.template}.html").render(context)
        return {"subject": " ".join(subject.split()), "text": text.render(context), "html": _inliner.inline(html)}


def compose(message: Message, kind: MessageKind, recipient: Recipient) -> EmailMessage:
    """Return the mail. Message-ID and links are derived from the row: a second copy is the same mail."""
    parts = render(message, kind, recipient.language, make_token)
    mail = EmailMessage(policy=LINES)
    mail["From"] = Address(option("agency.name"), addr_spec=sender())
    mail["To"] = Address(" ".join(recipient.name.split()), addr_spec=recipient.address)
    mail["Subject"] = parts["subject"]
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = f"<mr-{message.public_id}@{mail_domain()}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = recipient.language
    if kind.may_unsubscribe:
        page = external_url("open.unsubscribe", token=make_token("unsubscribe", message.public_id))
        mail["List-Unsubscribe"] = f"<{page}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(parts["text"])
    mail.add_alternative(parts["html"], subtype="html")
    return mail


def sender() -> str:
    """The address that mails come from."""
    return option("agency.sender") or current_app.config["PORTAL_MAIL_FROM"] or f"no-reply@{_dotted(mail_domain())}"


def _dotted(domain: str) -> str:
    return domain if "." in domain and not domain.replace(".", "").isdigit() else "localhost.localdomain"


class Mailer:
    """One conversation with the mail server, opened at the first mail and used for the whole batch."""

    def __init__(self, url: str) -> None:
        self.url = urlsplit(url)
        self.smtp: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        smtp, self.smtp = self.smtp, None
        if smtp:
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()
            smtp.close()

    def open(self) -> None:
        """Connect, encrypt and sign in, unless that is done.

        Raises:
            ServerClosed: any of it did not work.
        """
        if self.smtp:
            return
        host, secure = self.url.hostname or "localhost", self.url.scheme == "smtps"
        port = self.url.port or (465 if secure else 25)
        try:
            if secure:
                self.smtp = smtplib.SMTP_SSL(host, port, timeout=STEP_SECONDS, context=ssl.create_default_context())
            else:
                self.smtp = smtplib.SMTP(host, port, timeout=STEP_SECONDS)
            self._introduce(self.smtp, host, secure)
        except (OSError, smtplib.SMTPException) as error:
            self.smtp = None
            raise ServerClosed(str(error)) from error

    def _introduce(self, smtp: smtplib.SMTP, host: str, secure: bool) -> None:
        smtp.ehlo()
        if not secure and smtp.has_extn("starttls") and host not in LOCAL:
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo()
        if self.url.username:
            smtp.login(unquote(self.url.username), unquote(self.url.password or ""))

    def send(self, mail: EmailMessage, on_text: Callable[[], None]) -> str:
        """Hand one mail over and return the server's answer.

        Args:
            on_text: called just before the text leaves: from then on the server may have accepted it.

        Raises:
            Outcome: it was not accepted, now or ever, or the answer was lost.
            ServerClosed: the server went away before this mail was begun.
        """
        self.open()
        smtp = self.smtp
        if smtp is None or smtp.sock is None:
            raise ServerClosed("no connection")
        watchdog = threading.Timer(MAIL_SECONDS, _hang_up, [smtp])
        watchdog.start()
        try:
            return self._converse(smtp, mail, on_text)
        except (OSError, smtplib.SMTPException) as error:
            self.close_hard()
            raise Outcome("later", f"silence before the text: {error}") from error
        finally:
            watchdog.cancel()

    def _converse(self, smtp: smtplib.SMTP, mail: EmailMessage, on_text: Callable[[], None]) -> str:
        self._expect(smtp.mail(mail["From"].addresses[0].addr_spec), of_sender=True)
        self._expect(smtp.rcpt(mail["To"].addresses[0].addr_spec))
        on_text()
        self._expect(smtp.docmd("DATA"), wanted=354)
        try:
            smtp.send(_escaped(mail.as_bytes()) + b".\r\n")
            code, answer = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self.close_hard()
            raise Outcome("lost", f"no answer after the text: {error}") from error
        self._expect((code, answer))
        return _said(code, answer)

    def _expect(self, reply: tuple[int, bytes], *, wanted: int = 250, of_sender: bool = False) -> None:
        code, answer = reply
        if code == wanted or (wanted == 250 and code == 251):
            return
        if code == 421 or of_sender or code in (530, 535):
            self.close_hard()
            raise ServerClosed(_said(code, answer))
        if self.smtp:
            with suppress(OSError, smtplib.SMTPException):
                self.smtp.rset()
        raise Outcome("refused" if 500 <= code < 600 else "later", _said(code, answer))

    def close_hard(self) -> None:
        """Drop a conversation that cannot be trusted any more."""
        if self.smtp:
            self.smtp.close()
        self.smtp = None


def _hang_up(smtp: smtplib.SMTP) -> None:
    with suppress(OSError, AttributeError):
        smtp.sock.shutdown(2)


def _escaped(text: bytes) -> bytes:
    """RFC 5321 4.5.2: a line that begins with a dot gets another one."""
    text = re.sub(rb"(?m)^\.", b"..", text)
    return text if text.endswith(b"\r\n") else text + b"\r\n"


def _said(code: int, answer: bytes) -> str:
    return f"{code} {answer.decode('utf-8', 'replace')}"
