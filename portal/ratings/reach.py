"""By which way somebody is reached who is asked about visits: by mail, or by text message."""

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from portal.extensions import db
from portal.outbox.models import MAIL, SMS
from portal.outbox.queries import has_way_out
from portal.outbox.short import mobile_number
from portal.people.models import Client, Relative
from portal.people.queries import relative_to_ask
from portal.settings.queries import option


def number_of(person: Client | Relative) -> str | None:
    """The number to which text messages go; None where there is no mobile one, or the portal sends none."""
    return _mobile_of(person) if sends_texts() else None


def sends_texts() -> bool:
    """Whether text messages leave at all: the agency wants it, and there is a gateway."""
    return bool(option("sms.enabled")) and has_way_out(SMS)


def _mobile_of(person: Client | Relative) -> str | None:
    numbers = (mobile_number(number, option("agency.country")) for number in (person.mobile, person.phone))
    return next(filter(None, numbers), None)


def way_to(person: Client | Relative) -> tuple[str, str] | None:
    """Channel and address: a mail, and a text message to whom has no address, or before it where the agency says so."""
    number = number_of(person) if not person.email or option("ratings.sms_first") else None
    if number:
        return SMS, number
    return (MAIL, person.email) if person.email else None


def addresses_of(person: Client | Relative) -> set[str]:
    """Where this person may have had a link, whatever the agency sends today: a switch closes no link that is out."""
    return {address for address in (person.email, _mobile_of(person)) if address}


def is_address_of(client: Client, address: str | None) -> bool:
    """Whether who reads an address is written to about a client's visits, or would be if another way were taken: what
    went to any other place opens nothing any more."""
    if address in addresses_of(client):
        return True
    relative = relative_to_ask(client.id)
    return relative is not None and address in addresses_of(relative)


def person_to_mail(client: Client) -> Client | Relative | None:
    """Who gets mails about a client's visits: the client; without an address, a relative whom the file lets rate."""
    return client if client.email else relative_to_ask(client.id)


def person_to_ask(client: Client) -> Client | Relative | None:
    """Who is asked about a client's visits: the client, if one can be reached in any way; else as for mails."""
    return client if way_to(client) else relative_to_ask(client.id)


def way_of_requests(client: Client) -> tuple[Client | Relative, str, str] | None:
    """Who is asked after a client's visits as the agency asks today, with channel and address: the weekly mail leaves
    by mail alone."""
    if option("ratings.ask_mode") != "digest":
        return way_of_messages(client)
    person = person_to_mail(client)
    return (person, MAIL, person.email) if person and person.email else None


def way_of_messages(client: Client) -> tuple[Client | Relative, str, str] | None:
    """Who is written to about a client's visits in any other way, with channel and address: notices, what is asked by
    hand."""
    person = person_to_ask(client)
    way = way_to(person) if person else None
    return (person, *way) if person and way else None


def nobody_asked(*, by_hand: bool = False) -> object:
    """Why nobody can be asked about a client's visits, in words."""
    if sends_texts() and (by_hand or option("ratings.ask_mode") != "digest"):
        return _l("Nobody is asked about these visits: there is neither an e-mail address nor a mobile number.")
    return _l("Nobody is asked about these visits: there is no e-mail address.")


def language_of(person: Client | Relative) -> str:
    """What the person chose on the portal comes before what the agency noted in the file."""
    chosen = person.account.language if person.account else None
    return chosen or person.language or option("agency.language")


def channels_of(client_ids: Iterable[int]) -> dict[int, str]:
    """By which channel a message about these clients' visits would go now; those that are missing get mails. It decides
    what a message waits for, the mail server or the gateway; how it goes is asked when it leaves."""
    if not sends_texts():
        return {}
    ids, found = sorted(set(client_ids)), {}
    for start in range(0, len(ids), 500):
        for client in db.session.scalars(select(Client).where(Client.id.in_(ids[start : start + 500]))):
            person = person_to_ask(client)
            if person and (way := way_to(person)):
                found[client.id] = way[0]
    return found
