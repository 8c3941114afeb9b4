"""Writing a mail: in the recipient's language, as text and as HTML, always the same for the same row."""

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
from portal.outbox import placeholders
from portal.outbox.gateway import Short
from portal.outbox.letters import (
    FOOT,
    Draft,
    Shipped,
    Unfilled,
    letter_of,
    plain,
    shipped_draft,
    values_of,
    written,
)
from portal.outbox.mailer import Outcome, ServerClosed
from portal.outbox.models import SMS, Message, MessageKind, Recipient
from portal.outbox.short import plain_signs
from portal.outbox.text_queries import own_draft
from portal.settings.queries import option

if TYPE_CHECKING:
    from css_inline import CSSInliner


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


def render(
    message: Message, kind: MessageKind, language: str, token: Callable[[str, str], str], *, strict: bool = False
) -> dict[str, str]:
    """Return subject, text and html of a message in `language`: of the agency's own text where there is one.

    Args:
        token: makes the token of a link from purpose and public id; a preview passes one that opens nothing.
        strict: refuse to write what cannot be filled; a preview shows it as it stands.

    Raises:
        Unfilled: the agency's text names what there is not.
    """
    if kind.write:
        return kind.write(message)
    with force_locale(language):
        if message.channel == SMS:
            return write_short(kind, kind.context(message, token), own_draft(kind.name, language, SMS), strict=strict)
        return write(kind, kind.context(message, token), own_draft(kind.name, language, "mail"), strict=strict)


def write(kind: MessageKind, context: dict, own: Draft | None, *, strict: bool = False) -> dict[str, str]:
    """The same in the present language, from what the templates of the kind read and from a text that may be new."""
    context = {"agency": {"name": option("agency.name")}, "privacy_url": external_url("agency.privacy"),
               "is_test": False, "test_note": _("This is a test: its links open nothing."), **context}  # fmt: skip
    shipped = Shipped(kind.template, context)
    about = _("What we keep about you, and why: %(url)s", url=context["privacy_url"])
    if own is None:
        subject, text, html = shipped.subject, shipped.whole, shipped.html
    else:
        subject, text, html = _own_parts(kind, shipped, own, strict)
    if context["is_test"]:
        subject, text = f"[TEST] {subject}", f"[TEST] {context['test_note']}\n\n{text}"
    return {"subject": " ".join(subject.split()), "text": f"{text}\n{about}\n", "html": _inliner().inline(html)}


def _own_parts(kind: MessageKind, shipped: Shipped, own: Draft, strict: bool) -> tuple[str, str, str]:
    letter = letter_of(kind)
    values = values_of(letter, shipped)
    missing = [name for text in (own.subject, own.body) for name in placeholders.unfilled(text, values)]
    if missing and strict:
        raise Unfilled(", ".join(f"{{{name}}}" for name in missing))
    values |= {name: f"{{{name}}}" for name in missing}
    subject = placeholders.fill(own.subject, values)
    context = {**shipped.context, "shipped": f"mails/{kind.template}.html", "subject": " ".join(subject.split()),
               "paragraphs": written(own, letter, values)}  # fmt: skip
    html = current_app.jinja_env.get_template("mails/_own.html").render(context)
    return subject, FOOT.join(filter(None, (plain(own, values), shipped.foot))), html


def write_short(kind: MessageKind, context: dict, own: Draft | None, *, strict: bool = False) -> dict[str, str]:
    """The same as a text message, which has no subject; its html is for a preview."""
    letter, context = letter_of(kind), {"agency": {"name": option("agency.name")}, "is_test": False, **context}
    draft = own or shipped_draft(letter, kind.template, SMS)
    values = values_of(letter, Shipped(kind.template, context), SMS)
    if strict and (missing := placeholders.unfilled(draft.body, values)):
        raise Unfilled(", ".join(f"{{{name}}}" for name in missing))
    text = plain_signs(f"[TEST] {plain(draft, values)}" if context["is_test"] else plain(draft, values))
    html = current_app.jinja_env.get_template("mails/short.html").render(text=text, label=kind.label)
    return {"subject": "", "text": text, "html": html}


def compose_short(message: Message, kind: MessageKind, recipient: Recipient) -> Short:
    """Return the text message. Its name and its links are derived from the row: a second copy is the same message.

    Raises:
        Unfilled: the agency's text of it names what there is not.
    """
    parts = render(message, kind, recipient.language, make_token, strict=True)
    return Short(recipient.address, parts["text"], message.public_id)


def compose(message: Message, kind: MessageKind, recipient: Recipient) -> EmailMessage:
    """Return the mail. Message-ID and links are derived from the row: a second copy is the same mail.

    Raises:
        Outcome: no mail can be sent to this address, ever.
        BadSender: no mail can come from ours.
        Unfilled: the agency's text of it names what there is not.
    """
    parts = render(message, kind, recipient.language, make_token, strict=True)
    mail = EmailMessage(policy=LINES)
    mail["From"] = _origin()
    mail["To"] = _addressee(recipient)
    mail["Subject"] = _one_line(parts["subject"])
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = f"<mr-{message.public_id}@{mail_domain()}>"
    mail["Auto-Submitted"] = "auto-generated"
    if kind.may_unsubscribe:
        page = external_url("open.unsubscribe", token=make_token("unsubscribe", message.public_id))
        mail["List-Unsubscribe"] = f"<{page}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(parts["text"], cte="quoted-printable")  # eight bits are not every server's
    mail.add_alternative(parts["html"], subtype="html", cte="quoted-printable")
    for file in kind.attachments(message):
        mail.add_attachment(file.content, maintype=file.kind, subtype=file.subkind, filename=file.name)
    mail["Content-Language"] = recipient.language  # last: what begins with Content moves into the first alternative
    return mail


def _addressee(recipient: Recipient) -> Address:
    try:
        return Address(_one_line(recipient.name), addr_spec=ascii_address(recipient.address))
    except ValueError as error:
        raise Outcome("refused", f"not an address that can be mailed to: {error}") from error


def _one_line(said: str) -> str:
    """A name or a subject must not add a header: neither by a line of its own nor by an encoded word (RFC 2047 §2),
    which Python reads, and with it the line ends that it hides."""
    line = "".join(sign if sign.isprintable() else " " for sign in said)
    return " ".join(line.replace("=?", "= ?").split())


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
