"""The staff's first page: what needs a person today, each a link to the list that holds exactly that."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from portal import clock
from portal.adverse_events.telling import add_line
from portal.adverse_events.triage import acknowledge
from portal.extensions import db, wires
from portal.imports.actions import bring_in, discard
from portal.imports.models import Import
from portal.incidents.following import Closing, move_incident
from portal.incidents.models import State
from portal.people.models import Client, Service, Worker
from portal.ratings.actions import leave_rating
from portal.ratings.handling import handling_of
from portal.ratings.own_actions import say
from portal.reports.comparing_models import TallyCheck
from portal.settings.actions import mark_setup, set_option
from portal.visits.models import Visit
from portal.work import jobs as work
from tests import factories
from tests.adverse_events.follow_stories import action, followed
from tests.adverse_events.stories import stored
from tests.conftest import Database, SignIn
from tests.factories import NOON, Agency, Persona
from tests.pages import Page

REFUSED = "Prénom;Nom;E-mail;Secteur\nLéa;Noël;lea@example.org;Nord\nX;;nobody;Nulle part\n;;;\nY;Z;zz;Nord\n"


def cards(page: Page) -> list[str]:
    return [tag.get_text(" ", strip=True) for tag in page.soup.select(".home-cards h2")]


def groups(page: Page) -> list[str]:
    return [" ".join(tag.get_text(" ").split()) for tag in page.soup.select(".home-reasons a")]


@pytest.fixture
def quiet(agency: Agency, database: Database) -> None:
    """Nothing asks for anybody."""
    with database.writing():
        db.session.execute(update(Visit).where(Visit.id == agency.claires_past).values(state="draft"))


Brought = Callable[..., int]


@pytest.fixture
def brought(database: Database) -> Brought:
    """Bring in a file of clients; two of its lines cannot be read."""

    def bring(who: Persona, name: str = "clients.csv", content: str = REFUSED) -> int:
        with database.writing():
            made = bring_in(who.user, "clients", name, content.encode(), {})
            db.session.commit()
            work.run(made.work_id or 0)
            return made.id

    return bring


def test_who_has_nothing_to_do_is_told_so(agency: Agency, quiet: None, sign_in: SignIn) -> None:
    page = sign_in(agency.igor).get("/staff/home")
    assert "Nothing asks for your attention" in page.words
    assert cards(page) == []


def test_messages_that_did_not_arrive_are_grouped_by_reason_and_lead_to_exactly_those(
    agency: Agency, quiet: None, sign_in: SignIn, database: Database
) -> None:
    lost = [
        ("failed", "refused", 1), ("suppressed", "no_address", 2), ("suppressed", "not_tried", 1),
        ("expired", "too_late", 1), ("suppressed", "opted_out", 3), ("cancelled", "already_rated", 1),
    ]  # fmt: skip
    with database.writing():
        claire = db.session.get_one(Client, agency.claire.id)
        service, wassim = db.session.get_one(Service, agency.rising), db.session.get_one(Worker, agency.wassim.id)
        old = factories.request_of(factories.done_visit(claire, service, [wassim], hour=1, ask=True).id).message
        old.state, old.reason, old.put_aside_at = "suppressed", "no_address", clock.now()
        old.next_at = clock.now() - timedelta(days=8)
        for hour, (state, reason) in enumerate(
            ((state, reason) for state, reason, number in lost for _ in range(number)), 2
        ):
            message = factories.request_of(
                factories.done_visit(claire, service, [wassim], hour=hour, ask=True).id
            ).message  # fmt: skip
            message.state, message.reason, message.next_at = state, reason, clock.now()
            message.put_aside_at = None if state == "failed" else clock.now()
    sofia = sign_in(agency.sofia)
    page = sofia.get("/staff/home")
    assert groups(page) == [
        "2 no address to write to", "1 it could not leave in time", "1 the address was refused",
        "1 the address refused two messages and is not tried any more",
    ]  # fmt: skip
    for group in groups(page):
        number, _, reason = group.partition(" ")
        listed = page.link(reason).click()
        assert len(listed.soup.select("#messages tbody tr")) == int(number), group
        assert "Only messages of the last 7 days." in listed.words
    older = page.link("no address to write to").click().link("Show older ones too").click()
    assert len(older.soup.select("#messages tbody tr")) == 3
    assert groups(sign_in(agency.igor).get("/staff/home")) == []


def test_files_with_refused_lines_are_shown_to_who_brought_them_and_to_who_sees_all(
    agency: Agency, quiet: None, sign_in: SignIn, brought: Brought, database: Database, time_machine
) -> None:
    number = brought(agency.sofia)
    brought(agency.igor, "sain.csv", "Prénom;Nom;E-mail;Secteur\nLéo;Blanc;leo@example.org;Sud\n")
    own = sign_in(agency.sofia).get("/staff/home")
    assert cards(own) == ["Files with refused lines"]
    assert groups(own)[0].startswith("2 refused lines in clients.csv")
    lines = own.link("refused lines").click()
    assert lines.response.request.path == f"/staff/imports/{number}"
    assert len(lines.soup.select("#import td.num:first-child")) == 2
    assert "brought in by Sofia Benali" in groups(sign_in(agency.ines).get("/staff/home"))[0]
    assert cards(sign_in(agency.igor).get("/staff/home")) == []
    with database.writing():
        discard(agency.sofia.user, db.session.get_one(Import, number))
    assert cards(sign_in(agency.sofia).get("/staff/home")) == []
    for place in range(6):
        brought(agency.sofia, f"file{place}.csv")
    many = sign_in(agency.sofia).get("/staff/home")
    assert len(groups(many)) == 5
    listed = many.link("See all of them").click()
    assert len(listed.soup.select("tbody tr")) == 6
    assert len(listed.link("Show all files").click().soup.select("tbody tr")) == 6
    time_machine.shift(timedelta(days=8))
    assert "Files with refused lines" not in cards(sign_in(agency.sofia).get("/staff/home"))


def test_visits_to_close_are_counted_up_to_a_thousand(
    agency: Agency, quiet: None, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        claire = db.session.get_one(Client, agency.claire.id)
        first = factories.visit(claire, db.session.get_one(Service, agency.rising), [], factories.at(-20, 9))
        row = dict(db.session.execute(select(*Visit.__table__.c).where(Visit.id == first.id)).mappings().one())
        del row["id"]
        db.session.execute(insert(Visit), [row for _ in range(1000)])
    page = sign_in(agency.sofia).get("/staff/home")
    assert cards(page) == ["1,000+ visits to close"]
    assert "1,000+" in page.link("See the visits to close").click().says(".pages-total")


def fill_every_card(agency: Agency, hour: int) -> None:
    """Something for every card of Sofia, Inès and Ada, at an hour of its own."""
    staff = agency.sofia, agency.ines, agency.ada
    claire = db.session.get_one(Client, agency.claire.id)
    service, wassim = db.session.get_one(Service, agency.rising), db.session.get_one(Worker, agency.wassim.id)
    rated = factories.done_visit(claire, service, [wassim], hour=hour, ask=True).id
    low = factories.rate(agency.claire, rated, 1)
    low.call_back = True
    say(agency.wassim.user, low, "contest", "Je n’étais pas là", low.version)
    failed = factories.request_of(rated).message
    failed.state, failed.reason, failed.next_at = "failed", "refused", clock.now()
    done = factories.done_visit(claire, service, [wassim], hour=hour + 1, ask=True).id
    late = factories.request_of(done).message
    late.state, late.next_at = "due", clock.now() - timedelta(hours=1)
    unused = factories.service(f"Jardin {hour}")  # nothing can be reported on its visits
    factories.visit(claire, unused, [wassim], factories.at(-2, hour))
    ended = factories.incident(agency.claire, agency.claires_past)
    move_incident(agency.sofia.user, ended, State.CLOSED, ended.version, Closing("settled", ask=True))
    asked, _none = handling_of(ended.id) or (None, None)
    leave_rating(agency.claire.user, asked, 1, "")
    factories.incident(agency.claire, agency.claires_past, urgency="urgent")
    factories.visit(claire, service, [wassim], factories.at(-4, hour))
    factories.thread(agency.claire, [agency.claire])
    complaint = factories.complaint(agency.claire)
    complaint.acknowledge_by = clock.now().date()
    factories.adverse_event(agency.wassim, agency.claire)
    event, judged = stored(agency, severity=4), followed(agency)
    acknowledge(agency.ines.user, event)
    add_line(agency.ines.user, event, "R-JUST")
    db.session.add(TallyCheck(ended_at=clock.now(), wrong=1))
    for who in staff:
        factories.note(who, alert=True, client_id=agency.claire.id, remind_at=clock.now() + timedelta(minutes=1))
        action(agency, judged, NOON.date(), owner_id=who.id)


OWN = ["home-setup", "home-switches", "home-tallies", "home-reasons"]  # of an administrator
CARDS = [
    "home-lost", "home-reminders", "home-events", "home-clocks", "home-actions", "home-incidents", "home-low",
    "home-contests", "home-calls", "home-handling", "home-complaints", "home-unclosed", "home-imports", "home-threads",
]  # fmt: skip


def test_with_every_card_the_page_asks_the_database_twelve_times_at_most_however_many_rows_they_have(
    agency: Agency, sign_in: SignIn, brought: Brought, database: Database
) -> None:
    asked: dict[str, set[int]] = {}
    for hour in (8, 10, 12):
        brought(agency.sofia, f"clients{hour}.csv")
        with database.writing():
            mark_setup(None, "open")
            set_option(None, "ratings.client_ratings", "on")
            set_option(None, "ratings.workers_see", "on")
            fill_every_card(agency, hour)
            set_option(None, "ratings.client_ratings", "off")
        for who, cards_of in ((agency.sofia, CARDS), (agency.ines, CARDS), (agency.ada, OWN + CARDS)):
            page = sign_in(who).get("/staff/home")
            assert [card["aria-labelledby"] for card in page.soup.select(".home-cards > section")] == cards_of
            assert page.soup.select(".home-cards > .trouble"), "above what was lost"
            asked.setdefault(who.key, set()).add(len(page.statements))
    assert len(CARDS + OWN) == len(wires.home_cards), "a card that is new is filled here as well"
    assert all(len(numbers) == 1 and max(numbers) <= 12 for numbers in asked.values()), asked
