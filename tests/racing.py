"""Several deeds at the same moment."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.pages import Browser


def at_once(deeds: Sequence[Callable[[], int]]) -> list[int]:
    """Do all of it at the same time; return the statuses, sorted."""
    gate = threading.Barrier(len(deeds))

    def do(deed: Callable[[], int]) -> int:
        gate.wait(30)
        return deed()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return sorted(pool.map(do, deeds))


def posting(browser: Browser, url: str, data: dict) -> Callable[[], int]:
    """What posts to an address with a valid token, when it is called."""
    headers = {"X-CSRFToken": browser.csrf_token()}
    return lambda: browser.post(url, data=data, headers=headers).status
