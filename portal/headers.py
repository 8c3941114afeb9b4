"""What every answer says to the browser, and the addresses of static files."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, abort, current_app, request, url_for
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

POLICY = "; ".join((
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "manifest-src 'self'",
))  # fmt: skip

# the only pages with a policy of their own
EXCEPTIONS = {
    # a rendered mail in its frame: its style sheet is inside, nothing is loaded and nothing runs
    "staff.preview_message": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox",
    "staff.preview_text": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox",
}


# what somebody has attached, wherever it is served: a picture or a paper, nothing else; browsers style what shows it
ATTACHED = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"

# what may be sent from anywhere: the link itself is what lets one act, and RFC 8058 asks mail programs to send it
FROM_ANYWHERE = {"open.rate", "open.unsubscribe"}


def init_app(app: Flask) -> None:
    app.before_request(refuse_deeds_of_other_sites)
    app.after_request(add_headers)
    app.add_template_global(static_url)


def refuse_deeds_of_other_sites() -> None:
    """Refuse what another site makes a browser send, even with a token of ours. Browsers say where from."""
    if request.method in ("GET", "HEAD", "OPTIONS") or request.endpoint in FROM_ANYWHERE:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), urlsplit(request.headers.get("Origin", "")).netloc
    if site == "cross-site" or (site is None and origin and origin != request.host):
        abort(403)


def add_headers(response: Response) -> Response:
    headers = response.headers
    own = EXCEPTIONS.get(request.endpoint or "") if response.status_code < 400 else None  # a refusal is a page of ours
    if headers.get("Content-Security-Policy") != ATTACHED:
        headers["Content-Security-Policy"] = own or POLICY
        headers["Cross-Origin-Opener-Policy"] = "same-origin"  # browsers open nothing that says this and `sandbox`
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    headers.setdefault("Referrer-Policy", "same-origin")
    if response.status_code == 429:
        headers.setdefault("Retry-After", "300")  # seconds: what most brakes take
    if request.endpoint != "static":
        headers.setdefault("Cache-Control", "no-store")  # personal data on shared tablets
    if current_app.config["SESSION_COOKIE_SECURE"]:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return response


def behind_proxies(app: Flask) -> Callable[..., Iterable[bytes]]:
    """Believe as many proxies as the installation names, and no `X-Forwarded-For` beyond: brakes count addresses."""
    hops = app.config["PORTAL_PROXY_HOPS"]
    return ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops) if hops else app.wsgi_app


@lru_cache(maxsize=256)
def static_url(name: str) -> str:
    """Address of a static file that changes with its content, so that browsers may keep it for ever."""
    content = (Path(current_app.static_folder or "") / name).read_bytes()
    return url_for("static", filename=name, v=sha256(content).hexdigest()[:10])
