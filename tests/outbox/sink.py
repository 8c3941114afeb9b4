"""A mail server that misbehaves as told and writes down what it took: the judge of what was delivered.

**Per recipient.** `w7+rcpt451.dot-lost@example.org`: the first attempt is refused with 451 at RCPT, the answer to the
text of the second is lost, all others go well. `Sink.script` says the same for other addresses. Deeds:

* `rcpt451 rcpt550 rcpt421 data451 data550 dot451 dot552 dot421`: that answer at that point (`dot`: to the whole text);
* `rcpt-silent data-silent rcpt-close data-close rcpt-drip`: no answer, a closed line, a byte at a time;
* `dot-silent dot-close`: the same, the text is thrown away; `dot-garbage`: nonsense for an answer, text thrown away;
* `dot-lost dot-mute dot-drip dot-late`: the text is **taken**, then the line is closed, or nothing, a drip, or a 250
  that comes when nobody waits for it any more, for an answer;
* `dot-nul`: taken, with an answer that holds a NUL;
* `kill-rcpt kill-data kill-text kill-dot kill-250`: the process at the other end is killed there (-9). `kill-dot` and
  `kill-250` have taken the text; the latter stops the process, answers 250, and kills it before it can read that.
  `slay-…` kills the process's worker first, `orphan-…` the worker only;
* `freeze-rcpt freeze-dot`: the process is stopped, the dialogue goes on when somebody wakes it;
* `term-rcpt term-data term-text term-dot term-250`: the process's worker, or the ticker, is told to stop (SIGTERM).

**Per connection.** `Sink.greetings`: `ok`, `421`, `554`, `silent`, `close`, `drip`, `535` (to the password), and
`kill-connect kill-mail` with their kin, consumed one by one, then `ok`.

Run as a program (`python -m tests.outbox.sink LOG [PORT] [GREETINGS]`) it prints its port and runs until it is killed.
"""

import json
import os
import signal
import socket
import socketserver
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Self

STRIKES = ("kill", "slay", "orphan", "term", "freeze")
# the text is taken and nobody is told
LOST = {"dot-lost", "dot-mute", "dot-drip", "dot-late"} | {
    f"{how}-{point}" for how in STRIKES[:3] for point in ("dot", "250", "before-commit")
}
LONGEST_SILENCE = 30.0  # seconds; the other end should have left long before
TOLD = 0.2  # seconds; until a process has heard what it was told
LATE = 4.0  # seconds; longer than the patience of tests/faults/runner.py
RUNNER = "tests.faults.runner"


@dataclass(frozen=True)
class Event:
    """One line of the judge's log: `conversation`, `try`, `fault` or `taken`."""

    what: str
    deed: str = ""
    to: str = ""
    message_id: str = ""
    pid: int = 0
    at: float = 0.0


class Sink:
    """The server and its memory; several at once share nothing."""

    def __init__(self, log: Path | None = None, port: int = 0, greetings: Iterable[str] = ()) -> None:
        self.log, self.greetings = log, list(greetings)
        self.script: dict[str, list[str]] = {}
        self.events: list[Event] = []
        self.mails: list[EmailMessage] = []
        self.texts: list[bytes] = []  # the same, as they came
        self.delay = 0.0  # seconds before each answer
        self.password: str | None = None  # what sign-in needs, when it is asked for
        self._lock, self._tries = threading.Lock(), Counter[str]()
        self._server = Server(("127.0.0.1", port), Dialogue)
        self._server.sink = self
        self.port: int = self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve(self) -> None:
        self._server.serve_forever()

    def note(self, event: Event) -> None:
        """Remember, and write down before the other end hears of it."""
        with self._lock:
            self.events.append(event)
            if self.log:
                write_log(self.log, event)

    def greeting(self) -> str:
        with self._lock:
            return self.greetings.pop(0) if self.greetings else "ok"

    def deed(self, recipient: str) -> str:
        """What happens to this attempt at a recipient."""
        _, _, written = recipient.partition("@")[0].partition("+")
        planned = self.script.get(recipient) or (written.split(".") if written else [])
        if self.log:  # an earlier sink of this log has counted too
            tries = sum(1 for event in read_log(self.log) if event.what == "try" and event.to == recipient)
        else:
            tries = sum(1 for event in self.events if event.what == "try" and event.to == recipient)
        return planned[tries] if tries < len(planned) else "ok"

    def taken(self, recipient: str = "") -> list[Event]:
        return [event for event in self.events if event.what == "taken" and recipient in ("", event.to)]


def write_log(path: Path, event: Event) -> None:
    """Add a line, whole, whoever else writes."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(event)) + "\n")


def read_log(path: Path) -> list[Event]:
    """What judges of this log have written down so far."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Event(**json.loads(line)) for line in lines if line.endswith("}")]


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 64
    sink: Sink


class Dialogue(socketserver.BaseRequestHandler):
    """One conversation."""

    request: socket.socket

    def handle(self) -> None:
        assert isinstance(self.server, Server)
        self.sink = self.server.sink
        self.lines = self.request.makefile("rb")
        self.recipient, self.what_happens, self.pid = "", "ok", 0
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.greeting = "ok"
        with suppress(OSError, Over):
            self._greet()
            while line := self.lines.readline():
                with suppress(Again):
                    self._answer(line.decode("latin-1").strip())
        if (
            self.greeting.endswith("-mail") or self.greeting == "535"
        ):  # nobody has come to that point: the next one will
            self.sink.greetings.insert(0, self.greeting)

    def say(self, line: str) -> None:
        time.sleep(self.sink.delay)
        self.request.sendall(line.encode() + b"\r\n")

    def _greet(self) -> None:
        self.greeting = greeting = self.sink.greeting()
        if greeting.endswith("-connect"):
            self._strike_at("connect", greeting)
        elif greeting.endswith("-mail") or greeting == "535":
            pass  # its turn comes later in the dialogue
        elif greeting != "ok":
            self.sink.note(Event("fault", f"greeting-{greeting}", at=time.time()))
        if greeting in ("421", "554"):
            self.say(f"{greeting} not now")
            raise Over
        if greeting in ("silent", "close", "drip"):
            self._misbehave(greeting)
        self.sink.note(Event("conversation", at=time.time()))
        self.say("220 sink")

    def _answer(self, line: str) -> None:
        verb = line.split(" ")[0].upper()
        if verb == "EHLO":
            self.say("250-sink\r\n250 AUTH PLAIN LOGIN" if self.sink.password else "250 sink")
        elif verb == "AUTH":
            self._sign_in()
        elif verb == "MAIL" and self.greeting.endswith("-mail"):
            how, self.greeting = self.greeting, "ok"
            self._strike_at("mail", how)
            self.say("250 sender")
        elif verb == "RCPT":
            self._receive(line)
        elif verb == "DATA":
            self._take()
        elif verb == "QUIT":
            self.say("221 bye")
            raise Over
        else:
            self.say("250 fine")

    def _sign_in(self) -> None:
        refused = self.greeting.startswith("535") or self.sink.password == "nobody knows"
        if self.greeting == "535":
            self.sink.note(Event("fault", "greeting-535", at=time.time()))
            self.greeting = "535 said"  # a client tries several ways to sign in
        self.say("535 wrong password" if refused else "235 welcome")

    def _receive(self, line: str) -> None:
        self.recipient = line.partition("<")[2].partition(">")[0]
        self.what_happens = self.sink.deed(self.recipient)
        self.sink.note(Event("try", self.what_happens, self.recipient, at=time.time()))
        self._perhaps("rcpt")
        self.say("250 recipient")

    def _take(self) -> None:
        self._perhaps("data")
        self.say("354 go on")
        text = self._text()
        if self.what_happens in ("dot451", "dot552", "dot421", "dot-silent", "dot-close", "dot-garbage"):
            self._perhaps("dot")
        mail = message_from_bytes(text, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.sink.mails.append(mail)
        self.sink.texts.append(text)
        note = Event("taken", self.what_happens, self.recipient, str(mail["Message-ID"]), at=time.time())
        self.sink.note(note)
        self._perhaps("dot")
        self._perhaps("250")
        self.say("250 \0taken" if self.what_happens == "dot-nul" else "250 taken")

    def _text(self) -> bytes:
        lines = []
        while (line := self.lines.readline()) != b".\r\n":
            if not line:
                raise Over
            lines.append(line.removeprefix(b"."))
            if len(lines) == 3:
                self._perhaps("text")
        return b"".join(lines)

    def _perhaps(self, point: str) -> None:
        """Do what is planned for this point of the dialogue, if anything is."""
        kind, _, where = self.what_happens.partition("-")
        if self.what_happens.startswith(point):
            self._fault()
            code = self.what_happens.removeprefix(point)
            if code.isdigit():
                self.say(f"{code} as planned")
                raise Again if code != "421" else Over
            self._misbehave(code.removeprefix("-"))
        elif where == point and kind in STRIKES:
            self._strike_at(point, self.what_happens)

    def _strike_at(self, point: str, deed: str) -> None:
        """Do something to the process at the other end, and write down to whom."""
        self.pid, self.what_happens = peer_pid(self.request), deed
        kind = deed.partition("-")[0]
        worker = parent_of(self.pid)
        is_horse = RUNNER in Path(f"/proc/{worker}/cmdline").read_text(encoding="utf-8")  # or a ticker, of the test's
        if kind == "term" and is_horse:
            self.pid = worker  # it is the one to leave
        self._fault()
        if kind == "term":
            os.kill(self.pid, signal.SIGTERM)
            time.sleep(TOLD)
        else:
            self._strike(kind, point, worker if is_horse else None)

    def _fault(self) -> None:
        self.sink.note(Event("fault", self.what_happens, self.recipient, pid=self.pid, at=time.time()))

    def _misbehave(self, how: str) -> None:
        if how == "nul":
            return
        if how == "garbage":
            self.say("what?")
        elif how == "late":
            time.sleep(LATE)
            self.say("250 taken, at last")
        elif how == "drip":
            deadline = time.monotonic() + LONGEST_SILENCE
            self.request.sendall(b"250-a")  # a line that never ends
            while time.monotonic() < deadline:
                self.request.sendall(b"h")
                time.sleep(0.05)
        elif how in ("silent", "mute"):
            self.request.settimeout(LONGEST_SILENCE)
            self.lines.read(1)  # returns when the other end has had enough
        raise Over

    def _strike(self, kind: str, point: str, worker: int | None) -> None:
        os.kill(self.pid, signal.SIGSTOP)
        if kind == "freeze":
            return
        if point == "250":
            self.say("250 taken")
        if kind in ("slay", "orphan") and worker:
            os.kill(worker, signal.SIGKILL)
        if kind != "orphan" or not worker:  # the kernel ends a process that has lost its worker
            os.kill(self.pid, signal.SIGKILL)
        raise Over


class Over(Exception):
    """The conversation is."""


class Again(Exception):
    """The answer has been given; the conversation goes on."""


def peer_pid(connection: socket.socket) -> int:
    """Return the process at the other end of a connection on this machine."""
    (host, port), (here, own) = connection.getpeername(), connection.getsockname()
    wanted = f"{_hex(host)}:{port:04X} {_hex(here)}:{own:04X}"
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if f"{fields[1]} {fields[2]}" == wanted:
            return _owner(f"socket:[{fields[9]}]")
    raise AssertionError("the other end is not on this machine")


def _hex(host: str) -> str:
    return f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}"


def _owner(inode: str) -> int:
    for folder in Path("/proc").glob("[0-9]*/fd"):
        with suppress(OSError):
            if any(str(link.readlink()) == inode for link in folder.iterdir()):
                return int(folder.parent.name)
    raise AssertionError("nobody holds the other end")


def parent_of(pid: int) -> int:
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    return int(stat.rpartition(")")[2].split()[1])


def main() -> None:
    log, port, greetings = [*sys.argv[1:], "0", ""][:3] if len(sys.argv) < 4 else sys.argv[1:]
    sink = Sink(Path(log), int(port), [greeting for greeting in greetings.split(",") if greeting])
    sink.password = "known"
    sys.stdout.write(f"{sink.port}\n")
    sys.stdout.flush()
    sink.serve()


if __name__ == "__main__":
    main()
