"""When a rating mail may leave: after a delay, and only within the agency's window."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from portal.holidays import is_holiday
from portal.settings.actions import WINDOW
from portal.settings.queries import option

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
A_DAY = timedelta(days=1)
HORIZON = 400  # days: a weekly window that has been a holiday for longer than this will always be one
EVER = "mon-sun 00:00-24:00"  # `always`, on days that are no holidays
SOON = 15  # days within which a window opens that knows no holidays; one may fall into the hour that is skipped


def next_opening(
    moment: datetime, window: str, zone: ZoneInfo, is_closed: Callable[[date], bool] | None = None
) -> datetime:
    """Return `moment` if it lies in the window, else when the window opens next.

    Args:
        moment: aware.
        window: `always`, or days and wall-clock hours such as `mon-sat 09:00-19:00`.
        zone: whose wall clock is meant. Hours are wall time: what is skipped in a night of the clock change is not
            in the window, what comes twice is in it twice.
        is_closed: says of a day whether it is a holiday: then nothing is open from midnight to midnight. A window
            that only ever falls on holidays opens on them.
    """
    if window == "always":
        if is_closed is None or not is_closed(moment.astimezone(zone).date()):
            return moment
        window = EVER
    start = moment.astimezone(UTC)
    opens_at = _first(start, window, zone, is_closed, HORIZON) if is_closed else None
    opens_at = opens_at or _first(start, window, zone, lambda _day: False, SOON)
    if opens_at is None:
        raise ValueError(window)
    return moment if opens_at == start else opens_at.astimezone(moment.tzinfo)


def _first(
    start: datetime, window: str, zone: ZoneInfo, is_closed: Callable[[date], bool], days: int
) -> datetime | None:
    found = WINDOW.fullmatch(window)
    if found is None:
        raise ValueError(window)
    first, last = DAYS.index(found["first"]), DAYS.index(found["last"] or found["first"])
    today = start.astimezone(zone).date()
    for day in (today + ahead * A_DAY for ahead in range(days)):
        if (day.weekday() - first) % 7 > (last - first) % 7 or is_closed(day):
            continue
        for instant in sorted({start, *_beginnings(day, time.fromisoformat(found["open"]), zone)}):
            here = instant.astimezone(zone)
            if instant >= start and here.date() == day and found["open"] <= f"{here:%H:%M}" < found["close"]:
                return instant
    return None


def _beginnings(day: date, opening: time, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the moments of a day at which a window may begin: at its hour, and when the clocks are changed."""
    for fold in (0, 1):
        yield datetime.combine(day, opening.replace(fold=fold), zone).astimezone(UTC)
    early = datetime.combine(day - A_DAY, time(21), zone).astimezone(UTC)
    late = datetime.combine(day + A_DAY, time(3), zone).astimezone(UTC)
    before = early.astimezone(zone).utcoffset()
    if before == late.astimezone(zone).utcoffset():
        return
    while late - early > timedelta(seconds=1):
        middle = early + timedelta(seconds=(late - early).total_seconds() // 2)
        early, late = (middle, late) if middle.astimezone(zone).utcoffset() == before else (early, middle)
    yield late


def opening_after(moment: datetime) -> datetime:
    """Return when a mail that may leave at `moment` leaves: then, or when the agency's window opens next."""
    return next_opening(moment, option("ratings.request_window"), ZoneInfo(option("agency.zone")), _is_day_off)


def _is_day_off(day: date) -> bool:
    return option("ratings.avoid_holidays") and is_holiday(option("agency.country"), day)


def digest_after(moment: datetime) -> datetime:
    """Return when the next weekly mail leaves: on the agency's day and hour, in the window."""
    zone = ZoneInfo(option("agency.zone"))
    today, hour = moment.astimezone(zone).date(), time(option("ratings.digest_hour"))
    first = today + (DAYS.index(option("ratings.digest_day")) - today.weekday()) % 7 * A_DAY
    moments = (datetime.combine(day, hour, zone).astimezone(UTC) for day in (first, first + 7 * A_DAY))
    return opening_after(next(at for at in moments if at > moment))


def due_time(ended_at: datetime, now: datetime, delay_minutes: int) -> datetime:
    """Return when to ask about a visit: some time after its real end, in the window; at once when that is past."""
    return opening_after(max(ended_at + timedelta(minutes=delay_minutes), now))


def too_old_from(ended_at: datetime) -> datetime:
    """Return from when on a visit is too old to be asked about. An agency that waits longer than that before it asks
    at all counts from the day on which it would ask."""
    patience, delay = timedelta(days=option("ratings.too_old_days")), option("ratings.request_delay_minutes")
    late = timedelta(minutes=delay)
    return ended_at + (patience if late < patience else late + patience)
