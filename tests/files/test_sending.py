"""Photos are drawn and stored before anything is locked: whoever sends them makes nobody wait, what was true before
they were drawn counts for nothing, and nothing is left of what no deed has kept."""

import io
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select, update

from portal.accounts.models import Account, AccountSession
from portal.accounts.sessions import end_sessions
from portal.errors import Refused
from portal.extensions import db
from portal.files import actions
from portal.files.models import Attachment
from portal.people.models import Relative
from portal.settings.actions import set_option
from portal.threads import actions as threads
from portal.threads.models import Thread, ThreadMessage
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.files.test_keeping import files_in
from tests.racing import at_once, posting


@pytest.fixture(params=["write", "declare", "open", "open for"])
def form(request: pytest.FixtureRequest, agency: Agency, database: Database) -> tuple[str, str, dict]:
    """A way to send files: who does it, where, and what goes with them."""
    with database.writing():
        talk = factories.thread(agency.claire, [agency.claire]).id
        reason = factories.reason(agency.cleaning).id
    url, told = {
        "write": (f"/client/threads/{talk}/messages", {}),
        "declare": (f"/client/visits/{agency.claires_past}/incident", {"reason": f"end:{reason}"}),
        "open": ("/client/threads/new", {"topic": "other"}),
        "open for": ("/staff/threads/new", {"topic": "other", "people": agency.claire.key, "audience": "all"}),
    }[request.param]
    return "sofia" if request.param == "open for" else "claire", url, {"text": "Voyez", **told}


def test_who_sends_photos_makes_nobody_wait_and_leaves_nothing_that_is_not_kept(
    form: tuple[str, str, dict], agency: Agency, database: Database, sign_in: SignIn, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def draw(*args: object) -> object:
        drawn.append(db.session().in_transaction())
        together.wait(30)  # whoever drew under a lock would wait here alone
        return as_ever(*args)  # ty: ignore[invalid-argument-type]

    def photo() -> dict:
        return {"files": (io.BytesIO(factories.picture()), "évier.png")}

    def refuse(*_: object) -> None:
        raise Refused("Not now.", "text")

    drawn: list[bool] = []
    together, as_ever = threading.Barrier(2), actions.draw
    monkeypatch.setattr(actions, "draw", draw)
    (who, url, told), store = form, tmp_path / "files"
    browser = sign_in(getattr(agency, who))
    once = told | {"token": "a" * 22}
    assert at_once([posting(browser, url, once | photo()) for _tap in range(2)]) == [303, 303]
    assert drawn == [False, False]
    kept = database.one(select(Attachment.public_id))
    assert files_in(store) == sorted([kept, f"{kept}.thumb"]), "of the one that came second, nothing is left"
    assert browser.act(url, once | photo()).status == 303
    assert len(drawn) == 2, "what has arrived is not drawn again"
    together = threading.Barrier(1)
    monkeypatch.setattr(threads, "_note_written", refuse)
    assert browser.act(url, told | {"token": "b" * 22} | photo()).status == 409
    assert (len(drawn), len(files_in(store)), database.count(Attachment)) == (3, 2, 1)
    monkeypatch.setattr(actions, "MOST_A_DAY", 1)
    assert browser.act(url, told | {"token": "c" * 22} | photo()).status == 409
    assert len(drawn) == 3, "who may send no more today has nothing drawn"


Meanwhile = Callable[[Agency, Thread], object]


def open_another_file(agency: Agency, _thread: Thread) -> None:
    db.session.execute(update(AccountSession).values(open_file=f"relative:{agency.paul.id}"))
    db.session.execute(update(Relative).values(account_id=agency.claire.account_id))


def move_away(agency: Agency, thread: Thread) -> None:
    thread.sector_id = agency.south


@pytest.mark.parametrize(("who", "meanwhile", "status"), [
    ("wassim", lambda *_: set_option(None, "threads.workers_to_clients", "off"), 409),
    ("paul", lambda agency, _: db.session.execute(update(Relative).values(sees_threads=False)), 404),
    ("claire", lambda _, thread: setattr(thread, "published", False), 404),
    ("claire", lambda agency, _: end_sessions(db.session.get_one(Account, agency.claire.account_id)), 401),
    ("sofia", move_away, 404),
    ("claire", open_another_file, 400),
], ids=["switched off", "no relative any more", "hidden", "signed out", "in another sector", "as another"])  # fmt: skip
def test_who_may_no_more_once_a_photo_is_drawn_is_judged_by_that(
    agency: Agency, database: Database, sign_in: SignIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    who: str, meanwhile: Meanwhile, status: int,
) -> None:  # fmt: skip
    def draw(*args: object) -> object:
        with database.writing():
            meanwhile(agency, db.session.get_one(Thread, talk))
        return as_ever(*args)  # ty: ignore[invalid-argument-type]

    with database.writing():
        talk = factories.thread(agency.wassim, [agency.claire], [agency.wassim]).id
    as_ever, person = actions.draw, getattr(agency, who)
    browser, portal = sign_in(person), {"wassim": "worker", "sofia": "staff"}.get(who, "client")
    monkeypatch.setattr(actions, "draw", draw)
    told = {"text": "Voyez", "audience": "all", "files": (io.BytesIO(factories.picture()), "évier.png")}
    page = browser.act(f"/{portal}/threads/{talk}/messages", told, htmx=True)
    assert page.status == status
    assert (database.count(ThreadMessage), database.count(Attachment), files_in(tmp_path / "files")) == (1, 0, [])
