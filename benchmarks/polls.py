"""People who have a conversation open: their pages ask every few seconds for what is new in it, and more rarely for the
figures of the menu; now and then one writes.

`python -m benchmarks.polls ORDER.json` prints one line of JSON. Its own CPU is counted for nobody.
"""

import asyncio
import json
import secrets
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

MARKER = b'class="said'  # of a message
BUBBLES = b"figure-list_threads"  # where the menu's figure of conversations stands
MENU_PACE = 15.0  # seconds between two questions of a page for the figures of its menu


@dataclass
class Watch:
    """What is asked.

    Attributes:
        port: of the server on loopback.
        people: address of the thread, cookie and token for forms of each person.
        seconds: for how long.
        pace: seconds between two questions of a page.
        writes: messages a second, of all together.
    """

    port: int
    people: list[list[str]]
    seconds: float
    pace: float
    writes: float


@dataclass
class Seen:
    """What came back."""

    polls: list[float] = field(default_factory=list)  # how long each took
    menus: list[float] = field(default_factory=list)
    posts: list[float] = field(default_factory=list)
    news: int = 0
    wrong: list[str] = field(default_factory=list)


class Browser:
    """Somebody's page: one kept connection, opened again when the server has closed it."""

    def __init__(self, watch: Watch, person: list[str], seen: Seen) -> None:
        self.watch, self.seen = watch, seen
        self.thread, self.cookie, self.token = person
        self.figures = f"/{self.thread.split('/')[1]}/figures"
        self.tag, self.menu_tag, self.wire = "", "", None
        self.lock = asyncio.Lock()

    async def ask(self, method: str, path: str, more: str, body: str = "") -> tuple[int, dict[str, str], bytes]:
        """Send a request; a connection that has grown old is opened anew."""
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {self.cookie}\r\n{more}"
        if method == "POST":
            head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        async with self.lock:
            while True:
                kept = self.wire is not None
                try:
                    return await self._ask(f"{head}\r\n{body}".encode())
                except (ConnectionError, asyncio.IncompleteReadError):
                    self.wire = None
                    if not kept:
                        raise

    async def _ask(self, text: bytes) -> tuple[int, dict[str, str], bytes]:
        if self.wire is None:
            self.wire = await asyncio.open_connection("127.0.0.1", self.watch.port)
        read, write = self.wire
        write.write(text)
        await write.drain()
        lines = (await read.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        heads = {name.lower(): value for name, _colon, value in (line.partition(": ") for line in lines[1:])}
        return int(lines[0].split()[1]), heads, await read.readexactly(int(heads.get("content-length", 0)))

    async def watch_thread(self, delay: float, until: float) -> None:
        """Ask for what is new, at the page's own pace."""
        await asyncio.sleep(delay)
        while time.monotonic() < until:
            began = time.monotonic()
            first, tag = not self.tag, f"HX-PTag: {self.tag}\r\n" if self.tag else ""
            status, heads, text = await self.ask(
                "GET", f"{self.thread}/news", f"HX-Request: true\r\nX-Poll: 1\r\n{tag}"
            )
            if not first:  # the page has one from its beginning
                self.seen.polls.append(time.monotonic() - began)
                self.seen.news += status == 200
            self.tag = heads.get("hx-ptag", self.tag)
            if not (status == 304 or (status == 200 and MARKER in text)) or (first and status != 200):
                self.seen.wrong.append(f"{self.thread}: {status}, {len(text)} bytes")
            await asyncio.sleep(max(0.0, self.watch.pace - (time.monotonic() - began)))

    async def watch_menu(self, delay: float, until: float) -> None:
        """Ask for the figures of the menu, as every page does."""
        await asyncio.sleep(delay)
        while time.monotonic() < until:
            began = time.monotonic()
            tag = f"HX-PTag: {self.menu_tag}\r\n" if self.menu_tag else ""
            status, heads, text = await self.ask("GET", self.figures, f"HX-Request: true\r\nX-Poll: 1\r\n{tag}")
            self.seen.menus.append(time.monotonic() - began)
            self.menu_tag = heads.get("hx-ptag", self.menu_tag)
            if not (status == 304 or (status == 200 and BUBBLES in text)):
                self.seen.wrong.append(f"{self.figures}: {status}, {len(text)} bytes")
            await asyncio.sleep(max(0.0, MENU_PACE - (time.monotonic() - began)))

    async def say_something(self) -> None:
        began, said = (
            time.monotonic(),
            {"text": "Merci, à demain.", "token": secrets.token_urlsafe(16), "csrf_token": self.token},
        )
        status, _heads, text = await self.ask("POST", f"{self.thread}/messages", "", urlencode(said))
        self.seen.posts.append(time.monotonic() - began)
        if status != 303:
            self.seen.wrong.append(f"{self.thread}: a message was answered with {status}, {len(text)} bytes")


async def watched(watch: Watch) -> Seen:
    """Let everybody look on for the time that is asked for."""
    seen, until = Seen(), time.monotonic() + watch.seconds
    pages = [Browser(watch, person, seen) for person in watch.people]
    tasks = [
        asyncio.create_task(page.watch_thread(watch.pace * number / len(pages), until))
        for number, page in enumerate(pages)
    ] + [
        asyncio.create_task(page.watch_menu(MENU_PACE * number / len(pages), until))
        for number, page in enumerate(pages)
    ]
    await asyncio.sleep(2 * watch.pace)
    number = 0
    while time.monotonic() < until - 2 * watch.pace:  # each message is asked for before the end
        tasks.append(asyncio.create_task(pages[number % len(pages)].say_something()))
        number += 7
        await asyncio.sleep(1 / watch.writes)
    await asyncio.gather(*tasks)
    return seen


def main() -> None:
    watch = Watch(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    seen = asyncio.run(watched(watch))
    polls, menus = sorted(seen.polls), sorted(seen.menus)
    sys.stdout.write(json.dumps({
        "asked": len(polls), "posts": len(seen.posts), "news": seen.news, "wrong": len(seen.wrong),
        "first_wrong": seen.wrong[:3], "p50_ms": 1000 * polls[len(polls) // 2],
        "p99_ms": 1000 * polls[len(polls) * 99 // 100], "most_ms": 1000 * polls[-1],
        "menus": len(menus), "menus_p50_ms": 1000 * menus[len(menus) // 2],
        "menus_p99_ms": 1000 * menus[len(menus) * 99 // 100],
    }))  # fmt: skip


if __name__ == "__main__":
    main()
