"""The conversation with the gateway of text messages: one HTTP request each. Nothing here touches the database.

Which gateway is a matter of its settings: an address, a method, a body with `{to}`, `{text}`, `{from}` and `{id}`,
headers, and what a good answer says. It is used like the mailer: `open`, `send`, and the same ways of failing.
"""

import json
import re
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from html import escape
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Self
from urllib.parse import quote, urlsplit

from portal.outbox.mailer import Outcome, ServerClosed, Watch
from portal.outbox.redaction import excerpt

STEP_SECONDS = 10.0  # patience for the network
WHOLE_SECONDS = 20.0  # for one message, well below the lease
LONGEST_ANSWER = 65_536  # bytes that are read of one
# it is set wrongly, or lets nobody in; 302 and 303 are what a gateway may answer that has taken the text
CLOSED = (301, 307, 308, 401, 402, 403, 404, 405, 407, 415)
OURS = ("content-type", "content-length")  # headers that are written once
LATER = (408, 425, 429, 503)  # not taken, and says so
BROKEN = 500  # from here on the gateway itself is not well
METHODS = ("POST", "GET", "PUT")
UNWRITABLE = "the settings of the gateway cannot be written"  # no more: they hold secrets
KINDS = (  # what a body is, where no header says it
    (re.compile(r'\s*(\{\s*"|\[)'), "application/json"), (re.compile(r"\s*<"), "application/xml"),
    (re.compile(""), "application/x-www-form-urlencoded"),
)  # fmt: skip
_NAME = re.compile(r"\{(to|text|from|id)\}")
_ASCII, _HEADER = re.compile("[!-~]+"), re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True)
class Setting:
    """How a gateway is spoken to.

    Attributes:
        url: where; it may hold the names, too.
        method: `POST`, `GET` or `PUT`.
        body: what is sent, with its names; none for `GET`.
        headers: names and values. Secrets stand here, in the address or in the body: none of them is shown.
        success: path in a JSON answer and the value there (`status=queued`); without, the status of the answer decides.
        sender: what stands for `{from}`.
    """

    url: str = field(repr=False)
    method: str = "POST"
    body: str = field(default='{"to": "{to}", "text": "{text}"}', repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    success: str = ""
    sender: str = ""


def setting_from(environ: Mapping[str, str]) -> Setting | None:
    """Return how the gateway is spoken to, from the `PORTAL_SMS_…` variables; None without one.

    Raises:
        ValueError: one of them cannot be understood; the message names it, and repeats no value.
    """
    given = {name: environ.get(f"PORTAL_SMS_{name}") or "" for name in
             ("URL", "METHOD", "BODY", "HEADERS", "SUCCESS", "SENDER")}  # fmt: skip
    if not given["URL"]:
        return None
    if not _ASCII.fullmatch(given["URL"]):
        raise ValueError("PORTAL_SMS_URL holds a blank or a sign that is not ASCII")
    if urlsplit(given["URL"]).username is not None:
        raise ValueError("PORTAL_SMS_URL holds a name or a password before @: write them into PORTAL_SMS_HEADERS")
    method = given["METHOD"].upper() or "POST"
    if method not in METHODS:
        raise ValueError(f"PORTAL_SMS_METHOD is none of {', '.join(METHODS)}")
    body = given["BODY"] or ("" if method == "GET" else Setting.body)
    if not {"to", "text"} <= set(_NAME.findall(given["URL"] + body)):
        raise ValueError("PORTAL_SMS_BODY (or PORTAL_SMS_URL) holds no {to} or no {text}")
    if given["SUCCESS"] and "=" not in given["SUCCESS"]:
        raise ValueError("PORTAL_SMS_SUCCESS is not a path and a value such as status=queued")
    return Setting(given["URL"], method, body, _headers(given["HEADERS"] or "{}"), given["SUCCESS"], given["SENDER"])


def _headers(text: str) -> dict[str, str]:
    fault = ValueError('PORTAL_SMS_HEADERS is not a JSON object such as {"Authorization": "Bearer …"}')
    try:
        found = json.loads(text)
    except ValueError:
        raise fault from None
    if not isinstance(found, dict) or not all(map(_is_header, found, found.values())):
        raise fault
    return found


def _is_header(name: str, value: object) -> bool:
    """Whether it can be written (RFC 9110, 5.1 and 5.5), as `http.client` writes it: in Latin-1."""
    latin = isinstance(value, str) and value.isprintable() and all(ord(sign) < 256 for sign in value)
    return latin and _HEADER.fullmatch(name) is not None


@dataclass(frozen=True)
class Short:
    """A text message: to which number, what it says, and its name for the gateway, the same for each copy."""

    to: str
    text: str
    name: str


class Gateway:
    """Hands text messages over, each in a connection of its own: who waits an hour keeps none open."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.handed_over = 0
        self.watch = Watch()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.watch.end()

    @property
    def works(self) -> bool:
        """Whether the gateway has taken a message since it was made."""
        return self.handed_over > 0

    def open(self) -> None:
        """Nothing is opened before there is a message."""

    def try_out(self) -> bool:
        """Connect, and say nothing; return whether it is encrypted.

        Raises:
            ServerClosed: nobody is there.
        """
        connection = self._connect()
        connection.close()
        return isinstance(connection, HTTPSConnection)

    def send(self, short: Short, on_text: Callable[[], None]) -> str:
        """Hand one text message over and return the gateway's answer.

        Args:
            short: the message.
            on_text: called just before it leaves: from then on the gateway may have taken it.

        Raises:
            Outcome: it was not taken, now or ever, or the answer was lost.
            ServerClosed: the gateway is not there, or is not set as it wants to be spoken to.
        """
        with self.watch.at_most(WHOLE_SECONDS):
            connection = self._connect()
            try:
                body = self._write_head(connection, short)
                on_text()
                status, answer = self._ask(connection, body, short)
            finally:
                with suppress(OSError):
                    connection.close()
                self.watch.smtp = None
        said = self._judged(status, answer, short)
        self.handed_over += 1
        return said

    def _connect(self) -> HTTPConnection:
        place, connection = urlsplit(self.setting.url), None
        try:
            if place.scheme == "https":
                connection = HTTPSConnection(
                    place.hostname or "", place.port, timeout=STEP_SECONDS, context=ssl.create_default_context()
                )
            else:
                connection = HTTPConnection(place.hostname or "", place.port, timeout=STEP_SECONDS)
            self.watch.smtp = connection
            connection.connect()
        except OSError as error:
            if connection:
                connection.close()
            raise ServerClosed(error.strerror or str(error)) from error
        except (HTTPException, ValueError):
            raise ServerClosed(UNWRITABLE) from None  # its words repeat them
        return connection

    def _write_head(self, connection: HTTPConnection, short: Short) -> bytes | None:
        """Write the request, of which nothing leaves yet; return its body."""
        place, kind = urlsplit(self.setting.url), self._kind
        target = _filled(place.path + (f"?{place.query}" if place.query else ""), self._values(short), _in_address)
        written = _filled(self.setting.body, self._values(short), _writer_of(kind))
        body = None if self.setting.method == "GET" else written.encode()
        heads = {name: value for name, value in self.setting.headers.items() if name.lower() not in OURS}
        named = {name.lower() for name in heads}
        heads |= {"Content-Type": kind} | ({"Content-Length": str(len(body))} if body is not None else {})
        try:
            connection.putrequest(
                self.setting.method, target or "/", skip_host="host" in named,
                skip_accept_encoding="accept-encoding" in named,
            )  # fmt: skip
            for name, value in heads.items():
                connection.putheader(name, value)
        except (HTTPException, ValueError):
            raise ServerClosed(UNWRITABLE) from None  # its words repeat them
        return body

    def _ask(self, connection: HTTPConnection, body: bytes | None, short: Short) -> tuple[int, bytes]:
        """Send the request; what has left of it may have been enough, so that any silence is an answer lost."""
        try:
            connection.endheaders(body)
            answer: HTTPResponse = connection.getresponse()
            return answer.status, answer.read(LONGEST_ANSWER)
        except (OSError, HTTPException, ValueError) as error:
            words = excerpt(str(error), self.setting, short) or type(error).__name__
            raise Outcome("lost", f"no answer after the text: {words}") from error

    @property
    def _kind(self) -> str:
        given = {name.lower(): value for name, value in self.setting.headers.items()}
        return given.get("content-type") or next(kind for sign, kind in KINDS if sign.match(self.setting.body))

    def _values(self, short: Short) -> dict[str, str]:
        return {"to": short.to, "text": short.text, "from": self.setting.sender, "id": short.name}

    def _judged(self, status: int, answer: bytes, short: Short) -> str:
        """What an answer means. One that says that something broke does not say that nothing was sent."""
        said = f"{status} {excerpt(answer.decode('utf-8', 'replace'), self.setting, short)}".strip()
        if status in CLOSED:
            raise ServerClosed(said)
        if status in LATER:
            raise Outcome("later", said, of_server=status >= BROKEN)
        if 400 <= status < 500:
            raise Outcome("refused", said)
        if not 200 <= status < 300:
            words = f"no answer that one can understand after the text: {said}"
            raise Outcome("lost", words, of_server=status >= BROKEN)
        if self.setting.success:
            self._see_success(answer, said)
        return said

    def _see_success(self, answer: bytes, said: str) -> None:
        path, _equal, wanted = self.setting.success.partition("=")
        try:
            found = json.loads(answer)
            for step in path.split("."):
                found = found[int(step)] if isinstance(found, list) else found[step]
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise Outcome("lost", f"no answer that one can understand after the text: {said}") from error
        if str(found).lower() != wanted.lower():
            raise Outcome("refused", said)


def _filled(text: str, values: dict[str, str], write: Callable[[str], str]) -> str:
    return _NAME.sub(lambda found: write(values[found[1]]), text)


def _writer_of(kind: str) -> Callable[[str], str]:
    """How a value is written into a body of this content type: it must add nothing to it but itself."""
    return _in_json if "json" in kind else escape if "xml" in kind else _in_address


def _in_address(value: str) -> str:
    return quote(value, safe="")


def _in_json(value: str) -> str:
    return json.dumps(value)[1:-1]
