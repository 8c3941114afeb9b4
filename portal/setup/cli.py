"""`flask setup-code`: the code that opens a new portal, for whoever sits at this terminal."""

import click
from flask import Flask
from flask.cli import with_appcontext

from portal.links import external_url
from portal.setup.queries import is_new, setup_code


def init_app(app: Flask) -> None:
    app.cli.add_command(show_code)


@click.command("setup-code")
@with_appcontext
def show_code() -> None:
    """Print where a new portal is set up, and the code that opens it, until there is an administrator."""
    if not is_new():
        raise click.ClickException("This portal has people of staff already: they sign in.")
    click.echo(f"Open {external_url('setup.begin')}")
    click.echo(f"and give this code: {setup_code()}")
