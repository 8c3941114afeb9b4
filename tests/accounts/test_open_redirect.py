"""`next` leads to a page of ours or nowhere: a link to the sign-in page must not send people elsewhere."""

from urllib.parse import quote

import pytest

from tests.conftest import SignIn
from tests.factories import PASSWORD, Agency
from tests.pages import Browser

NASTY = [
    "https://evil.example/", "http://evil.example", "//evil.example", "///evil.example", "////evil.example",
    "/\\evil.example", "\\\\evil.example", "\\/evil.example", "/\\/evil.example", "/\t/evil.example",
    "/\n/evil.example", "/\r\n/evil.example", "\t//evil.example", " //evil.example", "/ /evil.example",
    "/%2f/evil.example", "/%2fevil.example", "/%5cevil.example", "/..//evil.example", "/client/..//evil.example",
    "/client/visits/../..//evil.example", "/./evil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)",
    "data:text/html,hi", "vbscript:x", "http:evil.example", "http:/evil.example", "https:///evil.example",
    "//evil.example/client/visits", "//localhost@evil.example", "http://localhost@evil.example/",
    "http://localhost.evil.example/", "/\x00/evil.example", "/client/visits\x00", "/client/visits\r\nX-Evil: 1",
    "//evil.example\\@localhost", "/@evil.example", "@evil.example", "evil.example", "?next=//evil.example", "#", "",
    "/client/visits\\..\\..", "//[::1]/", "/\u2028/evil.example", "／／evil.example", "/staff/visits", "/nowhere",
    "/sign-out", "/client/visits/999999/nowhere", "/r/abc",
]  # fmt: skip


@pytest.mark.parametrize("target", NASTY)
def test_a_nasty_target_leads_home(agency: Agency, sign_in: SignIn, target: str) -> None:
    assert sign_in(agency.claire).get("/sign-in?next=" + quote(target, safe="")).headers["Location"] == "/client/visits"


@pytest.mark.parametrize("target", NASTY[:12])
def test_a_nasty_target_in_the_form_leads_home(agency: Agency, stranger: Browser, target: str) -> None:
    data = {"email": agency.claire.email, "password": PASSWORD, "next": target}
    assert stranger.act("/sign-in", data).headers["Location"] == "/client/visits"


@pytest.mark.parametrize("target", NASTY[:40])
def test_choosing_a_language_stays_here(agency: Agency, stranger: Browser, target: str) -> None:
    page = stranger.act("/language", {"language": "ru", "next": target})
    assert page.headers["Location"] == "/"


@pytest.mark.parametrize("target", ["/client/account", "/client/visits?page=2&state=done", "/client/visits/1/rating"])
def test_a_page_of_ones_own_portal_is_opened(agency: Agency, sign_in: SignIn, target: str) -> None:
    assert sign_in(agency.claire).get("/sign-in?next=" + quote(target, safe="")).location == target
