"""A client writes from a phone, with a photo: the text survives a bad line, the photo opens as a picture."""

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import OpenTab
from tests.conftest import Database
from tests.factories import Agency
from tests.files.test_keeping import photo


def test_a_client_writes_from_the_phone_with_a_photo_over_a_bad_line(
    agency: Agency, database: Database, open_tab: OpenTab, tmp_path: Path
) -> None:
    taken = tmp_path / "IMG_0042.jpg"
    taken.write_bytes(photo(1600, 1200, turned=6))
    tab = open_tab(agency.claire, width=390)
    tab.open("/client/threads")
    tab.link("Write to your agency").click()
    tab.shows("Sofia Benali of your agency will read this")
    tab.page.get_by_label("What is it about?").select_option(label="A visit")
    tab.page.get_by_label("Your message").fill("L’évier fuit depuis hier.")
    tab.page.get_by_label("Photos or papers").set_input_files(taken)
    tab.page.route("**/threads/new", lambda route: route.fulfill(status=400), times=1)  # as once another file is opened
    tab.button("Send").click()
    tab.shows("another file has been opened since", "What you have typed is still here")
    expect(tab.button("Try again")).not_to_be_visible()  # it would be refused each time
    expect(tab.page.get_by_label("Your message")).to_have_value("L’évier fuit depuis hier.")
    tab.faults.clear()
    tab.page.route(
        "**/threads/new", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
    )
    tab.button("Send").click()
    expect(tab.button("Try again")).to_be_visible()
    expect(tab.page.get_by_label("Your message")).to_have_value("L’évier fuit depuis hier.")
    tab.faults.clear()  # the line that was cut
    tab.page.unroute("**/threads/new")
    tab.button("Try again").click()
    expect(tab.heading("A visit")).to_be_visible()
    tab.shows("Your message has been sent.", "L’évier fuit depuis hier.")
    picture = tab.page.locator(".said-files a").first
    address = picture.get_attribute("href") or ""
    expect(picture.locator("img")).to_have_js_property("complete", True)
    assert tab.open(address) == 200
    drawn = tab.page.locator("img")
    expect(drawn).to_have_count(1)
    assert drawn.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [1200, 1600]
