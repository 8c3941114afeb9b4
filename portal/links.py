"""Mailed links: tokens that are derived from a row, and addresses that come from the configuration alone.

A token is `public id + HMAC-SHA256(link key, purpose:public id)`. It is not stored: it can be rendered again, survives
a rotation of the session key, and a copy of the database does not open any link. Use is decided on the row.
"""

import hmac
import secrets
from base64 import urlsafe_b64encode
from email.errors import MessageError
from email.headerregistry import Address
from hashlib import sha256
from urllib.parse import urlsplit

from flask import current_app

ID_LENGTH = 22  # characters: 128 random bits
MAC_BYTES = 16
NOTHING = "0" * 44  # opens nothing, and takes the room of a token: a text message is counted with it


def new_public_id() -> str:
    """Return 128 random bits: what names a row to the outside."""
    return secrets.token_urlsafe(16)


def make_token(purpose: str, public_id: str) -> str:
    """Return the token of one row for one purpose (`rate`, `unsubscribe`, `password`)."""
    return public_id + _seal(current_app.config["PORTAL_LINK_KEYS"][0], purpose, public_id)


def read_token(purpose: str, token: str) -> str | None:
    """Return the public id that a token names, or None when no key of ours made it for this purpose."""
    public_id, seal = token[:ID_LENGTH], token[ID_LENGTH:]
    keys = current_app.config["PORTAL_LINK_KEYS"]
    genuine = [hmac.compare_digest(_seal(key, purpose, public_id).encode(), _bytes(seal)) for key in keys]
    return public_id if any(genuine) else None


def keyed_hash(purpose: str, text: str) -> str:
    """Return what stands for `text` in a table that must not hold it: nobody without our key can try texts out.

    A new newest link key makes other hashes: what was kept under the former ones is forgotten.
    """
    return _seal(current_app.config["PORTAL_LINK_KEYS"][0], purpose, text)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _seal(key: str, purpose: str, public_id: str) -> str:
    digest = hmac.new(key.encode(), _bytes(f"{purpose}:{public_id}"), sha256).digest()
    return urlsafe_b64encode(digest[:MAC_BYTES]).rstrip(b"=").decode()


def external_url(endpoint: str, **values: object) -> str:
    """Return an address for a mail. It is built from PORTAL_BASE_URL: no request can put another host into it."""
    base = urlsplit(current_app.config["PORTAL_BASE_URL"])
    adapter = current_app.url_map.bind(base.netloc, url_scheme=base.scheme, script_name=base.path or "/")
    return adapter.build(endpoint, values, force_external=True)


def mail_domain() -> str:
    """Domain of our Message-IDs: stable for one installation."""
    return ascii_domain(urlsplit(current_app.config["PORTAL_BASE_URL"]).hostname or "localhost")


def ascii_domain(domain: str) -> str:
    """Return a domain as the network wants it: `élan.example` is `xn--lan-9la.example` there.

    Raises:
        ValueError: it is none.
    """
    return domain.encode("idna").decode()


def ascii_address(address: str) -> str:
    """Return an e-mail address as every mail server takes it: accents may stand in its domain, not before it.

    Raises:
        ValueError: it is none, or one that few servers take.
    """
    local, _at, domain = address.rpartition("@")
    try:
        return Address(addr_spec=f"{local}@{ascii_domain(domain)}").addr_spec
    except (IndexError, MessageError) as error:
        raise ValueError(str(error)) from error
