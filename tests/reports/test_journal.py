"""*Journal*: administrators read who did what, narrow it and take it away."""

import ast
import csv
import io
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import CheckConstraint, select

from portal.accounts.actions import Signed
from portal.accounts.models import Account, AccountLink
from portal.adverse_events.completing import Known
from portal.adverse_events.feedback import HOW_LABELS, Told
from portal.adverse_events.follow_models import Action, Analysis, AuthorityRoute
from portal.adverse_events.models import CONSEQUENCES, MEASURES, AdverseEvent
from portal.audit.actions import record
from portal.audit.models import KINDS, AuditEntry
from portal.complaints.models import Complaint
from portal.controls.models import Export
from portal.extensions import db, wires
from portal.imports.importer import Outcome
from portal.incidents.models import Incident
from portal.notes.models import Note
from portal.organisation.forms import SectorForm
from portal.outbox.models import Message
from portal.people.access import GRANTS
from portal.people.editing import FIELDS as EDITED
from portal.people.editing import KEPT
from portal.people.models import Sector, Staff
from portal.ratings.models import Rating
from portal.reports.journal_changes import FIELDS, change_in_words
from portal.reports.journal_words import FAMILIES, RECORDS
from portal.threads.models import NoticeChoice
from portal.threads.words import INCIDENT, TOPICS
from portal.visits.models import Visit
from portal.work import jobs as work
from tests.accounts.test_password_links import NEW
from tests.adverse_events.stories import stored
from tests.conftest import Database, Mailbox, SignIn, open_browser, text_of
from tests.factories import PASSWORD, Agency
from tests.pages import Browser, Page
from tests.reports.test_quality import rows_of
from tests.test_conventions import calls, modules

TABLE = "/staff/journal"


def asked(browser: Browser, **filters: object) -> Page:
    return browser.get(f"{TABLE}?{urlencode({'period': 'last_7_days', **filters})}")


@pytest.fixture
def done(agency: Agency, sign_in: SignIn) -> Agency:
    """Claire rates her visit and changes the rating; Sofia cancels one; Ada changes an option."""
    claire, sofia, ada = sign_in(agency.claire), sign_in(agency.sofia), sign_in(agency.ada)
    address = f"/client/visits/{agency.claires_done}/rating"
    assert claire.act(address, {"stars": "2", "comment": "le secret"}).status < 400
    assert claire.act(address, {"stars": "3", "version": "1"}).status < 400
    cancelled = f"/staff/visits/{agency.claires_next}/cancellation"
    assert sofia.act(cancelled, {"reason": "un secret aussi"}).status < 400
    assert ada.get("/staff/home").status == 200
    return agency


def test_it_says_who_did_what_to_which_record(done: Agency, sign_in: SignIn) -> None:
    ada = sign_in(done.ada)
    page = ada.get("/staff/home").link("Audit log").click().form("Launch").submit(what="rating.changed")
    assert [row[1:] for row in rows_of(page)] == [[
        "Claire Lefèvre", "Client", "A rating was changed; the former value is kept", f"Visit no. {done.claires_done}",
        "Stars: 2 → 3",
    ]]  # fmt: skip
    assert page.link(f"Visit no. {done.claires_done}").click().status == 200
    page = asked(ada, what="visit.cancelled", who="sofia")
    assert [row[1:6] for row in rows_of(page)] == [[
        "Sofia Benali", "Coordinator", "A visit was cancelled", f"Visit no. {done.claires_next}",
        "State: To do → Cancelled",
    ]]  # fmt: skip
    assert "secret" not in asked(ada).text


def test_a_deed_stays_that_of_the_file_in_which_it_was_done_whatever_the_login_opens_later(
    done: Agency, sign_in: SignIn, app: Flask, mailbox: Mailbox
) -> None:
    """A coordinator adds a relative with somebody else's address on a client of theirs."""
    assert open_browser(app).act("/sign-in", {"email": done.claire.email, "password": PASSWORD}).status == 303
    igor, ada, sofia = sign_in(done.igor), sign_in(done.ada), sign_in(done.sofia)
    form = igor.get(f"/staff/clients/{done.eloise.id}/access").form("Add and invite")
    form.submit(first_name="Spy", last_name="Spy", email=done.claire.email)
    story = sofia.get(f"/staff/clients/{done.claire.id}/timeline").words
    assert "Claire Lefèvre" in story
    assert "Spy" not in story
    assert {row[1] for row in rows_of(asked(ada, what="rating."))} == {"Claire Lefèvre"}
    assert [row[1] for row in rows_of(asked(ada, what="account.signed_in"))] == ["Claire Lefèvre"]
    assert rows_of(asked(ada, who="spy")) == []
    open_browser(app).act("/forgotten-password", {"email": done.denis.email})
    path = text_of(mailbox.one()).partition("http://localhost")[2].split()[0]
    assert sofia.get(path).form(path).submit(password=NEW, confirm=NEW).status == 303
    assert [row[1] for row in rows_of(asked(ada, what="account.password_set"))] == ["Denis Moreau"], "not who sat there"
    assert open_browser(app).act("/sign-in", {"email": done.claire.email, "password": PASSWORD}).status == 303
    of_login = rows_of(asked(ada, what="account.signed_in", who=done.claire.email))
    assert [row[1] for row in of_login] == [done.claire.email, "Claire Lefèvre"], "of several files none is open yet"


def test_each_filter_narrows_it(done: Agency, sign_in: SignIn, database: Database) -> None:
    ada = sign_in(done.ada)

    def kinds(**filters: object) -> set[str]:
        return {row[3] for row in rows_of(asked(ada, **filters))}

    rated, changed = "A visit was rated", "A rating was changed; the former value is kept"
    assert kinds(what="rating.") == {rated, changed}
    assert kinds(who="Lefèvre claire", what="rating.left") == {rated}
    assert kinds(who="лефевр", what="rating.left") == {rated}
    assert kinds(who="personne") == set()
    assert kinds(record="visit", number=done.claires_done, what="rating.") == {rated, changed}
    assert kinds(record="visit", number=done.denis_done, what="rating.") == set()
    assert kinds(period="last_month") == set()
    with database.writing():
        record("visit.done", None, ("visit", done.claires_past))
    assert rows_of(asked(ada, number=done.claires_past, what="visit.done"))[0][1] == "The portal"
    with database.writing():
        record("account.signed_in", Signed(db.session.get_one(Account, done.ada.account_id)), ("account", 1))
    assert rows_of(asked(ada, what="account.signed_in"))[0][1:3] == ["Ada Martin", ""], "a login as such has no role"
    for wrong in ({"what": "rating.invented"}, {"record": "soul"}, {"number": "-1"}, {"number": str(2**40)},
                  {"number": "9" * 400}, {"number": "EI-2026"},
                  {"period": "free", "first_day": "2025-01-01"}):  # fmt: skip
        page = asked(ada, **wrong)
        assert (page.status, rows_of(page)) == (422, [])
        assert page.errors()


# kind of deed, type of record, what was before and after as it is kept; what an administrator reads
SAID = (
    ("message.cancelled", "message", {"state": "scheduled"}, {"state": "cancelled"}, "State: Scheduled → Cancelled"),
    ("message.sent_again", "message", {"state": "suppressed", "reason": "opted_out"}, {"state": "due"},
     "State: Not sent → About to leave; Reason: the person wants no rating requests →"),
    ("visit.reopened", "visit", {"state": "done"}, {"state": "planned"}, "State: Completed → To do"),
    ("rating.suspected", "visit", None, {"stars": 1, "reason": "too_fast"},
     "Stars: 1; Reason: answered within seconds of the mail"),
    ("account.signed_in", "account", None, {"method": "totp"}, "How: With the password and a code"),
    ("account.password_set", "account", None, {"purpose": "invitation"}, "How: Invitation"),
    ("account.file_opened", "account", None, {"file": "client:12"}, "Record: Client no. 12"),
    ("access.denied", "account", None, {"method": "GET", "page": "staff.show_visit"},
     "How: GET; Page: /staff/visits/…"),
    ("import.ran", "import", None, {"kind": "visits", "create": 3, "refused": 1},
     "Kind: Visits; Created: 3; Refused: 1"),
    ("person.changed", "worker", None,
     {"fields": ["availability"], "weekday": 0, "begins": "09:00", "ends": "12:00"},
     "Fields: Weekly availability; Day of the week: Monday; Begins at: 09:00; Ends at: 12:00"),
    ("person.changed", "client", {"language": "fr"}, {"fields": ["language", "email"], "language": "ru"},
     "Language: Français → Русский; Fields: Language, E-mail"),
    ("sector.changed", "sector", {"kind": "sector"}, {"kind": "agency"}, "Kind: Sector → Agency"),
    ("table.exported", "export", None,
     {"table": "quality", "format": "csv", "rows": 4, "filters": ["client", "period"]},
     "Table: Client quality follow-up; Format: csv; Lines: 4; Filters: Client, Period"),
    ("note.changed", "note", {"situation": "todo", "owner_id": 2}, {"fields": ["owner_id"], "owner_id": 3,
     "situation": "progress"},
     "Situation: To do → In progress; Owner, by number: 2 → 3; Fields: Owner, by number"),
    ("complaint.waiting", "complaint", {"answer_by": "2026-12-01"}, {"answer_by": "2026-12-16"},
     "Answer by: Tuesday, 1 December 2026 → Wednesday, 16 December 2026"),
    ("event.reported", "adverse_event", None,
     {"mode": "confidential", "client": 4, "nature": "near_miss", "severity": 2},
     "How it was reported: In confidence; Client, by number: 4; Nature: Near miss; Severity: 2"),
    ("event.moved", "adverse_event", {"state": "triage"}, {"state": "analysis"},
     "State: Under triage → Under analysis"),
    ("event.route_changed", "adverse_event", {"route": "R-ESSMS", "status": "to_do"},
     {"route": "R-ESSMS", "status": "told"},
     "Authority: The authority that authorised the service (department, ARS, prefect); "
     "Status: To do → Told by word of mouth"),
    ("event.action_changed", "adverse_event", {"action": 4, "state": "done"},
     {"action": 4, "state": "verified", "effective": "partly"},
     "Action number: 4; State: Done → Effect checked; Effective: In part"),
    ("event.changed", "adverse_event", {"place": "home", "short": True},
     {"place": "outside", "short": False, "fields": ["facts", "place", "place_note"], "former": 7},
     "Place: The client’s home → Outside; Reported in short: yes → no; "
     "Fields: What happened?, Where?, More about the place; What it said before, by number: 7"),
    ("event.told", "adverse_event", None, {"whom": "reporter", "how": "portal"},
     "Whom: Who reported it; Given how: On the portal"),
    ("option.set", "option", {"ratings.request_window": "always"}, {"ratings.request_window": "mon-sat 09:00-19:00"},
     "Days and hours: At any time → Monday to Saturday, 9:00–19:00"),
)  # fmt: skip


def test_what_was_before_and_after_is_said_in_words(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        for number, (kind, type_, before, after, _said) in enumerate(SAID, 1000):
            record(kind, None, (type_, number), before=before, after=after)
    shown = {row[4].rpartition(" ")[2]: row[5] for row in rows_of(asked(sign_in(agency.ada)))}
    assert [shown[str(number)] for number in range(1000, 1000 + len(SAID))] == [said for *_kept, said in SAID]


def test_an_event_is_named_by_its_reference_and_found_by_it(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        for number in (41, 42):
            event = stored(agency, year=2026, number=number)
            record("event.moved", agency.ines.user, ("adverse_event", event.id), after={"state": "triage"})
        gone = event.id + 7
        record("event.moved", None, ("adverse_event", gone))
    ada = sign_in(agency.ada)
    named = ["Adverse event EI-2026-0041", "Adverse event EI-2026-0042", f"Adverse event no. {gone}"]
    page = asked(ada, what="event.")
    assert sorted(row[4] for row in rows_of(page)) == named and len(page.statements) <= 6
    assert page.link(named[0]).click().says("h1").startswith("EI-2026-0041")
    for typed in ("EI-2026-0042", " ei-2026-42"):
        assert [row[4] for row in rows_of(asked(ada, number=typed))] == named[1:2]
    assert rows_of(asked(ada, number="EI-2025-0042")) == []


def test_every_column_sorts_both_ways(done: Agency, sign_in: SignIn) -> None:
    ada = sign_in(done.ada)
    for place, column in enumerate(("at", "who", "role", "what", "record", "change")):
        up, down = (rows_of(asked(ada, sort=sort)) for sort in (column, f"-{column}"))
        assert sorted(up) == sorted(down), column
        assert up != down, column
        if column in ("who", "role"):
            filled = [row[place] for row in up if row[place] not in ("", "The portal")]
            assert len(filled) == 3
            assert filled == sorted(filled)


def test_only_administrators_read_it(done: Agency, sign_in: SignIn, database: Database) -> None:
    for name in ("sofia", "ines"):
        browser = sign_in(getattr(done, name))
        assert asked(browser).status == 403
        assert browser.act(f"{TABLE}/export", {"format": "csv", "query": "period=last_7_days"}).status == 403
        assert "Audit log" not in browser.get("/staff/controls").words
    assert database.count(Export) == 0


def test_it_is_taken_away_as_a_file(done: Agency, sign_in: SignIn, app: Flask, database: Database) -> None:
    ada = sign_in(done.ada)
    screen = asked(ada, what="rating.")
    page = screen.press('[name="format"][value="csv"]').follow()
    with app.app_context():
        work.run(database.one(select(Export.work_id)))
    text = ada.get(f"{page.request.path}/file").data.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert [row[1:] for row in rows] == [row[1:] for row in rows_of(screen)]
    assert database.count(AuditEntry, AuditEntry.kind == "table.exported") == 1


def test_a_page_costs_six_statements_whatever_its_length(done: Agency, sign_in: SignIn, database: Database) -> None:
    ada = sign_in(done.ada)
    few = asked(ada).statements
    with database.writing():
        for number in range(1, 80):
            record("visit.done", done.sofia.user, ("visit", number))
    page = asked(ada)
    assert len(rows_of(page)) == 50
    assert len(page.statements) == len(few) <= 6, "\n".join(page.statements)


def written(call: ast.Call, kind: type[ast.Tuple | ast.Dict]) -> set[str]:
    """What stands first in the pairs, or as the keys, of an entry of the journal."""
    found = [node for node in ast.walk(call) if isinstance(node, kind)]
    parts: list[ast.expr | None] = [
        node.elts[0] for node in found if isinstance(node, ast.Tuple) and len(node.elts) == 2
    ]
    parts += [key for node in found if isinstance(node, ast.Dict) for key in node.keys]
    return {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}


def test_every_kind_of_deed_and_of_record_and_every_field_has_a_name() -> None:
    assert {kind.partition(".")[0] for kind in KINDS} == set(FAMILIES)
    recording = ("record", "record_all", "record_deed", "record_refusal")
    deeds = [call for tree in modules().values() for call in calls(tree) if getattr(call.func, "id", "") in recording]
    assert set.union(*(written(deed, ast.Tuple) for deed in deeds)) <= set(RECORDS)
    fields = set.union(*(written(deed, ast.Dict) for deed in deeds))
    assert fields | {*KEPT, *GRANTS, *SectorForm.written, *map(str, Outcome)} <= set(FIELDS)


def allowed(model: Any, column: str) -> list[str]:
    """The values that the database takes in a column."""
    checks = [str(check.sqltext) for check in model.__table__.constraints if isinstance(check, CheckConstraint)]
    return re.findall(r"'(\w+)'", next(check for check in checks if check.startswith(f"{column} IN")))


def test_no_value_of_a_closed_list_is_shown_as_it_is_kept(app: Flask) -> None:
    drops = [call for tree in modules().values() for call in calls(tree) if getattr(call.func, "id", "") == "Drop"]
    reasons = {call.args[1].value for call in drops if len(call.args) > 1 and isinstance(call.args[1], ast.Constant)}
    assert len(reasons) > 10
    kept = {
        "visit": {"state": allowed(Visit, "state"), "channel": allowed(Rating, "channel"),
                  "how": allowed(Rating, "given_how")},
        "message": {"state": allowed(Message, "state"), "reason": reasons},
        "account": {"purpose": [*allowed(AccountLink, "purpose"), "setup"], "method": ["password", "link", "totp"]},
        "sector": {"kind": allowed(Sector, "kind")},
        "staff": {"role": allowed(Staff, "role")},
        "client": {"language": ["fr", "ru", "en"], "fields": [[name] for names in EDITED.values() for name in names]},
        "import": {"kind": list(wires.importers)},
        "incident": {name: allowed(Incident, name) for name in ("state", "urgency", "phase", "outcome")},
        "worker": {f"{kind}_mails": allowed(NoticeChoice, "how") for kind in allowed(NoticeChoice, "kind")},
        "thread": {"topic": [*TOPICS, INCIDENT]},
        "export": {"table": list(wires.tables)},
        "note": {name: allowed(Note, name) for name in ("situation", "priority", "repeats")},
        "complaint": {name: allowed(Complaint, name) for name in ("direction", "channel", "outcome")},
        "adverse_event": {name: allowed(AdverseEvent, name)
                          for name in ("mode", "nature", "state", "kind", "continuity", "place")}
        | {name: allowed(AuthorityRoute, name) for name in ("route", "status")}
        | {name: allowed(Action, name) for name in ("kind", "state", "effective")}
        | {"consequences": [[one] for one in CONSEQUENCES], "measures": [[one] for one in MEASURES],
           "fields": [[name] for name in Known.__dataclass_fields__]}
        | {"method": allowed(Analysis, "method"), "how": list(HOW_LABELS), "whom": list(Told)},
    }  # fmt: skip
    with app.test_request_context():
        for record_, fields in kept.items():
            for name, values in fields.items():
                for value in values:
                    label, _colon, said = str(change_in_words(record_, None, {name: value})).partition(": ")
                    raw = value[0] if isinstance(value, list) else value
                    assert said not in ("", raw) and label != name, f"{record_}.{name}: {value}"
