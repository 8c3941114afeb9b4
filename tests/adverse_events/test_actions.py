"""Actions after an event: decided on, carried out, checked; their owner is reminded, and the manager in the end."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from time_machine import TimeMachineFixture

from portal.adverse_events.action_plan import EFFECT_AFTER, day_of_check
from portal.adverse_events.follow_models import Action
from portal.adverse_events.models import AdverseEvent
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.outbox.models import Message
from portal.people.models import Staff
from tests.adverse_events.follow_stories import action, followed
from tests.adverse_events.stories import FACTS
from tests.conftest import Database, Mailbox, SignIn, text_of
from tests.controls.test_exports import export, sheet_of
from tests.factories import NOON, Agency
from tests.reports.test_quality import figures

TODAY = NOON.date()
TEXT = "Poser une barre d’appui"


@pytest.fixture
def event(agency: Agency, database: Database) -> int:
    with database.writing():
        return followed(agency).id


def plan(agency: Agency, **more: str) -> dict[str, Any]:
    usual = {"kind": "preventive", "text": TEXT, "owner_id": str(agency.sofia.id), "due_on": "2026-12-01"}
    return usual | {"indicator": "Aucune chute en trois mois"} | more


def the_action(database: Database) -> Action:
    return database.one(select(Action))


def test_an_action_goes_from_its_decision_to_its_effect(
    agency: Agency, event: int, sign_in: SignIn, database: Database
) -> None:
    sofia = sign_in(agency.sofia)
    form = sofia.get(f"/staff/adverse-events/{event}").link("Add an action").click().form("Save")
    assert "Please say what is to be done." in form.submit().says("#text-error")
    page = form.submit(**plan(agency)).follow()
    assert TEXT in page.says("#actions") and "Aucune chute en trois mois" in page.says("#actions")
    assert "Actions under way" in page.says("#event-head") and len(page.statements) <= 12
    page = page.link("How far is it?").click().form("Save").submit(state="done", done_on="2026-11-17").follow()
    assert "Effect being checked" in page.says("#event-head")
    one = the_action(database)
    assert (one.state, one.done_on, one.check_on) == ("done", TODAY, date(2027, 2, 17)), "three months later"
    form = page.link("Did it help?").click().form("Save")
    page = form.submit(effective="partly", effect_note="Moins souvent").follow()
    assert "In part" in page.says("#actions") and "Moins souvent" in page.says("#actions")
    kinds = database.all(select(AuditEntry.kind).where(AuditEntry.subject_type == "adverse_event"))
    assert kinds == ["event.action_added", "event.moved", "event.action_changed", "event.moved", "event.action_changed"]
    written = str(database.all(select(AuditEntry.before, AuditEntry.after)))
    assert TEXT not in written and "Moins" not in written, "no free text in the journal"


@pytest.mark.parametrize(
    ("typed", "where", "sentence"),
    [
        ({"due_on": "2026-11-16"}, "due_on", "This day is over."),
        ({"due_on": "31/12"}, "due_on", "This date is not valid. Please give a day between 1900 and 2200."),
        ({"due_on": ""}, "due_on", "Please say by which day."),
        ({"check_on": "2026-11-30"}, "check_on", "Its effect cannot be looked at before it is due."),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_and_nothing_typed_is_lost(
    agency: Agency, event: int, sign_in: SignIn, database: Database, typed: dict, where: str, sentence: str
) -> None:
    form = sign_in(agency.sofia).get(f"/staff/adverse-events/{event}/actions/new").form("Save")
    page = form.submit(**plan(agency, **typed))
    assert page.status in (409, 422) and sentence in page.says(f"#{where}-error")
    assert page.form("Save").values()["text"] == TEXT
    assert not database.all(select(Action))


def test_who_does_not_see_the_event_has_no_action_of_it_in_hand(
    agency: Agency, event: int, sign_in: SignIn, database: Database
) -> None:
    sofia, url = sign_in(agency.sofia), f"/staff/adverse-events/{event}/actions/new"
    offered = sofia.get(url).soup.select("#owner_id option")
    assert str(agency.sofia.id) in {tag["value"] for tag in offered}
    assert str(agency.igor.id) not in {tag["value"] for tag in offered}, "he coordinates the South"
    page = sofia.act(url, plan(agency, owner_id=str(agency.igor.id)))
    assert page.status == 422 and not database.all(select(Action))


def test_who_comes_second_sees_both_texts(agency: Agency, event: int, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        made = action(agency, db.session.get_one(AdverseEvent, event), TODAY + timedelta(days=20))
    url = f"/staff/event-actions/{made.id}"
    first, second = (sign_in(who).get(url).form("Save") for who in (agency.sofia, agency.ines))
    assert first.submit(text="Poser deux barres").status == 303
    late = second.submit(text="Poser un tapis")
    assert late.status == 409 and "Poser deux barres" in late.words
    assert late.form("Save").values()["text"] == "Poser un tapis"
    assert late.form("Save").submit().status == 303 and the_action(database).text == "Poser un tapis"


def test_an_action_is_dropped_with_a_reason_and_done_on_no_day_to_come(
    agency: Agency, event: int, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        made = action(agency, db.session.get_one(AdverseEvent, event), TODAY)
    form = sign_in(agency.sofia).get(f"/staff/event-actions/{made.id}/state").form("Save")
    assert "Please say why it is dropped." in form.submit(state="dropped").says("#why-error")
    assert "This day is still to come." in form.submit(state="done", done_on="2026-11-18").says("#done_on-error")
    assert "before the event" in form.submit(state="done", done_on="2026-11-15").says("#done_on-error")
    assert form.submit(state="dropped", why="Le logement est quitté").status == 303
    assert the_action(database).dropped_why == "Le logement est quitté"
    assert database.one(select(AdverseEvent.state)) == "progress"


class Watch:
    """Who is reminded while days go by."""

    def __init__(self, database: Database, mailbox: Mailbox, clock: TimeMachineFixture) -> None:
        self.database, self.mailbox, self.clock = database, mailbox, clock

    def on(self, day: date) -> list[tuple[str, str]]:
        self.clock.move_to(NOON + (day - TODAY), tick=False)
        mails = self.mailbox.collect()
        for mail in mails:
            whole = f"{mail['Subject']} {text_of(mail)} {text_of(mail, 'html')}"
            for secret in (FACTS, TEXT, "Claire", "Lefèvre", "Wassim", "chute"):
                assert secret not in whole, secret
        return [(mail["To"].addresses[0].addr_spec.split("@")[0], mail["Subject"]) for mail in mails]


@pytest.fixture
def watch(database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture, agency: Agency) -> Watch:
    with database.writing():
        db.session.execute(update(Staff).values(language="en"))
    time_machine.move_to(NOON, tick=False)
    return Watch(database, mailbox, time_machine)


def test_the_owner_is_reminded_a_week_before_on_the_day_and_a_week_later_with_the_manager(
    agency: Agency, event: int, database: Database, watch: Watch
) -> None:
    due = TODAY + timedelta(days=20)
    with database.writing():
        action(agency, db.session.get_one(AdverseEvent, event), due, owner_id=agency.ines.id)
    assert watch.on(due - timedelta(days=8)) == []
    assert watch.on(due - timedelta(days=7)) == [("ines", "Action due in a week")]
    assert watch.on(due) == [("ines", "Action due today")]
    overdue = "Action overdue for a week"
    assert sorted(watch.on(due + timedelta(days=7))) == [("ines", overdue), ("sofia", overdue)], "she supervises it"
    assert watch.on(due + timedelta(days=30)) == []


def test_what_is_done_or_put_off_reminds_nobody_of_its_former_day(
    agency: Agency, event: int, database: Database, sign_in: SignIn, watch: Watch
) -> None:
    due = TODAY + timedelta(days=5)
    with database.writing():
        made = action(agency, db.session.get_one(AdverseEvent, event), due)
    sofia = sign_in(agency.sofia)
    later = (due + timedelta(days=10)).isoformat()
    assert sofia.get(f"/staff/event-actions/{made.id}").form("Save").submit(due_on=later).status == 303
    assert watch.on(due) == []
    assert watch.on(due + timedelta(days=10)) == [("sofia", "Action due today")]
    form = sign_in(agency.sofia).get(f"/staff/event-actions/{made.id}/state").form("Save")
    assert form.submit(state="done", done_on="").status == 303
    assert watch.on(due + timedelta(days=40)) == []
    open_ones = select(Message).where(Message.subject_type == "event_action", Message.state == "scheduled")
    assert not database.all(open_ones)


def test_ones_own_actions_stand_on_the_home_page_and_in_the_table(
    agency: Agency, event: int, sign_in: SignIn, database: Database, time_machine: TimeMachineFixture
) -> None:
    with database.writing():
        one = db.session.get_one(AdverseEvent, event)
        action(agency, one, TODAY)
        action(agency, one, TODAY + timedelta(days=40), text="Former l’équipe", kind="preventive")
    time_machine.move_to(NOON + timedelta(days=1), tick=False)
    sofia, igor = sign_in(agency.sofia), sign_in(agency.igor)
    card = sofia.get("/staff/home").says(".home-card[aria-labelledby=home-actions]")
    assert TEXT in card and "Overdue" in card and "Former l’équipe" in card
    assert "home-actions" not in igor.get("/staff/home").html
    page = sofia.get("/staff/home").link("See all 2 actions in your hands").click()
    assert TEXT in page.words and "Former l’équipe" in page.words and "(overdue)" in page.words
    assert len(page.statements) <= 8
    assert TEXT not in sofia.get("/staff/event-actions?period=this_year&kind=preventive").words
    assert TEXT not in igor.get("/staff/event-actions?period=this_year").words
    narrowed = sofia.get("/staff/event-actions?period=this_year&overdue=yes&state=open&effective=unknown")
    assert "(overdue)" not in narrowed.words, "what is not done has no effect to be checked yet"


def test_whenever_an_action_is_due_the_table_opens_with_it(
    agency: Agency, event: int, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        one = db.session.get_one(AdverseEvent, event)
        for days, text in ((0, "Aujourd’hui"), (500, "L’an prochain"), (2500, "Un jour")):
            action(agency, one, TODAY + timedelta(days=days), text=text)
    ines = sign_in(agency.ines)
    desk = ines.get("/staff/event-actions")
    assert desk.form("Launch").values()["period"] == "all"
    page = desk.form("Launch").submit()
    assert figures(page)["Actions"] == "3" and len(page.statements) <= 8
    assert "Aujourd’hui" in page.words and "Un jour" in page.words and "Period: All periods" in page.words
    months = [cell.get_text() for cell in page.soup.select(".months thead th")]
    assert (len(months), months[-1]) == (37, "Sept 33"), "what is drawn has an end"
    assert "Due by month and kind (the latest 37 months)" in page.words
    assert len(page.soup.select(".months tbody .none")) < 37 * 4
    assert page.soup.select(".drawn.control-wide .grid"), "eight columns stand in no half"
    assert ines.get("/staff/adverse-events?period=all").status == 422, "what looks back has an end"


def test_small_numbers_of_actions_are_hidden_from_all_but_the_quality_lead(
    agency: Agency, event: int, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        one = db.session.get_one(AdverseEvent, event)
        for state, number in (("todo", 6), ("done", 2), ("dropped", 5)):
            for _each in range(number):
                made = action(agency, one, TODAY)
                made.state, made.done_on, made.dropped_why = state, TODAY, "Inutile"
    table, few = "/staff/event-actions?period=this_year", "< 5"
    page = sign_in(agency.sofia).get(table)
    assert figures(page) == {
        "Actions": "13", "Not done yet": "6", "Overdue": "0", "Done": few, "Done in time": few,
        "That helped": "— · n = 0",
    }  # fmt: skip
    assert TEXT in page.words and "Numbers below 5 are hidden" in page.words
    drawn = [" ".join(cell.get_text(" ").split()) for cell in page.soup.select(".drawn tbody td")]
    assert few in drawn and "2" not in drawn and "…" in drawn
    page = sign_in(agency.ines).get(table)
    assert figures(page)["Done"] == "2" and "are hidden" not in page.words


def test_a_workbook_of_actions_has_dates_where_days_stand_and_numbers_where_figures_do(
    app: Flask, agency: Agency, event: int, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        for number in range(6):
            made = action(agency, db.session.get_one(AdverseEvent, event), TODAY)
            made.done_on = made.check_on = TODAY
            made.state, made.effective = "verified", "no" if number else "yes"
    page = export(app, database, sign_in(agency.ines), "xlsx", "/staff/event-actions?period=this_year")
    heads, row, *_more = sheet_of(page).iter_rows()
    found = {head.value: cell for head, cell in zip(heads, row, strict=True)}
    days = [found[name] for name in ("Due date", "Done on", "Look at its effect on")]
    assert [(cell.is_date, cell.value.date()) for cell in days] == [(True, TODAY)] * 3
    about = {row[0].value: row[1:3] for row in sheet_of(page, 1).iter_rows()}
    assert [about[name][0].value for name in ("Actions", "Done", "Not done yet", "Lines")] == [6, 6, 0, 6]
    helped, of = about["That helped"]
    assert (helped.value, helped.number_format, of.value) == (0.17, "0%", "n = 6")


def test_the_day_of_the_check_lies_three_months_after(app: object, database: Database) -> None:
    with database.writing():
        assert EFFECT_AFTER == 3
        assert day_of_check(date(2026, 11, 30)) == date(2027, 2, 28)
        assert day_of_check(date(2026, 12, 27)) == date(2027, 3, 27), "the night in which the clocks change comes after"
