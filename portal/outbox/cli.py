"""`flask outbox`: the sweep by hand or by cron, and the check of what the tables promise."""

import sys

import click
from flask import Flask
from flask.cli import AppGroup

from portal.outbox import jobs, queries

outbox_cli = AppGroup("outbox", help="Messages that leave.")


def init_app(app: Flask) -> None:
    app.cli.add_command(outbox_cli)


@outbox_cli.command("sweep")
@click.option("--inline", is_flag=True, help="Send in this process, without Redis.")
def sweep(inline: bool) -> None:
    """Promote what is due and have it sent; free what a dead process held."""
    click.echo(f"{jobs.sweep(inline=inline)} due")


@outbox_cli.command("audit")
def audit() -> None:
    """Check that the tables keep their promises; exit code 1 when one does not."""
    faults = queries.broken_promises()
    for fault in faults:
        click.echo(fault)
    if faults:
        sys.exit(1)
    click.echo("All promises hold.")
