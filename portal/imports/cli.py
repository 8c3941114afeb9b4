"""`flask import`: the same as the pages, from the command line."""

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask import Flask
from flask.cli import with_appcontext
from flask_babel import force_locale

from portal.errors import Refused
from portal.extensions import db, wires, writing
from portal.imports import actions, queries
from portal.imports.importer import Outcome
from portal.imports.models import Import, Step
from portal.settings.queries import option
from portal.work.actions import open_work
from portal.work.jobs import run
from portal.work.models import Work

if TYPE_CHECKING:
    from rich.progress import Progress

SOME_REFUSED = 2
UNREADABLE = 1


def init_app(app: Flask) -> None:
    app.cli.add_command(import_file)


@click.command("import")
@click.argument("kind", type=click.Choice(["visits", "clients", "workers"]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--ask-ratings", is_flag=True, help="Visits: mail the clients of past visits a request to rate them.")
@click.option("--past-done", is_flag=True, help="Visits: those in the past without a state are done.")
@click.option("--refused", type=click.Path(path_type=Path), help="Write the refused lines to this CSV file.")
@with_appcontext
def import_file(kind: str, file: Path, dry_run: bool, ask_ratings: bool, past_done: bool, refused: Path | None) -> None:
    """Bring in the FILE (CSV or XLSX) of visits, clients or workers.

    Exit code: 0 every line was taken, 2 some were refused, 1 the file cannot be read,
    or nothing could be written.
    """
    if kind not in wires.importers:
        raise click.UsageError(f"There is no importer of {kind}.")
    choices = {"ask_ratings": ask_ratings, "past_done": past_done}
    with force_locale(option("agency.language")):
        imported = _planned(kind, file, choices)
        if imported.state == Step.FAILED:
            sys.exit(_complain(queries.fault_of(imported)))
        if not dry_run:
            try:
                _write(imported, choices)
            except Refused as refusal:
                sys.exit(_complain(str(refusal.message)))
            if imported.state != Step.DONE:
                sys.exit(_complain(queries.fault_of(imported)))
        _report(imported)
        if refused:
            refused.write_text("".join(queries.refused_file(imported)), encoding="utf-8", newline="")
        code = SOME_REFUSED if imported.counts.get(Outcome.REFUSED) else 0
        if dry_run:
            with writing():
                actions.discard(None, imported)
                db.session.commit()
    sys.exit(code)


def _planned(kind: str, file: Path, choices: dict[str, bool]) -> Import:
    with writing():
        imported = actions.keep_file(None, kind, file.name, file.read_bytes(), choices)
        imported.work_id = open_work(None, "imports.plan", imported.id).id
        db.session.commit()
    _work(imported, "preview")
    return imported


def _write(imported: Import, choices: dict[str, bool]) -> None:
    with writing():
        actions.let_write(imported, choices)
        imported.work_id = open_work(None, "imports.run", imported.id).id
        db.session.commit()
    _work(imported, "writing")


def _work(imported: Import, label: str) -> None:
    """Do the import's job here and now. It is a row like any other: when this process dies, a worker goes on."""
    work = db.session.get_one(Work, imported.work_id)
    with _progress() as progress:
        bar = progress.add_task(label, total=None)
        work.watch = lambda done, total: progress.update(bar, completed=done, **({"total": total} if total else {}))
        run(work.id)
    db.session.refresh(imported)


def _progress() -> "Progress":
    from rich.console import Console  # here: no web process draws bars
    from rich.progress import Progress

    console = Console(stderr=True)
    return Progress(console=console, transient=True, disable=not console.is_terminal)


def _report(imported: Import) -> None:
    importer = queries.importer_of(imported.kind)
    for count in queries.counts_of(imported):
        click.echo(f"{count.number:>7}  {count.label}")
    reasons: Counter[str] = Counter()
    for number, notes in queries.refusals_of(imported):
        for code, params in notes:
            reasons[code] += 1
            if reasons[code] <= 5:  # five of a kind show what is wrong; --refused has them all
                click.echo(f"{number:>7}  {queries.say(importer, code, params)}", err=True)


def _complain(sentence: str) -> int:
    click.echo(sentence, err=True)
    return UNREADABLE
