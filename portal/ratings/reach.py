"""By which way somebody is reached who is asked about visits: by mail, or by text message."""

from portal.outbox.models import MAIL, SMS
from portal.outbox.short import mobile_number
from portal.people.models import Client, Relative
from portal.people.queries import relative_to_ask
from portal.settings.queries import option


def number_of(person: Client | Relative) -> str | None:
    """The number to which text messages go; None where there is no mobile one, or the agency sends none."""
    if not option("sms.enabled"):
        return None
    numbers = (mobile_number(number, option("agency.country")) for number in (person.mobile, person.phone))
    return next(filter(None, numbers), None)


def way_to(person: Client | Relative) -> tuple[str, str] | None:
    """Channel and address: a mail, and a text message to whom has no address, or before it where the agency says so."""
    number = number_of(person) if not person.email or option("ratings.sms_first") else None
    if number:
        return SMS, number
    return (MAIL, person.email) if person.email else None


def addresses_of(person: Client | Relative) -> set[str]:
    """Where this person may have had a link: what went to another place opens nothing any more."""
    return {address for address in (person.email, number_of(person)) if address}


def person_to_mail(client: Client) -> Client | Relative | None:
    """Who gets mails about a client's visits: the client; without an address, a relative whom the file lets rate."""
    return client if client.email else relative_to_ask(client.id)


def person_to_ask(client: Client) -> Client | Relative | None:
    """Who is asked about a client's visits: the client, if one can be reached in any way; else as for mails."""
    return client if way_to(client) else relative_to_ask(client.id)
