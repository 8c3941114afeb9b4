"""What htmx says and what we answer it. htmx-flask knows htmx 1 and 2; this page adds what version 4 sends."""

from typing import cast
from urllib.parse import urlsplit

from flask import Flask, Response
from flask import request as flask_request
from htmx_flask import Htmx, make_response
from htmx_flask.requests import HtmxAwareRequest


class PortalRequest(HtmxAwareRequest):
    """A request that knows whether htmx wants the page or a part of it."""

    @property
    def wants_fragment(self) -> bool:
        """True when a part of the page is to be swapped in.

        Boosted and history requests carry `HX-Request` too, but want the page; htmx 4 tells them apart in
        `HX-Request-Type` (`full` or `partial`).
        """
        wanted = self.headers.get("HX-Request-Type", "partial") == "partial"
        return bool(self.htmx) and wanted and not self.htmx.history_restore_request

    @property
    def is_poll(self) -> bool:
        """True when a page asks by itself, with nobody at it. An element that polls says so in its headers: `X-Poll`.

        Such a request prolongs no session.
        """
        return "X-Poll" in self.headers

    def is_from(self, url: str) -> bool:
        """True when the page that htmx asks from is the one at this address of ours."""
        here, there = urlsplit(self.htmx.current_url or ""), urlsplit(url)
        return (here.path, here.query) == (there.path, there.query)


request = cast(PortalRequest, flask_request)


def answer(body: str, status: int = 200, *, event: str | None = None, target: str | None = None) -> Response:
    """Return a fragment for htmx.

    Args:
        body: the HTML to swap in.
        status: 200, or 422 and 409 for a refused form.
        event: name of the event that the page hears afterwards, past tense and kebab-case.
        target: CSS selector of the element to replace as a whole; without it, what the sender chose.
    """
    response = make_response(body, status, trigger=event, retarget=target)
    if target:
        response.headers["HX-Reswap"] = "outerHTML"  # htmx-flask 0.1.0 knows only htmx 2's words here
    return response


def go_to(url: str, status: int = 200) -> Response:
    """Tell htmx to open another page: it would swap the target of a 303 into the present one."""
    return make_response("", status, redirect=url)


def show_anew(url: str) -> Response:
    """Tell htmx to bring the present page up to date: what is the same stays, with the keyboard and the scroll."""
    place = {"path": url, "target": "#main", "select": "#main", "swap": "outerMorph", "push": "false"}
    return make_response("", location=place)


def init_app(app: Flask) -> None:
    Htmx(app)
    app.request_class = PortalRequest
    app.after_request(_vary)


def _vary(response: Response) -> Response:
    """The same address answers a page or its fragment: no cache may mix them up."""
    response.vary.update(["HX-Request", "HX-Request-Type"])
    return response
