"""The web server's application, which dies where it is told to (runner.py) and says how long Redis kept a request."""

import time
from typing import Any

from flask import Flask, g, request
from rq import Queue
from werkzeug.wrappers import Response

from app import create_app
from tests.faults import runner

ASKED, SECONDS = "X-Redis-Asked", "X-Redis-Seconds"
enqueue_call = Queue.enqueue_call


def measured(*args: Any, **more: Any) -> Any:
    begun = time.monotonic()
    try:
        return enqueue_call(*args, **more)
    finally:
        g.redis = [*g.get("redis", []), time.monotonic() - begun]


def say(response: Response) -> Response:
    waits = g.get("redis", [])
    response.headers[ASKED], response.headers[SECONDS] = str(len(waits)), f"{sum(waits):.3f}"
    return response


def dying_in_deeds(application: Flask) -> None:
    original = application.full_dispatch_request

    def dispatch(*args: Any) -> Any:
        if request.method != "POST":
            return original(*args)
        runner._doing.append("creation")
        try:
            return original(*args)
        finally:
            runner._doing.pop()

    application.full_dispatch_request = dispatch


app = create_app()
app.after_request(say)
dying_in_deeds(app)
Queue.enqueue_call = measured
