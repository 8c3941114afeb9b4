"""The list of conversations and the page of one, in the three portals."""

import pytest

from portal.extensions import db
from portal.people.models import Client, Relative
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.pages import Page


@pytest.fixture
def talks(agency: Agency, database: Database) -> dict[str, int]:
    """One of Claire and Wassim, one of Denis; one of Jean alone and one of Éloïse in the South."""
    with database.writing():
        return {
            "claire": factories.thread(agency.claire, [agency.claire], [agency.wassim], subject="Horaires").id,
            "denis": factories.thread(agency.sofia, [agency.denis], subject="Une clé").id,
            "jean": factories.thread(agency.jean, [], [agency.jean], subject="Une attestation").id,
            "eloise": factories.thread(agency.eloise, [agency.eloise], [agency.jean], subject="Merci").id,
        }


def listed(page: Page) -> list[str]:
    return [tag.get_text().partition(" · ")[2] for tag in page.soup.select(".thread-title a")]


def test_everybody_sees_the_conversations_that_are_theirs_newest_first(
    agency: Agency, sign_in: SignIn, talks: dict[str, int]
) -> None:
    theirs = {
        "claire": ("client", ["Horaires"]), "paul": ("client", ["Horaires"]), "wassim": ("worker", ["Horaires"]),
        "jean": ("worker", ["Merci", "Une attestation"]), "sofia": ("staff", ["Une clé", "Horaires"]),
        "igor": ("staff", ["Merci", "Une attestation"]),
        "ines": ("staff", ["Merci", "Une attestation", "Une clé", "Horaires"]),
    }  # fmt: skip
    for name, (portal, expected) in theirs.items():
        browser = sign_in(getattr(agency, name))
        page = browser.get(f"/{portal}/threads")
        assert listed(page) == expected, name
        assert len(page.statements) <= 6, "\n".join(page.statements)
        shown = page.link(expected[0]).click()
        assert "Bonjour" in shown.words
        assert len(shown.statements) <= 11, "one is left to what stands above the messages"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("unread=1", ["Merci", "Une attestation", "Horaires"]),
        ("state=archived", []),
        ("state=all&topic=other", ["Merci", "Une attestation", "Une clé", "Horaires"]),
        ("topic=planning", []),
        ("who=hadad", []),
        ("who=HADDAD+wassim", ["Horaires"]),
        ("who=d'angelo", ["Merci"]),
        ("sector={north}", ["Une clé", "Horaires"]),
        ("sector=987654&state=nothing&topic=x&unread=y", ["Merci", "Une attestation", "Une clé", "Horaires"]),
    ],
)
def test_staff_narrow_the_list_in_the_address(
    agency: Agency, sign_in: SignIn, talks: dict[str, int], query: str, expected: list[str]
) -> None:
    page = sign_in(agency.ines).get(f"/staff/threads?{query.format(north=agency.north)}")
    assert listed(page) == expected
    assert expected or "No conversation matches this choice" in page.words
    part = sign_in(agency.ines).part(f"/staff/threads?{query.format(north=agency.north)}")
    assert (part.is_fragment, listed(part)) == (True, expected)


def test_a_list_costs_as_much_however_long_it_is(agency: Agency, database: Database, sign_in: SignIn) -> None:
    browsers = {"client": sign_in(agency.claire), "worker": sign_in(agency.wassim), "staff": sign_in(agency.sofia)}
    with database.writing():
        factories.thread(agency.claire, [agency.claire], [agency.wassim])
    few = {portal: len(browser.get(f"/{portal}/threads").statements) for portal, browser in browsers.items()}
    with database.writing():
        for _number in range(60):
            factories.thread(agency.claire, [agency.claire], [agency.wassim])
    for portal, browser in browsers.items():
        page = browser.get(f"/{portal}/threads")
        assert len(page.statements) == few[portal]
        assert len(page.soup.select(".thread-line")) == 50
        assert "61 results" in page.words


def test_a_relative_without_the_right_sees_no_conversation(
    agency: Agency, database: Database, sign_in: SignIn, talks: dict[str, int]
) -> None:
    with database.writing():
        db.session.get_one(Relative, agency.paul.id).sees_threads = False
    paul = sign_in(agency.paul)
    page = paul.get("/client/threads")
    assert "The conversations of this file are not open to you" in page.words
    assert not page.soup.select(".count-bubble")
    assert paul.get(f"/client/threads/{talks['claire']}").status == 404
    written = sign_in(agency.wassim).get(f"/worker/threads/{talks['claire']}")
    assert "Paul" not in written.words, "nor does anybody read that he would read it"


def test_a_page_says_what_to_do_where_there_is_nothing(agency: Agency, sign_in: SignIn) -> None:
    for person, portal, words in (
        (agency.claire, "client", "What you and your agency write to each other"),
        (agency.wassim, "worker", "What you and your agency write to each other"),
        (agency.sofia, "staff", "every incident that is reported"),
    ):
        assert words in sign_in(person).get(f"/{portal}/threads").words


def test_a_thread_follows_its_sector_not_the_client(
    agency: Agency, database: Database, sign_in: SignIn, talks: dict[str, int]
) -> None:
    with database.writing():
        db.session.get_one(Client, agency.claire.id).sector_id = agency.south
    assert sign_in(agency.sofia).get(f"/staff/threads/{talks['claire']}").status == 200
    assert sign_in(agency.igor).get(f"/staff/threads/{talks['claire']}").status == 404
