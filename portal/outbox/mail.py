"""Writing a mail: in the recipient's language, as text and as HTML, always the same for the same row."""

import re
from collections.abc import Callable
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime
from functools import cache
from typing import TYPE_CHECKING

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from portal import clock
from portal.links import ascii_address, external_url, mail_domain, make_token
from portal.outbox.mailer import Outcome, ServerClosed
from portal.outbox.models import Message, MessageKind, Recipient
from portal.settings.queries import option

if TYPE_CHECKING:
    from css_inline import CSSInliner

_GAPS = re.compile(r"\n(?:[ \t]*\n){2,}")  # what template tags leave behind


@cache
def _inliner() -> "CSSInliner":
    from css_inline import CSSInliner  # of use where mails are written: few web processes ever are

    return CSSInliner(keep_style_tags=True, keep_at_rules=True, load_remote_stylesheets=False)


class BadSender(ServerClosed):
    """No mail can come from the sender's address: no message is to blame, all wait until somebody corrects it."""


class Lines(EmailPolicy):
    """CRLF as RFC 5321 wants, and names and addresses whole: Python's own folding would encode what is too long for
    its lines, and no mail program knows such a link or id."""

    WHOLE = ("list-unsubscribe", "message-id")

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() in self.WHOLE:
            return f"{name}: {value}\r\n".encode("ascii")
        return super().fold_binary(name, value)


LINES: EmailPolicy = Lines(linesep=SMTP.linesep, cte_type="7bit")  # ty: ignore[invalid-argument-type]


def render(message: Message, kind: MessageKind, language: str, token: Callable[[str, str], str]) -> dict[str, str]:
    """Return subject, text and html of a message in `language`.

    Args:
        token: makes the token of a link from purpose and public id; a preview passes one that opens nothing.
    """
    templates = current_app.jinja_env
    with force_locale(language):
        context = {**kind.context(message, token), "agency": {"name": option("agency.name")}}
        context["privacy_url"] = external_url("agency.privacy")
        text = templates.get_template(f"mails/{kind.template}.txt")
        subject, body = ("".join(text.blocks[name](text.new_context(context))) for name in ("subject", "body"))
        html = templates.get_template(f"mails/{kind.template}.html").render(context)
        about = _("What we keep about you, and why: %(url)s", url=context["privacy_url"])
        plain = f"{_GAPS.sub(chr(10) * 2, body).strip()}\n{about}\n"
        return {"subject": " ".join(subject.split()), "text": plain, "html": _inliner().inline(html)}


def compose(message: Message, kind: MessageKind, recipient: Recipient) -> EmailMessage:
    """Return the mail. Message-ID and links are derived from the row: a second copy is the same mail.

    Raises:
        Outcome: no mail can be sent to this address, ever.
        BadSender: no mail can come from ours.
    """
    parts = render(message, kind, recipient.language, make_token)
    mail = EmailMessage(policy=LINES)
    mail["From"] = _origin()
    mail["To"] = _addressee(recipient)
    mail["Subject"] = parts["subject"]
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = f"<mr-{message.public_id}@{mail_domain()}>"
    mail["Auto-Submitted"] = "auto-generated"
    if kind.may_unsubscribe:
        page = external_url("open.unsubscribe", token=make_token("unsubscribe", message.public_id))
        mail["List-Unsubscribe"] = f"<{page}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(parts["text"], cte="quoted-printable")  # eight bits are not every server's
    mail.add_alternative(parts["html"], subtype="html", cte="quoted-printable")
    mail["Content-Language"] = recipient.language  # last: what begins with Content moves into the first alternative
    return mail


def _addressee(recipient: Recipient) -> Address:
    try:
        return Address(_one_line(recipient.name), addr_spec=ascii_address(recipient.address))
    except ValueError as error:
        raise Outcome("refused", f"not an address that can be mailed to: {error}") from error


def _one_line(name: str) -> str:
    """A name must not add a header."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in name).split())


def _origin() -> Address:
    """Whom mails come from, tried out: what cannot be written here cannot be written for any message."""
    try:
        found = Address(_one_line(option("agency.name")), addr_spec=sender())
        trial = EmailMessage(policy=LINES)
        trial["From"] = found
        trial.as_bytes()
    except Exception as error:
        raise BadSender(f"no mail can come from {chosen_sender()}: {error}") from error
    return found


def sender() -> str:
    """The address that mails come from, as mail servers take it.

    Raises:
        BadSender: what was chosen is none.
    """
    try:
        return ascii_address(chosen_sender())
    except ValueError as error:
        raise BadSender(f"no mail can come from {chosen_sender()}: {error}") from error


def chosen_sender() -> str:
    """The address that mails come from, as somebody typed it."""
    return option("agency.sender") or current_app.config["PORTAL_MAIL_FROM"] or f"no-reply@{_dotted(mail_domain())}"


def bad_sender() -> str | None:
    """The sender's address when no mail can come from it."""
    try:
        _origin()
    except BadSender:
        return chosen_sender()
    return None


def _dotted(domain: str) -> str:
    return domain if "." in domain and not domain.replace(".", "").isdigit() else "localhost.localdomain"
