"""When a rating mail may leave: after a delay, and only within the agency's window."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from portal.settings.actions import WINDOW
from portal.settings.queries import option

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def next_opening(moment: datetime, window: str, zone: ZoneInfo) -> datetime:
    """Return `moment` if it lies in the window, else when the window opens next.

    Args:
        moment: aware.
        window: `always`, or days and wall-clock hours such as `mon-sat 09:00-19:00`.
        zone: whose wall clock is meant. Hours are wall time, so a night of the clock change moves nothing.
    """
    if window == "always":
        return moment
    found = WINDOW.fullmatch(window)
    if found is None:
        raise ValueError(window)
    here = moment.astimezone(zone)
    first, last = DAYS.index(found["first"]), DAYS.index(found["last"] or found["first"])
    opening, closing = time.fromisoformat(found["open"]), found["close"]
    for ahead in range(9):
        day = here.date() + timedelta(days=ahead)
        opens = datetime.combine(day, opening, zone)
        if (day.weekday() - first) % 7 > (last - first) % 7:
            continue
        if here <= opens:
            return opens.astimezone(moment.tzinfo)
        if ahead == 0 and f"{here:%H:%M}" < closing:
            return moment
    raise AssertionError("a window opens at least once a week")


def due_time(ended_at: datetime, now: datetime, delay_minutes: int) -> datetime:
    """Return when to ask about a visit: some time after its real end, in the window; at once when that is past."""
    wanted = max(ended_at + timedelta(minutes=delay_minutes), now)
    return next_opening(wanted, option("ratings.request_window"), ZoneInfo(option("agency.zone")))
