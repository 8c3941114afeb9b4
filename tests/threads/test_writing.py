"""Writing in a conversation: once, whole, correctable for five minutes, withdrawn with a reason."""

import io
import threading
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal.accounts.models import Account
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.people.models import Relative
from portal.threads.links import pieces
from portal.threads.models import FormerMessage, Thread, ThreadMessage
from tests import factories
from tests.conftest import Database, SignIn, open_browser
from tests.factories import Agency
from tests.pages import Page


@pytest.fixture
def thread_id(agency: Agency, database: Database) -> int:
    """Claire and Wassim talk with the agency."""
    with database.writing():
        return factories.thread(agency.claire, [agency.claire], [agency.wassim], "Bonjour à tous").id


def texts(database: Database) -> list[str]:
    return list(database.all(select(ThreadMessage.text).order_by(ThreadMessage.id)))


def test_who_reads_is_said_before_one_writes(
    agency: Agency, database: Database, sign_in: SignIn, thread_id: int
) -> None:
    with database.writing():
        hidden = factories.thread(agency.sofia, [agency.claire], published=False).id
    said = {
        who: sign_in(getattr(agency, who)).get(f"/{portal}/threads/{thread_id}").soup.select(".write-readers")[0]
        for who, portal in {"claire": "client", "wassim": "worker", "sofia": "staff"}.items()
    }
    assert "Paul Lefèvre, Wassim Haddad and your agency" in said["claire"].get_text()
    assert "Claire Lefèvre, Paul Lefèvre and your agency" in said["wassim"].get_text()
    assert "Claire Lefèvre, Paul Lefèvre, Wassim Haddad and the agency" in said["sofia"].get_text()
    with database.writing():
        db.session.get_one(Relative, agency.paul.id).active = False
        db.session.get_one(Account, agency.wassim.account_id).active = False
    talk, all_read = f"threads/{thread_id}", ".write-readers[data-audience=all]"
    told = sign_in(agency.sofia).get(f"/staff/{talk}").says(all_read)
    assert "Claire Lefèvre, Wassim Haddad (no access to the portal) and the agency" in told
    told = sign_in(agency.claire).get(f"/client/{talk}").says(all_read)
    assert told.startswith("Wassim Haddad and your agency")
    page = sign_in(agency.sofia).get(f"/staff/threads/{hidden}")
    assert "Only the agency will read this." in page.words
    assert sign_in(agency.claire).get(f"/client/threads/{hidden}").status == 404


def test_a_form_sent_twice_is_one_message(agency: Agency, database: Database, sign_in: SignIn, thread_id: int) -> None:
    form = sign_in(agency.claire).get(f"/client/threads/{thread_id}").form("Send")
    first, second = (form.submit(text="Une fois", htmx=True) for _tap in range(2))
    assert (first.status, second.status) == (200, 200)
    assert texts(database).count("Une fois") == 1
    fresh = first.form("Send").values()
    assert (fresh["text"], fresh["token"] != form.values()["token"]) == ("", True)
    assert "Une fois" in first.words, "the messages come with it"
    late = form.submit(text="Une fois, et plus", htmx=True)
    assert (late.status, late.form("Send").values()["text"]) == (409, "Une fois, et plus")
    assert "had arrived" in " ".join(late.errors())
    late.form("Send").submit(htmx=True)
    assert texts(database)[1:] == ["Une fois", "Une fois, et plus"]


def test_nothing_and_too_much_are_refused_and_what_was_typed_stays(
    agency: Agency, database: Database, sign_in: SignIn, thread_id: int
) -> None:
    wassim = sign_in(agency.wassim)
    form = wassim.get(f"/worker/threads/{thread_id}").form("Send")
    for nothing in ("  \n ", "\u200b\u202e", "\n\u2060 \u3164\x07"):
        assert form.submit(text=nothing).status == 409
    long = form.submit(text="é" * 5001)
    assert (long.status, len(long.form("Send").values()["text"])) == (422, 5001)
    lied = form.submit(text="Voici", files=(io.BytesIO(b"#!/bin/sh"), "photo.jpg"), htmx=True)
    assert (lied.status, lied.form("Send").values()["text"]) == (409, "Voici")
    again = "Please choose your photos or papers again"
    assert again not in lied.words, "with scripts what was chosen stays"
    plain = form.submit(text="x" * 5001, files=(io.BytesIO(factories.picture()), "photo.png"))
    assert (plain.status, again in plain.words) == (422, True)
    assert again not in form.submit(text="").words, "nothing was chosen"
    assert "photo.jpg" in " ".join(lied.errors())
    many: dict[str, Any] = {"text": "Six", "files": [(io.BytesIO(factories.picture()), f"{n}.png") for n in range(6)]}
    assert wassim.act(f"/worker/threads/{thread_id}/messages", many).status == 422
    assert texts(database) == ["Bonjour à tous"]
    assert form.submit(text="x" * 5000).status == 303


def test_a_file_comes_back_to_all_who_take_part(agency: Agency, sign_in: SignIn, thread_id: int) -> None:
    claire = sign_in(agency.claire)
    form = claire.get(f"/client/threads/{thread_id}").form("Send")
    page = form.submit(files=(io.BytesIO(factories.picture()), "évier.png")).follow()
    address = str(page.at(".said-files a")["href"])
    assert page.at(".said-files img")["alt"] == "évier.png"
    number = address.removeprefix("/client")
    for person, portal in (("paul", "client"), ("wassim", "worker"), ("sofia", "staff")):
        browser = sign_in(getattr(agency, person))
        assert browser.get(f"/{portal}{number}").mimetype == "image/png"
        assert browser.get(f"/{portal}{number}/thumbnail").mimetype == "image/jpeg"
    assert sign_in(agency.denis).get(address).status == 404


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("Voir https://a.example/x.", ["https://a.example/x"]),
        ("(https://a.example/x_(y)) et www.b.example!", ["https://a.example/x_(y)", "https://www.b.example"]),
        ("javascript:alert(1) data:text/html,x ftp://a.example file:///etc/passwd", []),
        ("https://agence.example@mal.example/ http://[::1 https://localhost/ https://", []),
        ("<a href='https://a.example/x'>ici</a>", ["https://a.example/x'"[:-1]]),
        ("https://a.example/\u202egpj.exe", ["https://a.example/"]),
    ],
)  # fmt: skip
def test_addresses_can_be_clicked_and_nothing_else(text: str, linked: list[str]) -> None:
    assert [piece.url for piece in pieces(text) if piece.url] == linked


@given(st.text(alphabet=st.sampled_from("htps:/w.a@[]()<>\"' \n\u202e«é?#%&=")) | st.text())
def test_a_text_stays_the_text(text: str) -> None:
    cut = pieces(text)
    assert "".join(piece.text for piece in cut) == text
    assert all((piece.url or "https://").lower().startswith(("http://", "https://")) for piece in cut)


def test_what_somebody_writes_is_text_on_the_page(agency: Agency, sign_in: SignIn, thread_id: int) -> None:
    form = sign_in(agency.claire).get(f"/client/threads/{thread_id}").form("Send")
    page = form.submit(text="<b>gras</b> {{ 7*7 }}\nhttps://a.example/?a=1&b=<i>").follow()
    said = page.soup.select(".said-text")[-1]
    assert said.get_text() == "<b>gras</b> {{ 7*7 }}\nhttps://a.example/?a=1&b=<i>"
    link = said.select("a")[0]
    assert (link["href"], link["target"]) == ("https://a.example/?a=1&b=", "_blank")
    assert {"noopener", "nofollow", "ugc"} <= set(link["rel"])


def test_one_corrects_ones_own_message_for_five_minutes(
    agency: Agency, database: Database, sign_in: SignIn, thread_id: int, time_machine: TimeMachineFixture
) -> None:
    claire, paul, sofia = (sign_in(one) for one in (agency.claire, agency.paul, agency.sofia))
    page = claire.get(f"/client/threads/{thread_id}")
    window = page.link("Correct").click(htmx=True)
    assert claire.part(f"/client/threads/{thread_id}/news", headers={"HX-PTag": tag(page)}).status == 304
    changed = window.form("Save").submit(text="Bonsoir à tous", htmx=True)
    assert (changed.status, changed.events) == (200, "message-changed")
    assert claire.part(f"/client/threads/{thread_id}/news", headers={"HX-PTag": tag(page)}).status == 200
    read = paul.get(f"/client/threads/{thread_id}")
    assert "Bonsoir à tous" in read.words
    assert "corrected" in read.words
    assert "Bonjour à tous" not in read.html, "what it said before is for the agency"
    assert "Bonjour à tous" in sofia.get(f"/staff/threads/{thread_id}").words
    assert not read.soup.select(".said-deeds a"), "it is not Paul's"
    number = database.one(select(ThreadMessage.id))
    refused = paul.act(f"/client/threads/{thread_id}/messages/{number}/correction", {"text": "Non"})
    assert refused.status == 409
    assert window.form("Save").submit(text="").status == 409
    time_machine.shift(timedelta(minutes=5))
    assert "Correct" not in claire.get(f"/client/threads/{thread_id}").words
    late = window.form("Save").submit(text="Trop tard")
    assert (late.status, "Trop tard" in late.html) == (409, True)
    assert texts(database) == ["Bonsoir à tous"]
    assert database.all(select(FormerMessage.text)) == ["Bonjour à tous"]
    deeds = database.all(select(AuditEntry.kind).where(AuditEntry.kind.startswith("thread.")).order_by(AuditEntry.id))
    assert deeds == ["thread.opened", "thread.corrected"]
    told = database.all(select(AuditEntry.after).where(AuditEntry.kind == "thread.corrected"))
    assert told == [{"message": number}], "the journal names the message, not what it says"


def tag(page: Page) -> str:
    return str(page.at("#messages")["hx-ptag"])


def test_staff_withdraw_a_message_with_a_reason_that_all_read_in_its_place(
    agency: Agency, database: Database, sign_in: SignIn, thread_id: int
) -> None:
    claire, wassim, sofia = (sign_in(one) for one in (agency.claire, agency.wassim, agency.sofia))
    form = claire.get(f"/client/threads/{thread_id}").form("Send")
    page = form.submit(text="Le code est 1234", files=(io.BytesIO(factories.picture()), "code.png")).follow()
    address = str(page.at(".said-files a")["href"])
    correction = claire.get(str(page.soup.select(".said-deeds a")[-1]["href"])).form("Save")
    desk = sofia.get(f"/staff/threads/{thread_id}")
    window = sofia.get(str(desk.soup.select(".said-deeds a")[-1]["href"]))
    assert window.form("Withdraw").submit(reason=" ").status == 422
    withdrawn = window.form("Withdraw").submit(reason="Un code de porte").follow()
    assert "Le code est 1234" in withdrawn.words, "the agency can still open it"
    for browser, portal in ((claire, "client"), (wassim, "worker")):
        read = browser.get(f"/{portal}/threads/{thread_id}")
        assert "withdrawn this message: Un code de porte" in read.words
        assert "1234" not in read.html
        assert "code.png" not in read.html
    for browser, portal in ((claire, "client"), (wassim, "worker"), (sofia, "staff")):
        assert browser.get(f"/{portal}{address.removeprefix('/client')}").status == 404
    assert window.form("Withdraw").submit(reason="Encore").status == 409
    late = correction.submit(text="Le code vient par téléphone")
    assert late.status == 409 and "The agency has withdrawn this message" in late.words
    assert "for five minutes" not in late.words
    assert len(claire.get(f"/client/threads/{thread_id}").soup.select(".said-deeds a")) == 1, "the first message's"
    entry = database.one(select(AuditEntry.after).where(AuditEntry.kind == "thread.withdrawn"))
    assert set(entry) == {"message"}


def test_messages_of_other_threads_and_other_people_are_not_there(
    agency: Agency, database: Database, sign_in: SignIn, thread_id: int
) -> None:
    with database.writing():
        other = factories.thread(agency.denis, [agency.denis])
        of_other = other.last_id
        inside = factories.message(agency.sofia, db.session.get_one(Thread, thread_id), "Interne", internal=True).id
    claire, igor = sign_in(agency.claire), sign_in(agency.igor)
    before = texts(database)
    for number in (of_other, inside):
        assert claire.act(f"/client/threads/{thread_id}/messages/{number}/correction", {"text": "x"}).status == 404
    assert claire.act(f"/client/threads/{other.id}/messages", {"text": "x"}).status == 404
    assert igor.act(f"/staff/threads/{thread_id}/messages/{inside}/withdrawal", {"reason": "x"}).status == 404
    token = {"text": "Ailleurs", "token": database.one(select(ThreadMessage.token).where(ThreadMessage.id == of_other))}
    assert claire.act(f"/client/threads/{thread_id}/messages", token).status == 303, "a token is its author's"
    assert texts(database) == [*before, "Ailleurs"]


def test_two_who_write_at_once_lose_nothing(
    agency: Agency, database: Database, sign_in: SignIn, thread_id: int
) -> None:
    people = {"client": agency.claire, "worker": agency.wassim, "staff": agency.sofia}
    asked = [sign_in(one).get(f"/{portal}/threads/{thread_id}").form("Send") for portal, one in people.items()]
    start = threading.Barrier(len(asked))
    answers: list[int] = []

    def send(number: int) -> None:
        start.wait()
        answers.append(asked[number].submit(text=f"En même temps {number}").status)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(len(asked))]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert answers == [303, 303, 303]
    assert sorted(texts(database)[1:]) == [f"En même temps {number}" for number in range(3)]
    last, shown = database.one(select(Thread.last_id, Thread.shown_id))
    assert last == shown == max(database.all(select(ThreadMessage.id)))


def test_who_is_signed_out_writes_nothing(app: Any, agency: Agency, database: Database, thread_id: int) -> None:
    assert open_browser(app).act(f"/client/threads/{thread_id}/messages", {"text": "x"}, htmx=True).status == 401
    assert texts(database) == ["Bonjour à tous"]
