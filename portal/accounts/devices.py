"""What a browser calls itself, and where it is: enough for its owner to recognise it, and no more than that."""

from ipaddress import IPv6Address, ip_address

from flask_babel import gettext as _

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
