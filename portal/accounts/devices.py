"""What a browser calls itself, and where it is: enough for its owner to recognise it, and no more than that. And the
cookie by which the portal recognises it: two browsers of one make are two."""

from datetime import timedelta
from ipaddress import IPv6Address, ip_address

from flask import Response, after_this_request, current_app, request
from flask_babel import gettext as _
from itsdangerous import BadSignature, URLSafeTimedSerializer

KNOWN = timedelta(days=90)  # after so long without it, a device is news again
LOGINS_KEPT = 8  # of one browser, the last ones: a couple share a computer, an office hardly does

# the first sign that is found decides: most browsers name those that they are descended from as well
BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("YaBrowser", "Yandex"),
    ("FxiOS", "Firefox"), ("Firefox", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def device_of(user_agent: str | None) -> str | None:
    """Return browser and system as they are kept (`Firefox/Windows`), or None when neither is known."""
    said = user_agent or ""
    browser = next((name for sign, name in BROWSERS if sign in said), "")
    system = next((name for sign, name in SYSTEMS if sign in said), "")
    return f"{browser}/{system}" if browser or system else None


def device_words(device: str | None) -> str:
    """`Firefox on Windows`, in the language of the page or mail."""
    browser, _slash, system = (device or "").partition("/")
    if browser and system:
        return _("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or system or _("Unknown device")


def network_of(address: str | None) -> str | None:
    """Return the part of a network address that says where roughly, and does not name one household."""
    try:
        known = ip_address(address or "")
    except ValueError:
        return None
    if isinstance(known, IPv6Address):
        if known.ipv4_mapped is None:
            return ":".join(part.lstrip("0") or "0" for part in known.exploded.split(":")[:3]) + ":*"
        known = known.ipv4_mapped
    return str(known).rpartition(".")[0] + ".*"


def logins_of_browser() -> list[int]:
    """Return the ids of the logins that this browser was let in with in the last ninety days, as its cookie says."""
    try:
        said = _signer().loads(request.cookies.get(_cookie(), ""), max_age=int(KNOWN.total_seconds()))
    except BadSignature:
        return []
    return [one for one in said if isinstance(one, int)] if isinstance(said, list) else []


def remember_browser(account_id: int) -> None:
    """Let the browser carry that this login was let in with it; the cookie opens nothing."""
    logins = [*(one for one in logins_of_browser() if one != account_id), account_id][-LOGINS_KEPT:]

    @after_this_request
    def attach(response: Response) -> Response:
        config = current_app.config
        response.set_cookie(
            _cookie(), _signer().dumps(logins), max_age=KNOWN, httponly=True, samesite="Lax",
            secure=config["SESSION_COOKIE_SECURE"],
        )  # fmt: skip
        return response


def _cookie() -> str:
    return f"{current_app.config['SESSION_COOKIE_NAME']}-known"


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="browsers that are known")
