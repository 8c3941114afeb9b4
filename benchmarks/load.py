"""The visitors: a process of its own that sends requests over kept connections and looks at every answer.

`python -m benchmarks.load ORDER.json` prints one line of JSON. Its own CPU is counted for nobody.
"""

import json
import socket
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Order:
    """What is asked.

    Attributes:
        port: of the server on loopback.
        connections: how many visitors at once.
        requests: method, path, cookie, body of each; everybody asks as a person of their own.
        status: the only right answer.
        marker: must stand in it: only who is signed in sees it.
        rows: how many lines of the list it must hold.
    """

    port: int
    connections: int
    requests: list[list[str]]
    status: int
    marker: str = ""
    rows: int = 0


class Visitor(threading.Thread):
    def __init__(self, order: Order, mine: list[list[str]]) -> None:
        super().__init__()
        self.order, self.mine = order, mine
        self.seconds: list[float] = []
        self.wrong: list[str] = []
        self.size = 0

    def run(self) -> None:
        with socket.create_connection(("127.0.0.1", self.order.port), timeout=60) as wire:
            for method, path, cookie, body in self.mine:
                began = time.perf_counter()
                wire.sendall(_request(method, path, cookie, body))
                head, text = _answer(wire)
                self.seconds.append(time.perf_counter() - began)
                self._look(path, head, text)

    def _look(self, path: str, head: bytes, text: bytes) -> None:
        status, self.size = int(head[9:12]), len(text)
        rows = text.count(b'<li class="visit') if self.order.rows else 0
        right = status == self.order.status and rows == self.order.rows and self.order.marker.encode() in text
        if not right:
            self.wrong.append(f"{path}: {status}, {rows} rows, {len(text)} bytes")


def _request(method: str, path: str, cookie: str, body: str) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\nAccept-Language: fr\r\n"
    if method == "POST":
        head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n{body}".encode()


def _answer(wire: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(wire)
    head, _, text = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    while len(text) < length:
        text += _more(wire)
    return head, text


def _more(wire: socket.socket) -> bytes:
    data = wire.recv(1 << 16)
    if not data:
        raise ConnectionError("the server closed the connection")
    return data


def main() -> None:
    order = Order(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    visitors = [Visitor(order, order.requests[n :: order.connections]) for n in range(order.connections)]
    began = time.perf_counter()
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    wall = time.perf_counter() - began
    seconds = sorted(second for visitor in visitors for second in visitor.seconds)
    wrong = [line for visitor in visitors for line in visitor.wrong]
    unasked = len(order.requests) - len(seconds)
    report = {
        "asked": len(seconds), "unasked": unasked, "wrong": len(wrong), "first_wrong": wrong[:3],
        "per_second": len(seconds) / wall, "p50_ms": 1000 * seconds[len(seconds) // 2],
        "p99_ms": 1000 * seconds[len(seconds) * 99 // 100], "bytes": max(visitor.size for visitor in visitors),
    }  # fmt: skip
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    main()
