"""A mail server that takes everything and keeps nothing but Message-IDs: `python -m benchmarks.sink PORT OUT`.

It is our own because the usual one takes 600 mails a second at most and would be what is measured.
"""

import asyncio
import json
import re
import sys
import time
from pathlib import Path

ID = re.compile(rb"^Message-ID:\s*(\S+)", re.MULTILINE | re.IGNORECASE)


class Sink:
    def __init__(self, out: Path) -> None:
        self.out = out
        self.ids: list[str] = []
        self.at: list[float] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink\r\n")
        while line := await reader.readline():
            word = line[:4].upper()
            if word == b"EHLO":
                writer.write(b"250-sink\r\n250 8BITMIME\r\n")
            elif word == b"DATA":
                writer.write(b"354 go on\r\n")
                self.take(await reader.readuntil(b"\r\n.\r\n"))
                writer.write(b"250 taken\r\n")
            elif word == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 ok\r\n")
        writer.close()

    def take(self, text: bytes) -> None:
        found = ID.search(text)
        self.ids.append(found[1].decode() if found else "")
        self.at.append(time.time())

    async def write_down(self) -> None:
        """Tell the harness four times a second how far it is."""
        while True:
            await asyncio.sleep(0.25)
            report = {"taken": len(self.ids), "different": len(set(self.ids)), "last": self.at[-1] if self.at else 0}
            partial = self.out.with_suffix(".part")
            partial.write_text(json.dumps(report), encoding="utf-8")
            partial.replace(self.out)


async def main() -> None:
    sink = Sink(Path(sys.argv[2]))
    server = await asyncio.start_server(sink.serve, "127.0.0.1", int(sys.argv[1]), limit=1 << 22)
    async with server:
        await sink.write_down()


if __name__ == "__main__":
    asyncio.run(main())
