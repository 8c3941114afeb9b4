"""`flask user`: the first person of a new installation, before anybody can sign in. `flask people`: the search."""

import click
from flask import Flask
from flask.cli import AppGroup

from portal.accounts.actions import invite
from portal.accounts.queries import account_by_address
from portal.accounts.second_factor import reset
from portal.errors import Refused
from portal.extensions import db, writing
from portal.links import external_url, make_token
from portal.people.search import reindex
from portal.people.team import add_staff
from portal.roles import Role

user_cli = AppGroup("user", help="People who sign in.")
people_cli = AppGroup("people", help="Records of people.")
STAFF_ROLES = [str(role) for role in (Role.COORDINATOR, Role.QUALITY, Role.ADMIN)]


def init_app(app: Flask) -> None:
    app.cli.add_command(user_cli)
    app.cli.add_command(people_cli)


@user_cli.command("create")
@click.argument("email")
@click.option("--first-name", required=True)
@click.option("--last-name", required=True)
@click.option("--role", type=click.Choice(STAFF_ROLES), default="admin", show_default=True)
@click.option("--language", type=click.Choice(["fr", "ru", "en"]), default="fr", show_default=True)
def create(email: str, first_name: str, last_name: str, role: str, language: str) -> None:
    """Add a member of staff under EMAIL, mail the invitation, and print its link for whoever sits here."""
    with writing():
        try:
            typed = {"first_name": first_name, "last_name": last_name, "role": role, "language": language}
            _person, account = add_staff(None, {**typed, "email": email})
        except Refused as refusal:
            raise click.ClickException(str(refusal.message)) from refusal
        link = invite(None, account)
        db.session.commit()
    click.echo(f"{first_name} {last_name} can choose a password within 7 days:")
    click.echo(external_url("accounts.set_password", token=make_token("password", link.public_id)))


@user_cli.command("reset-factor")
@click.argument("email")
def reset_factor(email: str) -> None:
    """Take the second factor from the login EMAIL: phone and recovery codes are lost, and no administrator can help."""
    with writing():
        account = account_by_address(email)
        if account is None:
            raise click.ClickException(f"Nobody signs in as {email}.")
        try:
            reset(None, account)
        except Refused as refusal:
            raise click.ClickException(str(refusal.message)) from refusal
        db.session.commit()
    click.echo(f"{account.email} signs in with the password alone until a new second factor is set up.")


@people_cli.command("reindex")
def rebuild() -> None:
    """Write the index of the search anew from the records. People find each other again when it is done."""
    with writing():
        number = reindex()
        db.session.commit()
    click.echo(f"The search finds {number} people.")
