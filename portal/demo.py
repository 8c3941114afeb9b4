"""The demo agency: a small story, dated relative to today, with one login for each kind of person."""

from datetime import timedelta

import click
from flask import Flask
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l
from flask_security.utils import hash_password
from sqlalchemy import select

from portal import clock, demo_days, demo_events, demo_past, demo_quality, demo_talks
from portal.accounts.actions import open_account
from portal.demo_people import furnish, make_services
from portal.extensions import db, wires, writing
from portal.incidents.reasons import take_usual_reasons
from portal.people.models import Client, Relative, Sector, Staff, Worker, set_name
from portal.people.search import reindex
from portal.settings.actions import set_option

PASSWORD = "demo-portal-2026"  # noqa: S105 - printed on the sign-in page of the demo
AGENCY = "Maison & Soins"
PHONE = "01 99 00 10 00"  # as those of its staff: of the numbers that are kept for fiction
LOGINS = {
    "client@example.org": _l("Claire Lefèvre, client"),
    "relative@example.org": _l("Paul Lefèvre, her son"),
    "worker@example.org": _l("Wassim Haddad, worker"),
    "coordinator@example.org": _l("Sofia Benali, coordinator of the North"),
    "quality@example.org": _l("Inès Caron, quality lead"),
    "admin@example.org": _l("Ada Martin, administrator"),
}


def init_app(app: Flask) -> None:
    app.cli.add_command(demo)
    wires.demo = shown_logins


@click.command("demo")
@click.option(
    "--scale",
    type=click.Choice(["story", "large"]),
    default="story",
    show_default=True,
    help="large: the story among 2,500 clients and 1.6 million visits, to measure speed on; takes some minutes.",
)
def demo(scale: str) -> None:
    """Make the demo agency, if the database is empty."""
    with writing():
        if db.session.scalar(select(Sector.id).limit(1)):
            click.echo("The database holds an agency already: nothing to do.")
            return
        if scale == "large":
            _build_large()
        else:
            build()
            demo_past.live_through()
        db.session.commit()
    click.echo(f"The demo agency “{AGENCY}” is ready.")


def _build_large() -> None:
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress

    from portal.demo_large import Size, build_large

    size = Size()
    console = Console(stderr=True)
    columns = *Progress.get_default_columns(), MofNCompleteColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("Visits", total=size.visits)
        build_large(size, lambda written: progress.advance(task, written))
        progress.update(task, completed=size.visits)


def present() -> bool:
    """Whether this database holds the demo agency."""
    return db.session.scalar(select(Staff.id).where(Staff.email == "coordinator@example.org").limit(1)) is not None


def logins() -> list[tuple[str, str]]:
    """The demo's e-mail addresses and who they are, in the language of the command line."""
    with force_locale("en"):
        return [(email, str(who)) for email, who in LOGINS.items()]


def shown_logins() -> dict | None:
    if not present():
        return None
    return {"demo_logins": [{"email": email, "who": who} for email, who in LOGINS.items()], "demo_password": PASSWORD}


def build() -> None:
    """Write the whole agency in the present transaction: people first, then their days, each deed on its own day."""
    with clock.at(clock.now() - timedelta(days=60)):
        set_option(None, "agency.name", AGENCY)
        set_option(None, "agency.phone", PHONE)
        set_option(None, "ratings.workers_see", "on")
        north, south = _sectors()
        staff = _staff(north, south)
        services = make_services()
        workers = _workers(north, south)
        clients = _clients(north, south, staff)
        db.session.flush()
        for service in services:
            take_usual_reasons(None, service)
        furnish(clients, workers, staff)
        _relative(clients["claire"])
        _open_logins()
        reindex()
    demo_days.live_through(clients, workers, services, staff)
    demo_talks.talk(clients, workers, staff)
    demo_quality.follow_up(clients, workers, staff)
    demo_events.report(clients, workers, services, staff)


def _sectors() -> tuple[Sector, Sector]:
    agency = Sector(name=AGENCY, kind="agency")
    db.session.add(agency)
    db.session.flush()
    north, south = Sector(name="Nord", parent_id=agency.id), Sector(name="Sud", parent_id=agency.id)
    db.session.add_all([north, south])
    db.session.flush()
    return north, south


def _staff(north: Sector, south: Sector) -> dict[str, Staff]:
    def member(first: str, last: str, email: str, role: str, sectors: list[Sector]) -> Staff:
        return Staff(
            first_name=first, last_name=last, email=email, role=role, sectors=sectors, language="fr", active=True
        )

    staff = {
        "sofia": member("Sofia", "Benali", "coordinator@example.org", "coordinator", [north]),
        "igor": member("Igor", "Volkov", "coordinator.south@example.org", "coordinator", [south]),
        "ines": member("Inès", "Caron", "quality@example.org", "quality", []),
        "ada": member("Ada", "Martin", "admin@example.org", "admin", []),
    }
    db.session.add_all(staff.values())
    return staff


def _workers(north: Sector, south: Sector) -> dict[str, Worker]:
    people = {
        "aissatou": ("Mme", "Aïssatou", "N’Diaye", "aissatou.ndiaye@example.org", "fr", north),
        "wassim": ("M.", "Wassim", "Haddad", "worker@example.org", "fr", north),
        "jean": ("M.", "Jean", "Dupont", "jean.dupont@example.org", "fr", south),
        "olga": ("Mme", "Ольга", "Петрова", "olga.petrova@example.org", "ru", south),
    }
    made = {}
    for key, (civility, first, last, email, language, sector) in people.items():
        worker = Worker(civility=civility, email=email, language=language, sectors=[sector], active=True)
        set_name(worker, first, last)
        made[key] = worker
    db.session.add_all(made.values())
    return made


def _clients(north: Sector, south: Sector, staff: dict[str, Staff]) -> dict[str, Client]:
    people = {
        "claire": ("Mme", "Claire", "Lefèvre", "client@example.org", "fr", north, "sofia"),
        "denis": ("M.", "Denis", "Moreau", "denis.moreau@example.org", "fr", north, "sofia"),
        "anna": ("Mme", "Анна", "Иванова", "anna.ivanova@example.org", "ru", north, "sofia"),
        "eloise": ("Mme", "Éloïse", "D’Angelo", "eloise.dangelo@example.org", "fr", south, "igor"),
        "george": ("Mr", "George", "Wright", None, "en", south, "igor"),
    }
    made = {}
    for key, (civility, first, last, email, language, sector, manager) in people.items():
        client = Client(
            civility=civility, email=email, language=language, sector=sector, file_manager=staff[manager], active=True
        )
        set_name(client, first, last)
        made[key] = client
    db.session.add_all(made.values())
    return made


def _relative(client: Client) -> None:
    db.session.add(Relative(
        first_name="Paul", last_name="Lefèvre", email="relative@example.org", language="fr", client_id=client.id,
        relation="fils", mobile="06 39 98 30 01", may_rate=True, active=True))  # fmt: skip
    db.session.flush()


def _open_logins() -> None:
    """Give the people of the story a login with the demo's password; one hash is enough for all of them."""
    hashed = hash_password(PASSWORD)
    for kind in (Client, Relative, Worker, Staff):
        for person in db.session.scalars(select(kind).where(kind.email.is_not(None))):
            account, _new = open_account(None, person.email)
            account.password, account.password_set_at = hashed, clock.now()
            person.account_id = account.id
    db.session.flush()
