"""*Configuration*: each option with the control that fits it, its default and its history; nothing typed is lost."""

from typing import Any

import pytest
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.errors import Refused
from portal.settings.actions import change_options, set_option
from portal.settings.choices import GROUPS
from portal.settings.models import OPTIONS, OptionValue
from portal.settings.queries import fingerprint, option
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.pages import Browser, Page


@pytest.fixture
def ada(agency: Agency, sign_in: SignIn) -> Browser:
    return sign_in(agency.ada)


def page_of(browser: Browser, group: str) -> Page:
    return browser.get(f"/staff/settings?group={group}")


def save(page: Page, **typed: Any) -> Page:
    return page.form("/staff/settings?group=").submit(**typed)


def value(database: Database, key: str) -> object:
    with database.app.app_context():
        return option(key)


def entries(database: Database, key: str) -> list[tuple]:
    found = database.all(select(AuditEntry).where(AuditEntry.kind == "option.set").order_by(AuditEntry.id))
    return [(row.account_id, row.before[key], row.after[key]) for row in found if key in row.after]


def test_every_option_stands_on_a_page_with_its_help_and_default(ada: Browser) -> None:
    pages = [page_of(ada, group) for group in GROUPS]
    shown = {key for key in OPTIONS if any(page.soup.select(f'[name="{key}.seen"]') for page in pages)}
    assert shown == {key for key, known in OPTIONS.items() if known.kind not in ("logo", "setup")}
    words = page_of(ada, "requests").words
    assert "Time between the end of a visit and the rating request." in words
    assert "By default: 24 h" in words
    assert "By default: Monday to Saturday, 9:00–19:00" in words


@pytest.mark.parametrize("known", [known for known in OPTIONS.values() if known.group], ids=lambda known: known.key)
def test_every_option_has_a_name(known: object) -> None:
    assert getattr(known, "label", "")


@pytest.mark.parametrize("group", GROUPS)
def test_a_page_saved_as_it_stands_changes_nothing(ada: Browser, database: Database, group: str) -> None:
    before = database.count(AuditEntry)
    stored = database.all(select(OptionValue.key))
    typed = page_of(ada, group).form("/staff/settings?group=").values()
    typed |= {"agency.languages.fr": "1"} if group == "agency" else {}
    page = ada.act(f"/staff/settings?group={group}", typed)
    assert page.status == 303
    assert "Nothing was changed." in page.follow().words
    assert database.count(AuditEntry) == before
    assert database.all(select(OptionValue.key)) == stored


def test_one_save_changes_what_was_changed_and_writes_one_entry_for_each(
    ada: Browser, agency: Agency, database: Database
) -> None:
    page = save(page_of(ada, "ratings"), **{"ratings.low_threshold": "3", "ratings.lock_public": "false"})
    assert (page.status, page.follow().status) == (303, 200)
    assert entries(database, "ratings.low_threshold") == [(agency.ada.account_id, 2, 3)]
    assert entries(database, "ratings.lock_public") == [(agency.ada.account_id, True, False)]
    assert entries(database, "ratings.change_days") == []


@pytest.mark.parametrize(
    ("number", "unit", "minutes", "words"),
    [("2", "1440", 2880, "2 days"), ("36", "60", 2160, "36 h"), ("90", "1", 90, "1 h 30"), ("0", "60", 0, "0 min")],
)
def test_a_delay_is_typed_in_hours_or_days_and_kept_in_minutes(
    ada: Browser, database: Database, number: str, unit: str, minutes: int, words: str
) -> None:
    key = "ratings.request_delay_minutes"
    assert save(page_of(ada, "requests"), **{key: number, f"{key}.unit": unit}).status == 303
    assert value(database, key) == minutes
    assert words in ada.get(f"/staff/settings/history?key={key}").words
    again = page_of(ada, "requests").form("/staff/settings?group=").values()
    assert int(again[key]) * int(again[f"{key}.unit"]) == minutes


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ({"mode": "always"}, "always"),
        ({"mode": "hours", "first": "tue", "last": "fri", "open": "08:30", "close": "12:00"}, "tue-fri 08:30-12:00"),
        ({"mode": "hours", "first": "sun", "last": "sun", "open": "10:00", "close": "00:00"}, "sun-sun 10:00-24:00"),
    ],
)
def test_the_window_is_chosen_by_days_and_hours(
    ada: Browser, database: Database, typed: dict[str, str], kept: str
) -> None:
    key = "ratings.request_window"
    save(page_of(ada, "requests"), **{f"{key}.{part}": text for part, text in typed.items()})
    assert value(database, key) == kept
    assert save(page_of(ada, "requests")).status == 303, "what is kept can be shown and saved again"
    assert value(database, key) == kept


@pytest.mark.parametrize(
    ("group", "typed", "sentence"),
    [
        ("requests", {"ratings.link_days": "0"}, "“0” is not a whole number between 1 and 365."),
        ("requests", {"ratings.link_days": ""}, "Please enter a whole number between 1 and 365."),
        ("ratings", {"ratings.low_threshold": "1", "ratings.urgent_threshold": "4"}, "cannot be above that of low"),
        ("requests", {"ratings.reminder_days": "20"}, "The reminder (day 20) has to come before the end of the link"),
        ("requests", {"ratings.link_days": "4"}, "The reminder (day 4) has to come before the end of the link (day 4)"),
        ("requests", {"ratings.reminder_days": "30", "ratings.link_days": "30"}, "With 0 days nobody is reminded."),
        ("sender", {"agency.sender": "élodie@agence.fr"}, "has accents before the @"),
        ("requests", {"ratings.request_delay_minutes": "soon"}, "“soon” is not a whole number"),
        ("requests", {"ratings.request_window.open": "20:00"}, "of which the second is later than the first"),
        ("agency", {"agency.zone": "Mars/Olympus", "agency.languages.fr": "1"}, "“Mars/Olympus” is not a time zone."),
        ("agency", {"agency.name": " ", "agency.languages.fr": "1"}, "Please write something here."),
        ("sender", {"agency.sender": "nobody"}, "“nobody” is not an e-mail address."),
    ],
)
def test_what_means_nothing_is_said_at_its_field_and_what_was_typed_stays(
    ada: Browser, database: Database, group: str, typed: dict[str, str], sentence: str
) -> None:
    before = database.count(AuditEntry)
    page = ada.act(
        f"/staff/settings?group={group}", page_of(ada, group).form("/staff/settings?group=").values() | typed
    )
    assert page.status == 422
    assert [error for error in page.errors() if sentence in error]
    assert (
        page.form("/staff/settings?group=").values().items()
        >= {name: text for name, text in typed.items() if text.strip()}.items()
    )
    assert database.count(AuditEntry) == before


@pytest.mark.parametrize(
    ("typed", "at"),
    [
        ({"ratings.reminder_days": "20"}, "ratings-reminder_days"),
        ({"ratings.link_days": "3"}, "ratings-link_days"),
        ({"ratings.reminder_days": "30", "ratings.link_days": "20"}, "ratings-reminder_days"),
    ],
)
def test_a_reminder_after_the_end_of_the_link_is_refused_at_the_option_that_was_changed(
    ada: Browser, typed: dict[str, str], at: str
) -> None:
    page = save(page_of(ada, "requests"), **typed)
    assert page.status == 422
    assert [str(tag["id"]) for tag in page.soup.select(".option .error")] == [f"{at}-error"]


def test_a_reminder_that_another_administrator_made_too_late_meanwhile_is_refused_and_nothing_typed_is_lost(
    ada: Browser, database: Database
) -> None:
    """Both pages were right when they were opened."""
    old = page_of(ada, "requests")
    save(page_of(ada, "requests"), **{"ratings.link_days": "6"})
    page = save(old, **{"ratings.reminder_days": "10", "ratings.too_old_days": "9"})
    assert page.status == 409
    assert "(day 10) has to come before the end of the link (day 6)" in page.says("#option-ratings-reminder_days")
    assert "In the meantime somebody has chosen: 6 days" in page.says("#option-ratings-link_days")
    typed = page.form("/staff/settings?group=").values()
    assert (typed["ratings.reminder_days"], typed["ratings.too_old_days"]) == ("10", "9")
    assert value(database, "ratings.reminder_days") == 4
    assert save(page).status == 303, "who has seen both values and saves means it"
    assert (value(database, "ratings.reminder_days"), value(database, "ratings.link_days")) == (10, 14)


def test_without_any_language_ticked_the_page_says_so(ada: Browser) -> None:
    typed = page_of(ada, "agency").form("/staff/settings?group=").values()
    ticks = [f"agency.languages.{code}" for code in ("fr", "ru", "en")]
    page = ada.act("/staff/settings?group=agency", {name: text for name, text in typed.items() if name not in ticks})
    assert (page.status, page.errors()) == (422, ["Please choose at least one language."])


def test_a_second_administrator_with_an_old_page_sees_both_values(ada: Browser, database: Database) -> None:
    old = page_of(ada, "requests")
    save(page_of(ada, "requests"), **{"ratings.link_days": "30"})
    page = save(old, **{"ratings.link_days": "20", "ratings.too_old_days": "9"})
    assert page.status == 409
    assert "In the meantime somebody has chosen: 30 days" in page.words
    assert page.form("/staff/settings?group=").values()["ratings.link_days"] == "20"
    assert value(database, "ratings.link_days") == 30
    assert value(database, "ratings.too_old_days") == 7, "all of a page or nothing"
    assert save(page).status == 303, "who has seen both values and saves means it"
    assert (value(database, "ratings.link_days"), value(database, "ratings.too_old_days")) == (20, 9)


def test_an_old_page_takes_nothing_back_that_its_reader_did_not_touch(ada: Browser, database: Database) -> None:
    old = page_of(ada, "requests")
    save(page_of(ada, "requests"), **{"ratings.link_days": "30"})
    assert save(old, **{"ratings.too_old_days": "9"}).status == 303
    assert (value(database, "ratings.link_days"), value(database, "ratings.too_old_days")) == (30, 9)


def test_a_default_is_filled_in_and_saved_by_the_person(ada: Browser, database: Database) -> None:
    assert not page_of(ada, "ratings").soup.select("button[name=default]"), "nothing is modified yet"
    page = save(page_of(ada, "ratings"), **{"ratings.change_days": "1"}).follow()
    assert "Modified" in page.says("#option-ratings-change_days")
    filled = page.press("button[name=default]", **{"ratings.low_threshold": "4"})
    assert filled.status == 200
    typed = filled.form("/staff/settings?group=").values()
    assert (typed["ratings.change_days"], typed["ratings.low_threshold"]) == ("7", "4"), "what else was typed stays"
    assert "The default is filled in. Save to keep it." in filled.words
    assert value(database, "ratings.change_days") == 1
    save(filled)
    assert (value(database, "ratings.change_days"), value(database, "ratings.low_threshold")) == (7, 4)


def test_the_history_says_who_when_and_from_what_to_what(agency: Agency, ada: Browser, database: Database) -> None:
    empty = ada.get("/staff/settings/history?key=ratings.link_days")
    assert "Nobody has changed this yet" in empty.words
    save(page_of(ada, "requests"), **{"ratings.link_days": "30"})
    with database.writing():
        set_option(None, "ratings.link_days", "21")
    page = page_of(ada, "requests").link("History Validity of the link").click()
    first, second = (" ".join(item.get_text(" ").split()) for item in page.soup.select(".changes li"))
    assert "From the command line" in first
    assert "30 days → 21 days" in first
    assert agency.ada.name in second
    assert "14 days → 30 days" in second
    part = ada.part("/staff/settings/history?key=ratings.link_days")
    assert part.is_fragment
    assert "14 days → 30 days" in part.words


def test_the_history_of_an_option_that_there_is_not_is_not_found(ada: Browser) -> None:
    assert ada.get("/staff/settings/history?key=nonsense").status == 404
    assert ada.get("/staff/settings?group=nonsense").status == 404


@pytest.mark.parametrize("group", GROUPS)
def test_a_page_asks_the_database_a_bounded_number_of_times(ada: Browser, group: str) -> None:
    assert len(page_of(ada, group).statements) <= 6


# ---- the two switches ----


def test_the_forgotten_second_switch_is_said_there_and_on_the_administrators_home_page(
    ada: Browser, agency: Agency, sign_in: SignIn
) -> None:
    assert "cannot rate yet" not in ada.get("/staff/home").words
    page = save(page_of(ada, "modules"), **{"ratings.client_ratings": "false"}).follow()
    assert "The module is on, but your clients cannot rate yet." in page.says("#option-ratings-client_ratings")
    home = ada.get("/staff/home")
    assert "Your clients cannot rate yet" in home.words
    assert home.link("Open the configuration").click().status == 200
    assert "cannot rate yet" not in sign_in(agency.ines).get("/staff/home").words, "who cannot mend it is not told"
    save(page_of(ada, "modules"), **{"ratings.client_ratings": "true"})
    assert "cannot rate yet" not in ada.get("/staff/home").words


def test_the_second_switch_alone_is_without_effect_and_says_so(ada: Browser) -> None:
    page = save(page_of(ada, "modules"), **{"ratings.enabled": "false"}).follow()
    assert "Without effect as long as the module above is off." in page.says("#option-ratings-client_ratings")
    assert "cannot rate yet" not in ada.get("/staff/home").words


def test_a_switch_takes_the_link_from_the_clients_list(ada: Browser, agency: Agency, sign_in: SignIn) -> None:
    claire = sign_in(agency.claire)
    assert claire.get("/client/visits").soup.select(f"#visit-{agency.claires_done} a.btn")
    save(page_of(ada, "modules"), **{"ratings.client_ratings": "false"})
    assert not claire.get("/client/visits").soup.select(f"#visit-{agency.claires_done} a.btn")


# ---- the question, as clients see it ----


def test_of_two_thresholds_the_second_writer_is_told_that_they_contradict_each_other(
    agency: Agency, database: Database
) -> None:
    """Both pages were right when they were opened."""
    with database.writing():
        set_option(None, "ratings.urgent_threshold", "2")
        with pytest.raises(Refused, match="urgent"):
            change_options(agency.ada.user, {"ratings.low_threshold": "1"}, {"ratings.low_threshold": fingerprint(2)})
