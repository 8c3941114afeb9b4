"""A gateway of text messages on loopback, as badly behaved as a test wants it: a real socket, in a thread."""

import socket
import threading
from contextlib import suppress
from typing import Self


class WebSink:
    """Takes connections one after the other; answers each with the next of its `answers`, the last one for ever.

    An answer is bytes; `None` says nothing until the client leaves, `close` hangs up after the request.
    """

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/send"
        self.answers: list[bytes | str | None] = [reply()]
        self.requests: list[tuple[str, dict[str, str], str]] = []  # its line, headers, body
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self.listener.accept()
            except OSError:
                return
            with connection:
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        with suppress(OSError), connection.makefile("rb") as file:
            line = file.readline().decode("utf-8", "replace").strip()
            if not line.endswith("HTTP/1.1"):
                return
            headers = {}
            while row := file.readline().decode("utf-8", "replace").strip():
                name, _colon, value = row.partition(":")
                headers[name.lower()] = value.strip()
            self.requests.append((line, headers, file.read(int(headers.get("content-length", 0))).decode()))
            self._answer(connection, self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])

    def _answer(self, connection: socket.socket, answer: bytes | str | None) -> None:
        if isinstance(answer, bytes):
            connection.sendall(answer)
        elif answer is None:
            connection.recv(1)
        elif answer == "drip":
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while True:
                connection.sendall(b"X: y\r\n")
                threading.Event().wait(0.05)


def reply(status: str = "200 OK", body: str = '{"status": "queued"}', *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body.encode())}",
             "Connection: close", *headers, "", body]  # fmt: skip
    return "\r\n".join(lines).encode()
