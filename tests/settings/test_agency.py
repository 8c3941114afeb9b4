"""What an agency shows of itself: its logo, its languages, its privacy notice."""

import io
from collections.abc import Callable

import pytest
from flask import Flask
from PIL import Image

from portal.errors import Refused
from portal.extensions import db
from portal.settings.actions import set_logo, set_option
from portal.settings.models import Logo, OptionValue
from portal.settings.queries import option
from tests.conftest import Database, Mailbox, SignIn, text_of
from tests.factories import Agency, picture
from tests.pages import Browser, Page


@pytest.fixture
def ada(agency: Agency, sign_in: SignIn) -> Browser:
    return sign_in(agency.ada)


def bring(browser: Browser, content: bytes, name: str = "logo.png") -> Page:
    return browser.get("/staff/settings?group=agency").form("Use this picture").submit(logo=(io.BytesIO(content), name))


def address_of_logo(page: Page) -> str:
    return str(page.at(".brand img")["src"])


# ---- the logo ----


def test_a_logo_stands_at_the_top_of_every_page_with_the_agencys_name_for_who_cannot_see_it(
    ada: Browser, agency: Agency, sign_in: SignIn, stranger: Browser
) -> None:
    assert bring(ada, picture()).status == 303
    for browser, path in (
        (ada, "/staff/home"),
        (sign_in(agency.claire), "/client/visits"),
        (sign_in(agency.wassim), "/worker/"),
        (stranger, "/sign-in"),
    ):
        image = browser.get(path).at(".brand img")
        assert image["alt"] == "Maison & Soins", path


def test_a_logo_is_served_to_anybody_for_ever_and_drawn_anew(ada: Browser, stranger: Browser) -> None:
    exif = Image.Exif()
    exif[0x010F] = "the camera of the director"
    bring(ada, picture(2000, 500, "JPEG", exif=exif), "logo.jpg")
    answer = stranger.get(address_of_logo(ada.get("/staff/home")))
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert b"director" not in answer.data
    with Image.open(io.BytesIO(answer.data)) as shown:
        assert shown.size == (480, 120)
        assert not shown.getexif()


def test_another_logo_has_another_address_and_the_former_is_gone(
    ada: Browser, stranger: Browser, database: Database
) -> None:
    bring(ada, picture(300, 100))
    former = address_of_logo(ada.get("/staff/home"))
    bring(ada, picture(200, 100))
    assert address_of_logo(ada.get("/staff/home")) != former
    assert stranger.get(former).status == 404
    assert database.count(Logo) == 1


def test_a_removed_logo_leaves_the_name_and_a_history(ada: Browser, database: Database) -> None:
    bring(ada, picture())
    ada.get("/staff/settings?group=agency").form("removal").submit()
    page = ada.get("/staff/home")
    assert page.says(".brand") == "Maison & Soins"
    assert database.count(Logo) == 0
    words = ada.get("/staff/settings/history?key=agency.logo").words
    assert "no picture → a picture" in words
    assert "a picture → no picture" in words


def bomb() -> bytes:
    """A few kilobytes that would be a hundred megabytes: each pixel is one bit."""
    out = io.BytesIO()
    Image.new("1", (5000, 4999)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: b"<svg><script>alert(1)</script></svg>", "SVG pictures can hold programs"),
        (lambda: b'<?xml version="1.0"?><svg></svg>', "SVG pictures can hold programs"),
        (lambda: b"GIF89a" + bytes(50), "not a PNG or JPEG picture"),
        (lambda: picture()[:100], "not a PNG or JPEG picture"),
        (lambda: b"", "not a PNG or JPEG picture"),
        (bomb, "too many pixels"),
    ],
    ids=["svg", "xml", "gif", "cut-off", "empty", "bomb"],
)  # fmt: skip
def test_what_is_no_picture_for_everybody_is_refused_with_the_reason(
    ada: Browser, database: Database, make: Callable[[], bytes], sentence: str
) -> None:
    page = bring(ada, make())
    assert page.status == 422
    assert [error for error in page.errors() if sentence in error]
    assert database.count(Logo) == 0


def test_a_picture_of_more_than_a_megabyte_is_refused(agency: Agency, database: Database) -> None:
    with database.writing(), pytest.raises(Refused, match="too-large"):
        set_logo(agency.ada.user, picture() + bytes(1024 * 1024))
    assert database.count(Logo) == 0


def test_no_file_at_all_is_asked_for(ada: Browser) -> None:
    page = ada.act("/staff/settings/logo", {})
    assert (page.status, page.errors()) == (422, ["Please choose a picture."])


# ---- the languages ----


def only(database: Database, codes: str, own: str = "fr") -> None:
    with database.writing():
        set_option(None, "agency.language", own)
        set_option(None, "agency.languages", codes)


def codes_of(page: Page) -> list[str]:
    return [str(tag["value"]) for tag in page.soup.select(".languages button")]


def test_menus_offer_the_chosen_languages_and_pages_keep_to_them(
    agency: Agency, sign_in: SignIn, database: Database, stranger: Browser
) -> None:
    assert codes_of(stranger.get("/sign-in")) == ["fr", "ru", "en"]
    only(database, "fr,ru")
    page = stranger.get("/sign-in")  # this browser reads English
    assert (codes_of(page), page.at("html")["lang"]) == (["fr", "ru"], "fr")
    assert stranger.get("/sign-in?lang=en").at("html")["lang"] == "fr"
    assert stranger.get("/sign-in?lang=ru").at("html")["lang"] == "ru"
    assert stranger.act("/language", {"language": "en"}).status == 400


def test_a_single_language_needs_no_menu(database: Database, stranger: Browser, agency: Agency) -> None:
    only(database, "ru", "ru")
    page = stranger.get("/sign-in")
    assert (codes_of(page), page.at("html")["lang"]) == ([], "ru")


def test_who_chose_a_language_that_is_no_longer_offered_reads_the_agencys(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    claire = sign_in(agency.claire)
    claire.act("/language", {"language": "ru"})
    assert claire.get("/client/visits").at("html")["lang"] == "ru"
    only(database, "fr,en")
    assert claire.get("/client/visits").at("html")["lang"] == "fr"


def test_the_agencys_own_language_is_always_offered(app: Flask, database: Database, stranger: Browser) -> None:
    """Whatever was kept before the page refused it."""
    with database.writing():
        db.session.add_all(
            [OptionValue(key="agency.language", value="en"), OptionValue(key="agency.languages", value="ru")]
        )
    assert codes_of(stranger.get("/sign-in")) == ["ru", "en"]


def tick(page: Page, *codes: str, **typed: str) -> Page:
    """Save the page of the agency with these languages ticked."""
    values = page.form("/staff/settings?group=").values()
    kept = {name: text for name, text in values.items() if not name.startswith("agency.languages.") or "seen" in name}
    return page.browser.act(
        "/staff/settings?group=agency", kept | {f"agency.languages.{code}": "1" for code in codes} | typed
    )


def test_the_agencys_own_language_cannot_be_taken_out_of_those_offered(ada: Browser, stranger: Browser) -> None:
    page = tick(ada.get("/staff/settings?group=agency"), "ru", "en", **{"agency.name": "Maison"})
    assert page.status == 422
    assert "“Français” is the language of the agency: it has to be among those offered." in page.says(
        "#option-agency-languages .error"
    )
    ticked = [str(box["name"])[-2:] for box in page.soup.select("#option-agency-languages input:checked")]
    assert ticked == ["ru", "en"], "what was ticked stays"
    assert page.form("/staff/settings?group=").values()["agency.name"] == "Maison"
    page = tick(page, "ru", "en", **{"agency.language": "ru"})
    assert page.status == 303, "with another language of the agency it can"
    assert codes_of(stranger.get("/sign-in")) == ["ru", "en"]


def test_a_language_that_is_not_offered_cannot_become_the_agencys(ada: Browser, database: Database) -> None:
    assert tick(ada.get("/staff/settings?group=agency"), "fr", "ru").status == 303
    page = tick(ada.get("/staff/settings?group=agency"), "fr", "ru", **{"agency.language": "en"})
    assert page.status == 422
    assert "est la langue de l’agence" in page.says("#option-agency-language .error"), "English is not offered"


def test_mails_keep_to_the_languages_offered(
    agency: Agency, ada: Browser, database: Database, mailbox: Mailbox
) -> None:
    ada.act("/language", {"language": "ru"})
    only(database, "fr,en")
    ada.act("/staff/settings/test-mail", {})
    mail = mailbox.one()
    assert mail["Content-Language"] == "fr"
    assert "Здравствуйте" not in text_of(mail)


# ---- the privacy notice ----


@pytest.mark.parametrize(
    ("language", "word"), [("fr", "Vos droits"), ("ru", "Ваши права"), ("en", "Your rights")]
)  # fmt: skip
def test_the_notice_names_the_agency_in_each_language(
    agency: Agency, stranger: Browser, language: str, word: str
) -> None:
    page = stranger.get(f"/privacy?lang={language}")
    assert "Maison & Soins" in page.says("main")
    assert word in page.says("main")
    assert "{" not in page.says("main")


def test_the_notice_is_linked_from_every_portal_the_doors_and_mails(
    agency: Agency, sign_in: SignIn, ada: Browser, stranger: Browser, mailbox: Mailbox
) -> None:
    for browser, path in (
        (ada, "/staff/home"), (sign_in(agency.claire), "/client/visits"), (sign_in(agency.wassim), "/worker/"),
        (stranger, "/sign-in"), (stranger, "/r/nothing"),
    ):  # fmt: skip
        assert browser.get(path).link("Privacy notice").click().status == 200, path
    ada.act("/staff/settings/test-mail", {})
    mail = mailbox.one()
    assert "http://localhost/privacy" in text_of(mail)
    assert 'href="http://localhost/privacy"' in text_of(mail, "html")


def test_a_notice_of_ones_own_is_shown_as_text_in_paragraphs(
    ada: Browser, database: Database, stranger: Browser
) -> None:
    text = "## Chez {agency}\n\n<b>Rien</b> de plus.\n\nÉcrivez à {contact}, {autre}."
    with database.writing():
        set_option(None, "agency.sender", "qualite@example.org")
        set_option(None, "agency.privacy_en", text)
    page = stranger.get("/privacy")
    assert page.says("main h2") == "Chez Maison & Soins"
    assert "<b>Rien</b> de plus." in page.words
    assert "Écrivez à qualite@example.org, {autre}." in page.words


@pytest.mark.parametrize("language", ["fr", "ru", "en"])
def test_without_an_address_the_notice_does_not_invite_anybody_to_write(
    agency: Agency, database: Database, stranger: Browser, language: str
) -> None:
    with database.writing():
        set_option(None, "agency.sender", "")
    last = stranger.get(f"/privacy?lang={language}").soup.select("main p")
    words = " ".join(last[-1].get_text(" ").split())
    assert words.endswith(("de vive voix.", "лично.", "in person.")), words
    with database.writing():
        set_option(None, "agency.sender", "qualite@example.org")
    assert "qualite@example.org." in stranger.get(f"/privacy?lang={language}").says("main")


def test_the_notice_is_edited_on_its_page(ada: Browser, database: Database) -> None:
    page = ada.get("/staff/settings?group=privacy")
    saved = page.form("/staff/settings?group=").submit(**{"agency.privacy_en": "Ours.\r\n\r\n## Rights\r\n\r\nAll."})
    assert saved.status == 303
    with database.app.app_context():
        assert option("agency.privacy_en") == "Ours.\n\n## Rights\n\nAll."
