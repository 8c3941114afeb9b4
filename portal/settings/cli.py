"""`flask settings`: options from the command line."""

import sys

import click
from flask import Flask
from flask.cli import AppGroup
from flask_babel import force_locale

from portal.errors import Refused
from portal.extensions import db, writing
from portal.settings.actions import set_option
from portal.settings.models import OPTIONS
from portal.settings.queries import as_text, option

settings_cli = AppGroup("settings", help="Read and change the agency's options.")


def init_app(app: Flask) -> None:
    app.cli.add_command(settings_cli)


@settings_cli.command("list")
def list_options() -> None:
    """List every option with its value and what it does."""
    with force_locale("en"):  # as all that the command line says
        for key, known in OPTIONS.items():
            mark = "" if option(key) == known.default else " *"
            click.echo(f"{key} = {one_line(option(key))}{mark}\n    {known.help}")


@settings_cli.command("get")
@click.argument("key")
def get(key: str) -> None:
    """Print the value of the option KEY."""
    if key not in OPTIONS:
        sys.exit(f"There is no option “{key}”. `flask settings list` lists them.")
    click.echo(as_text(option(key)))


@settings_cli.command("set")
@click.argument("key")
@click.argument("value")
def set_value(key: str, value: str) -> None:
    """Give the option KEY a new VALUE."""
    with writing(), force_locale("en"):
        try:
            set_option(None, key, value)
        except Refused as refusal:
            sys.exit(str(refusal.message))
        db.session.commit()
    click.echo(f"{key} = {one_line(option(key))}")


def one_line(value: object) -> str:
    """A value among others: of a long text, its first line."""
    first, *more = as_text(value).split("\n")
    return f"{first} […]" if more else first
