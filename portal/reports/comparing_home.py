"""The administrator hears when the sums behind the figures were wrong, and when nobody has compared them for long."""

from datetime import timedelta
from functools import partial

from flask import g
from sqlalchemy import Select, case, exists, func, select

from portal import clock
from portal.accounts.models import User
from portal.checks import Findings, attention, ok
from portal.extensions import Panel, db
from portal.reports.comparing import last_check
from portal.reports.comparing_models import TallyCheck
from portal.roles import GRANTS, Permission

OLD = timedelta(days=2)
NUMBER = "reports.tallies"
TOLD = ("ended_at", "wrong", "repaired")


def count_wrong(user: User) -> Select[int] | None:
    """Of the last comparison: 0 when all was well, else 1; 2 when it is old. Nothing where nobody has compared yet."""
    if Permission.CHANGE_OPTIONS not in GRANTS[user.role]:
        return None
    long_ago = clock.now() - OLD
    says = case((TallyCheck.ended_at < long_ago, 2), (TallyCheck.wrong > 0, 1), else_=0)
    ended = select(says.label("says")).where(TallyCheck.ended_at.is_not(None)).order_by(TallyCheck.id.desc()).limit(1)
    never = select(func.max(2)).where(_NONE_ENDED, select(func.min(TallyCheck.began_at)).scalar_subquery() < long_ago)
    return select(func.coalesce(func.max(ended.subquery().c.says), never.scalar_subquery(), 0))


# each night one may begin, and none come to its end
_NONE_ENDED = ~exists().where(TallyCheck.ended_at.is_not(None))


def _of_last(column: str, user: User) -> Select | None:
    """A fact of the last comparison."""
    if Permission.CHANGE_OPTIONS not in GRANTS[user.role]:
        return None
    ended = select(getattr(TallyCheck, column)).where(TallyCheck.ended_at.is_not(None))
    return ended.order_by(TallyCheck.id.desc()).limit(1)


# what the card reads, asked with the counts of the staff's home page
COUNTS = {NUMBER: count_wrong, **{f"{NUMBER}.{name}": partial(_of_last, name) for name in TOLD}}


def home_card(_user: User) -> Panel | None:
    """What was wrong, and that it has been set right; or that it is not known whether anything is."""
    says = g.counts.get(NUMBER)
    if not says:
        return None
    check = {name: g.counts[f"{NUMBER}.{name}"] for name in TOLD}
    return Panel("reports/_home_tallies.html", {"check": check, "old": says == 2})


def tallies() -> Findings:
    """The same for `flask doctor`."""
    last, advice = last_check(), "flask tallies check --repair; the journal says what was wrong."
    if last is None:
        first = db.session.scalar(select(func.min(TallyCheck.began_at)))
        if first and first < clock.now() - OLD:  # else the first night is yet to come
            words = f"have never been compared to the end, since {first:%Y-%m-%d %H:%M} UTC"
            yield attention("sums of figures", words, "flask tallies check; the log says why it stopped.")
        return
    when = f"{last.ended_at:%Y-%m-%d %H:%M} UTC"
    if last.ended_at and last.ended_at < clock.now() - OLD:
        yield attention("sums of figures", f"were last compared on {when}", "The ticker does it every night.")
    elif last.wrong:
        words = f"{last.wrong} differed from the ratings on {when}" + (", and are set right" if last.repaired else "")
        yield attention("sums of figures", words, advice)
    else:
        yield ok("sums of figures", f"are what the ratings say, on {when}")
