"""`flask tallies`: are the sums behind the figures what the ratings say?"""

import sys

import click
from flask import Flask
from flask.cli import AppGroup

from portal import clock
from portal.extensions import db, writing
from portal.reports.comparing import Wrong
from portal.reports.comparing_models import TallyCheck
from portal.reports.jobs import compare_all, write_down

tallies_cli = AppGroup("tallies", help="The sums that figures are read from.")


def init_app(app: Flask) -> None:
    app.cli.add_command(tallies_cli)


@tallies_cli.command("check")
@click.option("--repair", is_flag=True, help="Set right what is wrong; the journal says what it was.")
def check(repair: bool) -> None:
    """Compare the sums of every month with the ratings and requests they are made of; exit code 1 when some differ."""
    began_at, done = clock.now(), 0
    all_wrong: list[Wrong] = []
    for _done, _total, wrong in compare_all(None, repair=repair):
        done, all_wrong = done + 1, all_wrong + wrong
        for one in wrong:
            click.echo(f"{one.month:%Y-%m} {one.table}: {one.rows} rows differ, by so much too little:")
            for cell in one.cells:
                click.echo("  " + ", ".join(f"{name}={value}" for name, value in cell.items()))
    with writing():
        made = TallyCheck(began_at=began_at)
        db.session.add(made)
        write_down(made, done, all_wrong, repaired=repair)
    click.echo(f"{done} months compared, {sum(one.rows for one in all_wrong)} rows differ{'ed' if repair else ''}.")
    if all_wrong and not repair:
        sys.exit(1)
