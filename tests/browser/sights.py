"""Every page there is to see, and how somebody comes to see it: what `test_pages.py` looks at, one by one."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from portal.adverse_events.drafts import STEPS
from portal.settings.choices import GROUPS
from tests import factories
from tests.adverse_events import drafts
from tests.adverse_events.follow_stories import corrected
from tests.adverse_events.stories import portal_story
from tests.browser import stories
from tests.browser.stories import LONG, Story
from tests.browser.tab import Tab
from tests.factories import Agency

Go = Callable[[Tab, Story], None]


@dataclass(frozen=True)
class Sight:
    """A page: who looks at it (empty for nobody signed in), how they get there, what the status is."""

    name: str
    who: str
    go: str | Go
    status: int = 200
    before: Callable[[Agency], object] | None = None

    def visit(self, tab: Tab, story: Story) -> None:
        if callable(self.go):
            self.go(tab, story)
        else:
            path = self.go.format(agency=story.agency, link=story.links, message=story.messages[0])
            assert tab.open(path) == self.status


def press(path: str, selector: str, then: str) -> Go:
    """Open a page, press something, wait for what it brings."""

    def go(tab: Tab, story: Story) -> None:
        tab.open(path.format(agency=story.agency, link=story.links, message=story.messages[0]))
        tab.page.locator(selector.format(agency=story.agency)).first.click()
        tab.page.locator(then).first.wait_for()

    return go


def refused_text(tab: Tab, _story: Story) -> None:
    tab.open("/staff/notifications/edit?kind=ratings.request&language=fr")
    tab.page.locator("textarea[name=body]").fill("Bonjour {nobody}")
    tab.page.locator(SAVE).first.click()
    tab.page.locator(".error").first.wait_for()


def sent_reset(tab: Tab, story: Story) -> None:
    tab.open("/forgotten-password")
    tab.page.locator("input[name=email]").fill("nobody@example.org")
    tab.page.locator("form[action='/forgotten-password'] button[type=submit]").click()
    tab.page.locator(".blank").wait_for()


def sent_link(tab: Tab, story: Story) -> None:
    tab.open("/sign-in/link")
    tab.page.locator("input[name=email]").fill("nobody@example.org")
    tab.page.locator(SAVE).click()
    tab.page.locator(".blank").wait_for()


def asked_address(tab: Tab, story: Story) -> None:
    tab.open("/client/account/address")
    tab.page.locator("input[name=email]").fill("new@example.net")
    tab.page.locator("input[name=present]").fill(factories.PASSWORD)
    tab.page.locator(SAVE).click()
    tab.page.locator("main .blank").wait_for()


def awaited_code(tab: Tab, story: Story) -> None:
    tab.open("/sign-in")
    tab.page.locator("input[name=email]").fill(story.agency.ada.email)
    tab.page.locator("input[name=password]").fill(factories.PASSWORD)
    tab.page.locator(SIGN_IN).first.click()
    tab.page.locator("input[name=code]").wait_for()


def recovery_codes(tab: Tab, story: Story) -> None:
    tab.open(FACTOR)
    tab.page.locator("button[value=start]").click()
    secret = str(tab.page.locator("#key").text_content()).replace(" ", "")
    tab.page.locator("input[name=code]").fill(factories.code_of_phone(secret))
    tab.page.locator(SAVE).click()
    tab.page.locator("#codes").wait_for()


def thanked(tab: Tab, story: Story) -> None:
    tab.open(story.links["second"] + "?stars=1")
    tab.page.locator("textarea").fill(LONG)
    tab.page.locator("main form button[type=submit]").click()
    tab.page.locator(".given").wait_for()


def overtaken(tab: Tab, story: Story) -> None:
    """Another window has answered by the same link since this one was opened."""
    tab.open(story.links["answered"])
    tab.page.locator("input[name=seen]").evaluate("one => one.value = 'nothing'")
    tab.page.locator("main button[type=submit]").first.click()
    tab.page.locator("[role=alert] .given").wait_for()


def brought_in(tab: Tab, story: Story) -> None:
    """A file is being read: there is no worker in this test."""
    lines = (
        "Client;Date;Heure de début;Prestation;Intervenant;Durée;Ordre de mission\nClaire Lefèvre;17/12/2026;9h;;;;\n"
    )
    tab.open("/staff/imports")
    file = {"name": "planning.csv", "mimeType": "text/csv", "buffer": lines.encode()}
    tab.page.locator("input[type=file]").set_input_files([file])  # ty: ignore[invalid-argument-type]
    tab.page.locator("main form button[type=submit]").click()
    tab.page.locator("progress").wait_for()


def looked_for(tab: Tab, _story: Story) -> None:
    tab.open("/staff/home")
    tab.page.keyboard.press("/")
    tab.page.locator("#find:focus").wait_for()
    tab.page.keyboard.type("lef")
    tab.page.locator("#found li a").first.wait_for()


def counted(tab: Tab, _story: Story) -> None:
    tab.open("/staff/threads/groups/new")
    tab.page.locator("textarea[name=text]").fill(LONG)
    tab.page.locator(SEND).click()
    tab.page.locator("button[name=sure]").wait_for()


def both_change(tab: Tab, story: Story) -> None:
    """While Sofia has the form open, somebody else saves it."""
    path = f"/staff/clients/{story.agency.claire.id}/editing"
    tab.open(path)
    other = tab.page.context.new_page()
    other.goto(tab.site + path)
    other.locator("#phone").fill("01 11 11 11 11")
    other.locator("#city").fill("Nantes")
    other.locator(SAVE).click()
    other.wait_for_url(lambda url: not url.endswith("/editing"))
    other.close()
    tab.page.locator("#phone").fill("02 22 22 22 22")
    tab.page.locator(SAVE).click()
    tab.page.locator(".rival").first.wait_for()


def refused_at_last(tab: Tab, _story: Story) -> None:
    tab.open("/worker/adverse-events/drafts/1/sending")
    tab.page.locator(SAVE).first.click()
    tab.page.locator(".error").first.wait_for()


def photo_refused(tab: Tab, _story: Story) -> None:
    """One of two photos is none; the other is kept."""
    tab.open("/worker/adverse-events/drafts/1/sending")
    good = {"name": "cuisine.png", "mimeType": "image/png", "buffer": factories.picture()}
    bad = {"name": "salon.jpg", "mimeType": "image/jpeg", "buffer": b"MZ"}
    tab.page.locator("#files").set_input_files([good, bad])  # ty: ignore[invalid-argument-type]
    tab.page.locator(SAVE).first.click()
    tab.page.locator("#files-error").wait_for()


def reported_anonymously(tab: Tab, _story: Story) -> None:
    tab.open("/worker/adverse-events/drafts/1/sending")
    tab.page.locator("[name=gravity][value=light]").check()
    tab.page.locator("[name=mode][value=anonymous]").check()
    tab.page.locator(SAVE).first.click()
    tab.page.locator(".secret-code").wait_for()


def event_readings(tab: Tab, _story: Story) -> None:
    tab.open("/staff/adverse-events/3")
    tab.open("/staff/adverse-events/3/readings")


SEND = ".write-send button"
SAVE = "main form button[type=submit]"
SIGN_IN = "form[action='/sign-in'] button[type=submit]"
FACTOR = "/staff/account/second-factor"
CONTROL = "/staff/controls/quality?period=last_12_months"
ANALYTICS = "/staff/analytics/feedback?period=last_30_days"
REVIEWS = "/staff/analytics/feedback/reviews?period=last_30_days"
DRAFT = f"/staff/adverse-events/drafts/{drafts.TOKEN}"
REPORT = "/client/visits/{agency.claires_past}/incident"
RATE = "/client/visits/{agency.claires_done}/rating"

SIGHTS = [
    # the door
    Sight("sign-in", "", "/sign-in"),
    Sight("sign-in-refused", "", press("/sign-in", SIGN_IN, "[role=alert]")),
    Sight("forgotten-password", "", "/forgotten-password"),
    Sight("forgotten-password-sent", "", sent_reset),
    Sight("sign-in-by-link", "", "/sign-in/link"),
    Sight("sign-in-by-link-sent", "", sent_link),
    Sight("sign-in-link", "", "{link[sign_in]}"),
    Sight("sign-in-link-used", "", "{link[used_sign_in]}", 404),
    Sight("sign-in-link-unknown", "", "/sign-in/nothing", 404),
    Sight("new-address", "", "{link[address]}"),
    Sight("new-address-confirmed", "", press("{link[address]}", SAVE, "main .blank")),
    Sight("new-address-refused", "", "/address/nothing", 404),
    Sight("invitation", "", "{link[invitation]}"),
    Sight("invitation-refused", "", press("{link[invitation]}", SAVE, ".error")),
    Sight("password-link-used", "", "/password/nothing", 404),
    Sight("choice-of-files", "claire", "/choose", before=stories.second_file),
    # the pages behind mailed links
    Sight("mailed-rating", "", "{link[open]}"),
    Sight("mailed-rating-with-stars", "", "{link[open]}?stars=4"),
    Sight("mailed-rating-refused", "", press("{link[open]}", SAVE, ".error")),
    Sight("mailed-rating-thanks", "", thanked),
    Sight("mailed-rating-answered", "", "{link[answered]}"),
    Sight("mailed-rating-expired", "", "{link[expired]}", 410),
    Sight("mailed-rating-revoked", "", "{link[revoked]}", 410),
    Sight("mailed-rating-unknown", "", "/r/nothing", 404),
    Sight("unsubscribe", "", "{link[unsubscribe]}"),
    Sight("unsubscribed", "", press("{link[unsubscribe]}", "main form button", "main button[name=again]")),
    # the client's portal
    Sight("my-visits", "claire", "/client/visits"),
    Sight("my-visits-filtered-to-nothing", "claire", "/client/visits?service={agency.cleaning}&state=draft"),
    Sight("my-visits-filter-open", "claire", press("/client/visits", "details.chip summary", ".chip-panel")),
    Sight("my-visits-none-yet", "eloise", "/client/visits", before=stories.empty_agency),
    Sight("my-visits-module-off", "claire", "/client/visits", before=stories.close_module),
    Sight("rating-window", "claire", press("/client/visits", "#visit-{agency.claires_done} .btn", "dialog[open] form")),
    Sight("rating-page", "claire", RATE),
    Sight("rating-page-refused", "claire", press(RATE, SAVE, ".error")),
    Sight("clients-account", "paul", "/client/account", before=stories.second_device),
    Sight("clients-notices", "paul", "/client/account/notices"),
    Sight("clients-password", "paul", "/client/account/password"),
    Sight("clients-password-refused", "paul", press("/client/account/password", SAVE, ".error")),
    Sight("clients-address", "paul", "/client/account/address"),
    Sight("clients-address-refused", "paul", press("/client/account/address", SAVE, ".error")),
    Sight("clients-address-asked", "paul", asked_address),
    Sight("own-events", "wassim", "/worker/adverse-events", before=portal_story),
    Sight("own-events-none-yet", "eloise", "/client/adverse-events"),
    Sight("own-event-begun", "claire", "/client/adverse-events/new?visit={agency.claires_done}", before=portal_story),
    Sight("own-event-refused", "wassim", press("/worker/adverse-events/new", SAVE, ".error"), before=portal_story),
    Sight("own-event-to-send", "wassim", refused_at_last, before=portal_story),
    Sight("own-event-photo-refused", "wassim", photo_refused, before=portal_story),
    Sight("own-event-sent-anonymously", "wassim", reported_anonymously, before=portal_story),
    Sight("own-event-by-code", "claire", press("/client/adverse-events/code", SAVE, ".error")),
    Sight("own-event-opened", "wassim", "/worker/adverse-events/opened/2", before=portal_story),
    Sight("event-reporter", "ines", "/staff/adverse-events/3/reporter", before=portal_story),
    Sight("event-readings", "ada", event_readings, before=portal_story),
    Sight("my-visits-with-incidents", "claire", "/client/visits", before=stories.incidents),
    Sight("report-refused", "claire", press(REPORT, SAVE, ".error"), before=stories.reasons),
    Sight("report-too-early", "paul", "/client/visits/{agency.claires_next}/incident", 409),
    Sight("my-complaints", "claire", "/client/complaints", before=stories.complaints),
    Sight("my-complaint", "paul", "/client/complaints/1", before=stories.complaints),
    Sight("complain-refused", "claire", press("/client/complaints/new", SAVE, ".error")),
    # the worker's
    Sight("workers-complaints-none", "jean", "/worker/complaints"),
    Sight("workers-complaint", "wassim", "/worker/complaints/3", before=stories.complaints),
    Sight("worker-complains", "wassim", "/worker/complaints/new"),
    Sight("worker-has-met-nobody", "jean", "/worker/complaints/new"),
    Sight("report-window", "wassim",
          press("/worker/", "#visit-{agency.claires_past} a[href$=incident]", "dialog[open] form"),
          before=stories.reasons),
    Sight("incident-of-a-worker", "wassim", "/worker/threads/1", before=stories.incidents),
    Sight("worker-today", "wassim", "/worker/"),
    Sight("worker-nothing-today", "jean", "/worker/"),
    Sight("worker-week", "wassim", "/worker/week"),
    Sight("workers-account", "wassim", "/worker/account"),
    # the staff's
    Sight("sign-in-code", "", awaited_code),
    Sight("sign-in-code-off", "sofia", FACTOR),
    Sight("sign-in-code-on", "ada", FACTOR),
    Sight("sign-in-code-scan", "sofia", press(FACTOR, "button[value=start]", "img.qr")),
    Sight("sign-in-code-recovery", "sofia", recovery_codes),
    Sight("accounts", "ada", "/staff/accounts"),
    Sight("accounts-none-such", "ada", "/staff/accounts?state=closed&q=nobody"),
    Sight("accounts-without-access", "ada", "/staff/accounts?state=without", before=stories.guest),
    Sight("one-account", "ada", "/staff/accounts/{agency.paul.account_id}", before=stories.second_device),
    Sight("one-account-close", "ada", "/staff/accounts/{agency.paul.account_id}/changes?deed=close"),
    Sight("access-to-a-file", "sofia", "/staff/clients/{agency.claire.id}/access", before=stories.guest),
    Sight("access-refused", "sofia",
          press("/staff/clients/{agency.claire.id}/access", "form[action$='/access'] button[type=submit]", ".error")),
    Sight("relative", "sofia", "/staff/clients/{agency.claire.id}/relatives/{agency.paul.id}"),
    Sight("relative-access", "sofia", "/staff/clients/{agency.claire.id}/relatives/{agency.paul.id}/grants"),
    Sight("relative-taken-off", "sofia", "/staff/clients/{agency.claire.id}/relatives/{agency.paul.id}/closing"),
    Sight("clients", "ines", "/staff/clients"),
    Sight("clients-none-such", "sofia", "/staff/clients?q=nobody&state=all"),
    Sight("client", "sofia", "/staff/clients/{agency.claire.id}"),
    Sight("client-without-login", "igor", "/staff/clients/{agency.george}"),
    Sight("client-new-refused", "sofia", press("/staff/clients/new", SAVE, ".error")),
    Sight("client-changed-by-two", "sofia", both_change),
    Sight("client-closing", "sofia", "/staff/clients/{agency.claire.id}/closing"),
    Sight("client-workers", "sofia", "/staff/clients/{agency.claire.id}/workers"),
    Sight("client-ratings", "ines", "/staff/clients/{agency.claire.id}/ratings"),
    Sight("client-ratings-none", "igor", "/staff/clients/{agency.george}/ratings"),
    Sight("client-timeline", "sofia", "/staff/clients/{agency.claire.id}/timeline"),
    Sight("relative-changed", "sofia", "/staff/clients/{agency.claire.id}/relatives/{agency.paul.id}/editing"),
    Sight("workers", "ines", "/staff/workers"),
    Sight("worker", "sofia", "/staff/workers/{agency.wassim.id}", before=stories.busy_worker),
    Sight("worker-refused", "sofia", press("/staff/workers/{agency.wassim.id}", "#absences .btn", ".error")),
    Sight("worker-changed", "ines", "/staff/workers/{agency.wassim.id}/editing"),
    Sight("worker-clients", "sofia", "/staff/workers/{agency.wassim.id}/clients"),
    Sight("worker-ratings", "ines", "/staff/workers/{agency.wassim.id}/ratings"),
    Sight("staff-member", "ada", "/staff/team/{agency.sofia.id}"),
    Sight("staff-member-new", "ada", press("/staff/team/new", SAVE, ".error")),
    Sight("staff-member-closing", "ada", "/staff/team/{agency.sofia.id}/closing"),
    Sight("staff-visits", "sofia", "/staff/visits"),
    Sight("staff-visits-filtered-to-nothing", "sofia", "/staff/visits?state=draft&worker=nobody&client=nobody"),
    Sight("staff-visits-none-yet", "igor", "/staff/visits", before=stories.empty_agency),
    Sight("cancellation", "sofia", "/staff/visits/{agency.claires_next}/cancellation"),
    Sight("cancellation-window", "sofia",
          press("/staff/visits", "#visit-{agency.claires_next} td:last-child a", "dialog[open] form")),
    Sight("staff-ratings", "ines", "/staff/ratings"),
    Sight("staff-ratings-low", "sofia", "/staff/ratings?low=1"),
    Sight("staff-ratings-none", "igor", "/staff/ratings", before=stories.empty_agency),
    Sight("staff-ratings-none-such", "sofia", "/staff/ratings?stars=1"),
    Sight("outbox", "sofia", "/staff/outbox"),
    Sight("outbox-none-such", "sofia", "/staff/outbox?state=uncertain"),
    Sight("outbox-none", "igor", "/staff/outbox", before=stories.empty_agency),
    Sight("message", "ada", "/staff/outbox/{message}"),
    Sight("message-again", "ada", "/staff/outbox/{message}/again", 409),
    Sight("message-cancellation", "ada",
          press("/staff/outbox/{message}", "a[href$=cancellation]", "dialog[open] form")),
    Sight("outbox-hold", "ines", "/staff/outbox/hold"),
    Sight("outbox-held", "ines", "/staff/outbox", before=stories.hold_messages),
    Sight("home-held", "sofia", "/staff/home", before=stories.hold_messages),
    Sight("visit", "sofia", "/staff/visits/{agency.claires_done}"),
    Sight("client-planning", "sofia", "/staff/clients/{agency.claire.id}/planning"),
    Sight("client-planning-list", "ines", "/staff/clients/{agency.claire.id}/planning?view=list"),
    Sight("worker-planning", "ines", "/staff/workers/{agency.wassim.id}/planning", before=stories.busy_worker),
    Sight("worker-planning-day", "sofia", "/staff/workers/{agency.wassim.id}/planning?view=day",
          before=stories.busy_worker),
    Sight("planning-menu", "sofia",
          press("/staff/clients/{agency.claire.id}/planning", "#visit-{agency.claires_past} .slot-more",
                ".slot-menu:popover-open")),
    Sight("new-visit-whose", "ines", "/staff/visits/new"),
    Sight("new-visit", "sofia", "/staff/visits/new?client_id={agency.claire.id}"),
    Sight("new-visit-refused", "sofia", press("/staff/visits/new?client_id={agency.claire.id}", SAVE, ".error")),
    Sight("new-visit-doubtful", "sofia",
          press("/staff/visits/{agency.claires_done}/copy", SAVE, ".objections"), before=stories.busy_worker),
    Sight("visit-moved", "sofia", "/staff/visits/{agency.claires_next}/move"),
    Sight("visit-tasks", "sofia", "/staff/visits/{agency.claires_next}/tasks"),
    Sight("visit-to-come", "sofia", "/staff/visits/{agency.claires_next}"),
    Sight("visit-cancelled", "ines", "/staff/visits/{agency.claires_cancelled}"),
    Sight("message-preview", "ada", "/staff/outbox/{message}/preview"),
    Sight("controls", "ines", "/staff/controls"),
    Sight("control-table-before", "sofia", "/staff/controls/quality"),
    Sight("control-table", "ines", CONTROL, before=stories.control_story),
    Sight("control-table-refused", "sofia", f"{CONTROL}&sector=987654", 422),
    Sight("control-table-nothing", "igor", f"{CONTROL}&client=nobody"),
    Sight("file-being-written", "ines", press(CONTROL, "button[value=csv]", "progress")),
    Sight("handling-to-rate", "claire", "/client/threads/2", before=stories.incidents),
    Sight("handling-rated", "claire", press("/client/incidents/2/rating", SAVE, ".error"), before=stories.incidents),
    Sight("incident-of-an-agency", "sofia", "/staff/threads/1", before=stories.incidents),
    Sight("report-for-somebody", "sofia", "/staff/visits/{agency.claires_past}/incident", before=stories.reasons),
    Sight("incident-state", "ines", "/staff/incidents/1/state?to=closed", before=stories.incidents),
    Sight("incident-state-window", "sofia",
          press("/staff/threads/1", "#incident a[href$='to=closed']", "dialog[open] form"), before=stories.incidents),
    Sight("incident-followed", "ada", press("/staff/incidents/1/follow-up", SAVE, "#incident"),
          before=stories.incidents),
    Sight("incidents-of-client", "sofia", "/staff/clients/{agency.claire.id}/incidents", before=stories.incidents),
    Sight("incidents-of-worker", "ines", "/staff/workers/{agency.wassim.id}/incidents"),
    Sight("event-drafts-none", "ines", "/staff/adverse-events/drafts"),
    Sight("event-drafts", "sofia", "/staff/adverse-events/drafts", before=drafts.begun),
    *(Sight(f"event-{step}", "sofia", f"{DRAFT}/{step}", before=drafts.complete) for step in STEPS),
    *(Sight(f"event-{step}-refused", "sofia", f"{DRAFT}/{step}?check=1", before=drafts.begun)
      for step in ("when", "people", "kind", "effects")),
    Sight("event-check-incomplete", "sofia", f"{DRAFT}/check", before=drafts.begun),
    Sight("event-draft-delete", "sofia", f"{DRAFT}/delete", before=drafts.begun),
    Sight("event-by-code", "sofia", press("/staff/adverse-events/code", SAVE, ".error")),
    Sight("event-sent", "sofia", press(f"{DRAFT}/check", "form[action$=send] button", "code"),
          before=partial(drafts.complete, mode="anonymous")),
    Sight("events-table", "ines", "/staff/adverse-events?period=last_12_months", before=stories.reported_event),
    Sight("events-table-hidden", "sofia", "/staff/adverse-events?period=last_12_months", before=stories.reported_event),
    Sight("event-new", "sofia", "/staff/adverse-events/1", before=stories.judged_events),
    Sight("event-serious", "ines", "/staff/adverse-events/2", before=stories.judged_events),
    Sight("event-put-aside", "ada", "/staff/adverse-events/3", before=stories.judged_events),
    Sight("event-edited", "sofia", "/staff/adverse-events/1/editing", before=stories.judged_events),
    Sight("event-prepared", "sofia", press("/staff/adverse-events/1", "#triage .btn", "dialog[open] form"),
          before=stories.judged_events),
    Sight("event-judging", "ines", "/staff/adverse-events/1/triage", before=stories.judged_events),
    Sight("event-judging-refused", "ines", press("/staff/adverse-events/1/triage", SAVE, ".error"),
          before=stories.judged_events),
    Sight("event-authority", "sofia", "/staff/adverse-events/2/authorities/1", before=stories.judged_events),
    Sight("event-authority-added", "sofia", "/staff/adverse-events/2/authorities", before=stories.judged_events),
    Sight("event-taken-back", "ada", "/staff/adverse-events/3/triage/taken-back", before=stories.judged_events),
    Sight("home-events", "sofia", "/staff/home", before=stories.judged_events),
    Sight("event-followed", "sofia", "/staff/adverse-events/1", before=stories.closing_story),
    Sight("event-closed", "ines", "/staff/adverse-events/2", before=stories.closing_story),
    Sight("event-analysis", "sofia", "/staff/adverse-events/1/analysis", before=stories.closing_story),
    Sight("event-analysis-refused", "ines",
          press("/staff/adverse-events/1/analysis", "button[name=finish]", "form [role=alert]"),
          before=stories.closing_story),
    Sight("event-action-refused", "sofia", press("/staff/adverse-events/1/actions/new", SAVE, ".error"),
          before=stories.closing_story),
    Sight("event-action-state", "sofia", press("/staff/adverse-events/1", "#action-1 a[href$='/state']",
                                               "dialog[open] form"), before=stories.closing_story),
    Sight("event-action-effect", "ines", "/staff/event-actions/2/effect", before=stories.closing_story),
    Sight("event-told", "sofia", "/staff/adverse-events/1/feedback/reporter", before=stories.closing_story),
    Sight("event-not-to-close-yet", "ada", "/staff/adverse-events/1/closing", before=stories.closing_story),
    Sight("event-to-close", "ines", "/staff/adverse-events/3/closing", before=stories.closing_story),
    Sight("event-to-reopen", "ines", "/staff/adverse-events/2/reopening", before=stories.closing_story),
    Sight("event-former", "ines", "/staff/adverse-events/1/former", before=corrected),
    Sight("event-former-none", "ada", "/staff/adverse-events/1/former", before=stories.reported_event),
    Sight("home-actions", "sofia", "/staff/home", before=stories.closing_story),
    Sight("event-actions-table", "ines", "/staff/event-actions?period=this_year", before=stories.closing_story),
    Sight("events-of-client", "sofia", "/staff/clients/{agency.claire.id}/adverse-events",
          before=stories.reported_event),
    Sight("events-of-worker", "ines", "/staff/workers/{agency.wassim.id}/adverse-events",
          before=stories.reported_event),
    Sight("incidents-table", "ines", "/staff/incidents?period=last_12_months", before=stories.incidents),
    Sight("home-incidents", "sofia", "/staff/home", before=stories.badly_handled),
    Sight("home-complaints", "sofia", "/staff/home", before=stories.complaints),
    Sight("complaint", "sofia", "/staff/complaints/1", before=stories.complaints),
    Sight("complaint-window", "sofia",
          press("/staff/complaints/1", "#deed-answer", "dialog[open] form"), before=stories.complaints),
    Sight("complaint-refused", "ines", press("/staff/complaints/3/end", SAVE, ".error"), before=stories.complaints),
    Sight("complaint-delay", "ada", "/staff/complaints/3/delay", before=stories.complaints),
    Sight("complaint-receipt", "sofia", "/staff/complaints/3/receipt", before=stories.complaints),
    Sight("complaint-change", "sofia", "/staff/complaints/2/change", before=stories.complaints),
    Sight("complaint-begun", "sofia", "/staff/complaints/new?who=a"),
    Sight("complaint-of-client", "sofia", press("/staff/clients/{agency.claire.id}/complaints/new", SAVE, ".error")),
    Sight("complaint-of-worker", "ines", "/staff/workers/{agency.wassim.id}/complaints/new"),
    Sight("complaint-of-partner", "ada", "/staff/complaints/partner"),
    Sight("complaints-of-client", "sofia", "/staff/clients/{agency.claire.id}/complaints", before=stories.complaints),
    Sight("complaints-of-worker-none", "ines", "/staff/workers/{agency.jean.id}/complaints"),
    Sight("complaints-table", "ines", "/staff/complaints?period=last_12_months", before=stories.complaints),
    Sight("home-reminders", "sofia", "/staff/home", before=stories.notes),
    Sight("my-reminders", "sofia", "/staff/reminders", before=stories.notes),
    Sight("notes-of-client", "ines", "/staff/clients/{agency.claire.id}/notes", before=stories.notes),
    Sight("notes-of-worker", "sofia", "/staff/workers/{agency.wassim.id}/notes", before=stories.notes),
    Sight("notes-of-colleague", "ada", "/staff/team/{agency.ines.id}/notes", before=stories.notes),
    Sight("note", "sofia", "/staff/notes/2", before=stories.notes),
    Sight("notes-table", "ines", "/staff/notes?period=last_12_months", before=stories.notes),
    Sight("write-a-note", "sofia", press("/staff/notes/new?visit={agency.claires_past}", SAVE, ".error")),
    Sight("change-a-note", "ines", "/staff/notes/1/editing", before=stories.notes),
    Sight("visit-with-notes", "sofia", "/staff/visits/{agency.claires_past}", before=stories.notes),
    Sight("handling-low", "sofia", "/staff/threads/2", before=stories.badly_handled),
    Sight("audit-log", "ada", "/staff/journal?period=last_7_days"),
    Sight("home-lost", "sofia", "/staff/home", before=stories.lost_messages),
    Sight("outbox-lately", "ines", "/staff/outbox?state=failed&lately=1", before=stories.lost_messages),
    Sight("search", "ada", "/staff/search?q=e"),
    Sight("search-nobody", "sofia", "/staff/search?q=nobody"),
    Sight("search-nothing-typed", "ines", "/staff/search"),
    Sight("search-as-one-types", "sofia", looked_for),
    Sight("sectors", "ada", "/staff/sectors", before=stories.catalogue),
    Sight("sector", "ada", "/staff/sectors/{agency.north}"),
    Sight("sector-refused", "ada", press("/staff/sectors/new", SAVE, ".error")),
    Sight("sector-closing", "ada", "/staff/sectors/{agency.north}/closing"),
    Sight("services", "ada", "/staff/services", before=stories.catalogue),
    Sight("service", "ada", "/staff/services/{agency.cleaning}"),
    Sight("service-refused", "ada", press("/staff/services/new", SAVE, ".error")),
    Sight("reasons-of-services", "ada", "/staff/reasons", before=stories.reasons),
    Sight("reasons", "ada", "/staff/services/{agency.cleaning}/reasons", before=stories.reasons),
    Sight("reasons-none", "ada", "/staff/services/{agency.rising}/reasons"),
    Sight("reason", "ada", "/staff/services/{agency.cleaning}/reasons/1", before=stories.reasons),
    Sight("reason-refused", "ada", press("/staff/services/{agency.cleaning}/reasons/new", SAVE, ".error")),
    Sight("event-reviews", "sofia", "/staff/adverse-events/reviews"),
    Sight("lists", "ada", "/staff/lists"),
    Sight("list-of-notes", "ada", "/staff/lists/note"),
    Sight("list-of-events", "ada", "/staff/lists/event"),
    Sight("list-finer", "ada", press("/staff/lists/event", "tbody tr:first-child td:nth-child(2) a", "h1")),
    Sight("list-entry", "ada", press("/staff/lists/event", "tbody tr:first-child a", "form [name=severe]")),
    Sight("list-entry-refused", "ada", press("/staff/lists/event/new", SAVE, ".error")),
    Sight("reasons-copied", "ada", "/staff/services/{agency.rising}/reasons/copies?source={agency.cleaning}",
          before=stories.reasons),
    Sight("skills", "ada", "/staff/skills", before=stories.catalogue),
    Sight("skills-none", "ada", "/staff/skills"),
    Sight("skill", "ada", "/staff/skills/1", before=stories.catalogue),
    Sight("skill-new", "ada", "/staff/skills/new"),
    Sight("roles", "ada", "/staff/roles"),
    Sight("imports", "sofia", "/staff/imports"),
    Sight("imports-of-clients", "ada", "/staff/imports?kind=clients"),
    Sight("import-being-read", "sofia", brought_in),
    Sight("staffs-account", "ada", "/staff/account"),
    Sight("staffs-notices", "sofia", "/staff/account/notices"),
    Sight("staffs-password", "sofia", "/staff/account/password"),
    Sight("staffs-address", "sofia", "/staff/account/address"),
    Sight("styleguide", "ada", "/staff/styleguide"),
    # the configuration
    *(Sight(f"configuration-{group}", "ada", f"/staff/settings?group={group}") for group in GROUPS),
    Sight("configuration-switch-forgotten", "ada", "/staff/settings", before=stories.forget_switch),
    Sight("configuration-history", "ada", "/staff/settings/history?key=ratings.client_ratings",
          before=stories.forget_switch),
    Sight("home-switch-forgotten", "ada", "/staff/home", before=stories.forget_switch),
    Sight("texts", "ada", "/staff/notifications"),
    Sight("text", "ada", "/staff/notifications/text?kind=ratings.request&language=fr"),
    Sight("text-edit", "ada", "/staff/notifications/edit?kind=ratings.request&language=ru"),
    Sight("text-refused", "ada", refused_text),
    Sight("text-comparison", "ines",
          "/staff/notifications/comparison?kind=ratings.request&language=fr&left=0&right=0"),
    Sight("privacy", "", "/privacy"),
    Sight("team", "ada", "/staff/team"),
    *(
        Sight(f"first-steps-{step}", "ada", f"/staff/setup?step={step}", before=stories.begin_setup)
        for step in ("agency", "sender", "team", "imports", "invitations")
    ),
    Sight("home-first-steps", "ada", "/staff/home", before=stories.begin_setup),
    # conversations
    Sight("talks", "claire", "/client/threads", before=stories.talks),
    Sight("talk", "claire", "/client/threads/1", before=stories.talks),
    Sight("talk-of-another-file", "claire", "/client/threads/1", before=stories.talk_of_second_file),
    Sight("talk-of-worker", "wassim", "/worker/threads/1", before=stories.talks),
    Sight("talk-refused", "paul", press("/client/threads/1", SEND, "#write .error"), before=stories.talks),
    Sight("talk-corrected", "claire", press("/client/threads/1", ".said-deeds a", "dialog[open] form"),
          before=stories.talks),
    Sight("talks-of-worker-none", "jean", "/worker/threads"),
    Sight("talk-to-open", "claire", "/client/threads/new", before=stories.talking),
    Sight("talk-to-open-refused", "wassim", press("/worker/threads/new", SEND, "#open .error"), before=stories.talking),
    Sight("staff-talk-to-open", "ines", "/staff/threads/new?person={agency.claire.key}"),
    Sight("staff-talk-to-open-refused", "sofia", press("/staff/threads/new", SEND, ".error")),
    Sight("group-to-write", "sofia", counted),
    Sight("group-of-talks", "ines", "/staff/threads/groups/1", before=stories.group),
    Sight("talks-of-client", "sofia", "/staff/clients/{agency.claire.id}/threads", before=stories.talks),
    Sight("talks-of-worker-record-none", "ines", "/staff/workers/{agency.jean.id}/threads"),
    Sight("staff-talks", "sofia", "/staff/threads?state=all", before=stories.talks),
    Sight("staff-talks-none-such", "ines", "/staff/threads?state=archived"),
    Sight("staff-talk", "sofia", "/staff/threads/1", before=stories.talks),
    Sight("staff-talk-internal", "ines", "/staff/threads/1?internal=1", before=stories.talks),
    Sight("staff-talk-withdrawal", "sofia", "/staff/threads/1/messages/1/withdrawal", before=stories.talks),
    Sight("home-talks", "sofia", "/staff/home", before=stories.talks),
    # what clients are asked
    Sight("requests-to-come", "sofia", "/staff/ratings/coming"),
    Sight("calls", "sofia", "/staff/ratings/calls"),
    Sight("survey", "ines", "/staff/survey"),
    Sight("survey-test", "ines", "/staff/survey/test?stars=4"),
    Sight("survey-of-service", "ada", "/staff/survey?service_id={agency.rising}"),
    Sight("survey-refused", "ines", press("/staff/survey", "button[name=preview]", ".phone")),
    # refusals
    Sight("nothing-there", "", "/nothing", 404),
    Sight("not-for-you", "denis", RATE, 404),
    Sight("fault-of-the-server", "", "/fault", 500),
    Sight("not-allowed", "", "/forbidden", 403),
    Sight("too-often", "", "/too-often", 429),
    # the page of a visit, and its link
    Sight("visit-by-link", "", "{link[visit]}"),
    Sight("visit-link", "sofia", "/staff/visits/{agency.claires_done}/link"),
    Sight("visit-link-made", "sofia", "/staff/visits/{agency.claires_next}/link"),
    Sight("live", "sofia", "/staff/live"),
    Sight("visit-columns", "sofia", "/staff/columns"),
    # the figures of the feedback
    Sight("analytics", "ines", f"{ANALYTICS}&compare=none", before=stories.feedback),
    Sight("analytics-by-worker", "sofia", f"{ANALYTICS}&by=worker&funnel=asked", before=stories.feedback),
    Sight("analytics-nothing", "igor", f"{ANALYTICS}&source=staff"),
    Sight("analytics-refused", "sofia", f"{ANALYTICS}&worker=nobody&sector=987654", 422),
    Sight("analytics-reviews", "ada", REVIEWS, before=stories.feedback),
    Sight("analytics-rated-requests", "ines", f"{REVIEWS}&view=table&sort=lowest", before=stories.feedback),
    # what workers read of their ratings
    Sight("own-ratings-notice", "wassim", "/worker/ratings", before=stories.workers_may_see),
    Sight("own-ratings", "wassim", "/worker/ratings", before=stories.own_ratings),
    Sight("own-rating-to-answer", "wassim", "/worker/ratings/1", before=stories.own_ratings),
    Sight("contests", "sofia", "/staff/contests", before=stories.own_ratings),
    Sight("contest", "sofia", "/staff/contests/1", before=stories.own_ratings),
    # closed months
    Sight("months", "sofia", "/staff/analytics/months", before=stories.closed_month),
    Sight("month", "ines", "/staff/analytics/months/2026/10", before=stories.closed_month),
    Sight("month-closing", "ada", "/staff/analytics/months/2026/9/closing"),
    Sight("mailed-rating-overtaken", "", overtaken, before=stories.open_links),
    # the questions beside the survey
    Sight("survey-ratings-off", "ada", "/staff/survey/ratings-off"),
    Sight("survey-removal", "ines", "/staff/survey/removal?service_id={agency.rising}", before=stories.own_survey),
    # who wants notices, and the texts of messages beside the first
    Sight("clients-account-notices", "claire", "/client/account", before=stories.notices_sent),
    Sight("visit-notices-stopped", "sofia", "/staff/visits/{agency.claires_done}", before=stories.notices_stopped),
    Sight("notices-again", "sofia", "/staff/visits/{agency.claires_done}/visit-notices",
          before=stories.notices_stopped),
    Sight("text-weekly", "ada", "/staff/notifications/text?kind=ratings.digest&language=fr"),
    Sight("text-short-edit", "ada", "/staff/notifications/edit?kind=ratings.request&language=ru&channel=sms"),
]  # fmt: skip
