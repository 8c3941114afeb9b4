"""The limit: the least application that serves our list and takes a rating, with our template and our SQL.

FROZEN: floors and goals are shares of its speed; touch it only when our templates or tables keep it from running.
"""

import os
from datetime import UTC, datetime
from types import SimpleNamespace as Plain
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, abort, redirect, render_template, request, session
from jinja2 import ChainableUndefined
from sqlalchemy import MetaData, create_engine, func, insert, literal, select, update

engine, tables = create_engine(os.environ["PORTAL_DATABASE_URL"]), MetaData()
tables.reflect(engine)
visit, client, service, worker, sent, subject, rating = (
    tables.tables[name] for name in ("visit", "client", "service", "worker", "visit_worker", "rating_subject", "rating")
)
PARIS, WORDS = ZoneInfo("Europe/Paris"), {"done": "Completed", "planned": "To do", "cancelled": "Cancelled"}


class Chip(list):
    type, name, label = "SelectField", "state", Plain(text="State")


def local(moment: datetime) -> datetime:
    return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).astimezone(PARIS)


app = Flask(__name__, template_folder="../templates", static_folder="../static")
app.secret_key = os.environ["PORTAL_SECRET_KEY"]
app.jinja_env.undefined = ChainableUndefined
app.jinja_env.add_extension("jinja2.ext.i18n")
app.jinja_env.install_null_translations(newstyle=True)  # ty: ignore[missing-attribute]
known: dict[str, Any] = app.jinja_env.globals
known.update(url_for=lambda name, **_: f"/{name}", static_url=lambda name: f"/static/{name}", csrf_token=str,
             languages=[("fr", "F"), ("en", "E")], current_locale=str,
             span=lambda at, to: f"{local(at):%a %-d %B %Y, %-H:%M}–{local(to):%-H:%M}")  # fmt: skip
app.jinja_env.filters.update(day=lambda at: f"{local(at):%a %-d %B %Y}", clock=lambda at: f"{local(at):%-H:%M}",
                             decimal=str)  # fmt: skip
CHIPS = [Chip(Plain(data=d, label=Plain(text=t), checked=False) for d, t in WORDS.items()) for _ in range(3)]


@app.get("/client/visits")
def visits() -> str:
    with engine.connect() as connection:
        user = connection.execute(select(client).where(client.c.id == session["client"], client.c.active)).one()
        own = (visit.c.client_id == user.id, visit.c.state != "draft")
        name = (worker.c.first_name + " " + worker.c.last_name).label("name")
        named = select(name).select_from(worker.join(sent)).where(sent.c.visit_id == visit.c.id).order_by(
            sent.c.position).correlate(visit).subquery()  # fmt: skip
        counted = select(func.count()).select_from(select(literal(1)).where(*own).limit(1001).subquery())
        columns = (visit.c.id, visit.c.starts_at, visit.c.ends_at, visit.c.state, visit.c.cancel_reason,
                   service.c.name.label("service"), client.c.first_name, client.c.last_name,
                   select(func.aggregate_strings(named.c.name, "\n")).scalar_subquery().label("workers"),
                   rating.c.stars, subject.c.ended_at, counted.scalar_subquery().label("total"))  # fmt: skip
        joined = visit.join(client).join(service).outerjoin(subject, subject.c.visit_id == visit.c.id).outerjoin(rating)
        found = connection.execute(select(*columns).select_from(joined).where(*own).order_by(
            visit.c.starts_at.desc(), visit.c.id.desc()).limit(51)).all()  # fmt: skip
    rows = [Plain(**r._asdict() | {"workers": r.workers.split("\n")}, stage=r.state, stage_label=WORDS[r.state],
                  rating="rated" if r.stars is not None else "waiting" if r.ended_at else "none",
                  rate_url=f"/client/visits/{r.id}/rating") for r in found[:50]]  # fmt: skip
    page = Plain(rows=rows, has_next=len(found) > 50, next_url="?page=2", total_label=f"{found[0].total} results")
    return render_template("visits/client_list.html", page=page, filters=CHIPS, has_any=True, agency={"name": "Limit"},
                           waiting=next((row for row in rows if row.rating == "waiting"), None))  # fmt: skip


@app.post("/client/visits/<int:number>/rating")
def rate(number: int) -> Any:
    with engine.begin() as connection:
        own = visit.c.id == subject.c.visit_id, visit.c.id == number, visit.c.client_id == session["client"]
        target = connection.scalar(select(subject.c.id).where(*own, visit.c.state == "done")) or abort(404)
        known = connection.scalar(select(rating.c.id).where(rating.c.subject_id == target))
        values = {"stars": int(request.form["stars"]), "comment": request.form["comment"], "left_at": datetime.now(UTC)}
        fixed = {"subject_id": target, "channel": "portal", "author_role": "client", "author_name": "", "version": 1}
        wanted = update(rating).where(rating.c.id == known) if known else insert(rating).values(fixed)
        connection.execute(wanted.values(values))
    return redirect("/client/visits", 303)
