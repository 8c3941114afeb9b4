"""What clients are asked: set up for the agency or a service, seen beside the form, kept with each answer as it was."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.people.models import Client, Service
from portal.ratings.details import BANK
from portal.ratings.models import FormerRating, Rating, SuspectAnswer
from portal.ratings.survey import PLACEHOLDERS, SHIPPED, fill, unknown_placeholders
from portal.ratings.survey_actions import survey_row
from portal.ratings.survey_models import Survey, SurveyVersion
from portal.settings.actions import set_option
from portal.settings.models import OptionValue
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.pages import Browser, Page
from tests.ratings.conftest import Asked

NAMES = tuple(PLACEHOLDERS)


@pytest.fixture
def ines(agency: Agency, sign_in: SignIn) -> Browser:
    return sign_in(agency.ines)


def set_up(browser: Browser, service_id: int | None = None, **typed: Any) -> Page:
    address = "/staff/survey" + (f"?service_id={service_id}" if service_id else "")
    return browser.get(address).form("Preview").submit(**typed)


def window_of(browser: Browser, visit_id: int) -> Page:
    return browser.get(f"/client/visits/{visit_id}/rating")


# ---- placeholders ----

_TEXT = some.text(alphabet="ab{} éд\n%$\\1", max_size=30)


@given(pieces=some.lists(some.one_of(_TEXT, some.sampled_from([f"{{{name}}}" for name in NAMES])), max_size=6),
       facts=some.fixed_dictionaries(dict.fromkeys(NAMES, _TEXT)))  # fmt: skip
def test_what_is_put_in_is_put_in_once_and_never_read(pieces: list[str], facts: dict[str, str]) -> None:
    text = "".join(pieces)
    filled = fill(text, facts)
    if not unknown_placeholders(text):
        plain = text
        for name in NAMES:
            plain = plain.replace(f"{{{name}}}", "\0")
        assert filled.count("\0") == 0
        for piece in plain.split("\0"):
            assert piece in filled
    assert fill(text, {}) == text


@given(name=some.text(alphabet=some.characters(exclude_characters="{}"), max_size=12))
def test_only_the_closed_list_is_known(name: str) -> None:
    assert unknown_placeholders(f"a {{{name}}} b") == ([] if name in NAMES else [name])


def test_an_unknown_placeholder_refuses_to_save_and_names_it_and_the_list(ines: Browser, database: Database) -> None:
    page = set_up(ines, question_fr="Bonjour {nom}", thanks_en="Bye {worker}")
    assert page.status == 422
    assert page.errors() == ["{nom} is not known here. You can use: {agency}, {service}, {worker}, {day}."]
    assert page.form("Preview").values()["question_fr"] == "Bonjour {nom}"
    assert database.count(Survey) == 0


# ---- switches ----


def test_ratings_are_switched_off_after_a_question_that_counts_who_waits_and_by_administrators_alone(
    agency: Agency, ines: Browser, sign_in: SignIn, database: Database, visit: Callable[..., int]
) -> None:
    visit(hour=13)
    visit(hour=13, client="denis")
    ada = sign_in(agency.ada)
    question = ada.get("/staff/survey").link("Switch client ratings off").click()
    assert "2 requests and reminders are waiting to be sent." in question.words
    assert "Keep them on" in question.words
    held = ada.act("/staff/survey/switch", {"key": "ratings.client_ratings", "on": "no"})
    assert held.location == "/staff/survey/ratings-off", "nothing else switches them off without a question"
    assert "Clients may rate their visits" in ada.get("/staff/survey").words
    assert not ada.get("/staff/survey").soup.select('form[action$="ratings-off"]')
    page = question.form("Switch").submit().follow()
    assert "Clients are not asked any more." in page.words
    assert page.form("Switch client ratings on")
    assert database.one(select(OptionValue.value).where(OptionValue.key == "ratings.client_ratings")) is False
    of_ines = ines.get("/staff/survey")
    assert "Administrators switch these on and off." in of_ines.words
    assert not of_ines.soup.select('form[action^="/staff/survey/switch"]')
    assert ines.get("/staff/survey/ratings-off").status == 403


# ---- what is asked ----


def test_the_question_that_is_shipped_names_the_agency(agency: Agency, sign_in: SignIn) -> None:
    assert window_of(sign_in(agency.claire), agency.claires_done).h1 == "Rate your experience with Maison & Soins"


def test_a_question_is_asked_in_the_readers_language_with_what_its_placeholders_stand_for(
    agency: Agency, ines: Browser, sign_in: SignIn
) -> None:
    set_up(ines, question_en="How was {service} with {worker}?", question_fr="Et {service} ?")
    claire = sign_in(agency.claire)
    assert window_of(claire, agency.claires_done).h1 == "How was Aide au lever with Wassim?"
    assert claire.get(f"/client/visits/{agency.claires_done}/rating?lang=fr").h1 == "Et Aide au lever ?"
    assert (
        claire.get(f"/client/visits/{agency.claires_done}/rating?lang=ru").h1
        == "Оцените работу агентства «Maison & Soins»"
    )


def test_a_service_has_a_survey_of_its_own_as_a_whole_and_gives_it_back(
    agency: Agency, ines: Browser, sign_in: SignIn, database: Database
) -> None:
    set_up(ines, question_en="The agency asks", criterion_1="q_punct")
    page = set_up(ines, agency.rising, question_en="Is it clean?", criterion_1="q_home").follow()
    claire = sign_in(agency.claire)
    window = window_of(claire, agency.claires_done)
    assert window.h1 == "Is it clean?"
    assert "Was the home left clean and tidy?" in window.words
    assert "Did the worker arrive on time?" not in window.words
    question = page.link("Ask the agency’s survey again").click()
    assert "Asked now Is it clean?" in question.words
    assert "Asked then The agency asks" in question.words
    set_up(ines, agency.rising, question_en="Is it tidy?")
    late = question.form("Ask").submit()
    assert late.status == 409
    assert "Somebody changed this survey in the meantime" in late.errors()[0]
    assert "Asked now Is it tidy?" in late.words
    assert late.form("Ask").submit().status == 303
    assert question.form("Ask").submit().status == 303, "it is gone already"
    assert window_of(claire, agency.claires_done).h1 == "The agency asks"
    kinds = [row.kind for row in database.all(select(AuditEntry).where(AuditEntry.kind.startswith("survey.")))]
    assert kinds == ["survey.changed"] * 3 + ["survey.removed"]


def test_what_is_switched_off_is_not_asked(agency: Agency, ines: Browser, sign_in: SignIn) -> None:
    form = ines.get("/staff/survey").form("Preview")
    values = {name: text for name, text in form.values().items() if name != "comment"}
    assert ines.act("/staff/survey", values | {"call_back": "y"}).status == 303
    window = window_of(sign_in(agency.claire), agency.claires_done)
    assert "A comment?" not in window.words
    assert "Would you like the agency to call you back?" in window.words


def test_the_same_criterion_twice_and_uneven_remarks_are_refused(ines: Browser) -> None:
    page = set_up(ines, criterion_1="q_home", criterion_4="q_home", remarks_3_ru="Одна\n\nДве")
    assert page.status == 422
    assert set(page.errors()) >= {
        "The same criterion is chosen twice.",
        "Please write as many remarks as in the first language, line by line.",
    }


def test_the_second_writer_is_told_and_sees_both(agency: Agency, ines: Browser, sign_in: SignIn) -> None:
    other = sign_in(agency.ada).get("/staff/survey").form("Preview")
    set_up(ines, question_en="First")
    late = other.submit(question_en="Second")
    assert late.status == 409
    assert "What stands there now: First" in late.words
    assert late.form("Preview").submit().status == 303


# ---- the preview ----


def test_the_preview_shows_the_real_window_in_each_language_and_nothing_to_send(ines: Browser) -> None:
    page = ines.get("/staff/survey")
    phones = {str(phone["lang"]): " ".join(phone.get_text(" ").split()) for phone in page.soup.select(".phone")}
    assert set(phones) == {"fr", "ru", "en"}
    assert "Évaluez votre expérience avec Maison & Soins" in phones["fr"]
    assert "Enregistrer" in phones["fr"]
    assert "Сохранить" in phones["ru"]
    assert not page.soup.select(".phone form")
    assert all(button.has_attr("disabled") for button in page.soup.select(".phone button"))
    assert len(page.statements) <= 12


def test_the_preview_follows_what_is_typed_and_saves_nothing(ines: Browser, database: Database) -> None:
    typed = ines.get("/staff/survey").form("Preview").values()
    typed |= {"question_en": "Were we on {day}?", "criterion_2": "q_time", "thanks_fr": "Merci de votre confiance"}
    part = ines.act("/staff/survey?preview=1", typed, htmx=True)
    assert part.is_fragment
    assert "Were we on" in part.says('.phone[lang="en"]')
    assert "Did the worker stay the full time?" in part.says('.phone[lang="en"]')
    assert "Merci de votre confiance" in part.says('.phone-after[lang="fr"]')
    assert "Your answer has reached" in part.says('.phone-after[lang="en"]')
    assert database.count(Survey) == 0
    page = ines.get("/staff/survey").press("button[name=preview]", question_fr="Tout va bien\u00a0?")
    assert "Tout va bien" in page.says('.phone[lang="fr"]')
    assert page.form("Preview").values()["question_fr"] == "Tout va bien\u00a0?"


def test_the_preview_says_from_which_number_of_stars_clients_choose(
    agency: Agency, ines: Browser, sign_in: SignIn
) -> None:
    page = sign_in(agency.ada).get("/staff/survey")
    assert "Choose from 0 to 5 stars" in page.says('.phone[lang="en"]')
    page.press('form:has([value="ratings.offer_zero"]) button')
    assert "Choose from 1 to 5 stars" in ines.get("/staff/survey").says('.phone[lang="en"]')


# ---- answers ----


def answer(browser: Browser, agency: Agency, **typed: Any) -> Page:
    window = window_of(browser, agency.claires_done)
    if remark := typed.get("remarks"):
        typed["remarks"] = box(window, remark)
    return window.form(f"{agency.claires_done}/rating").submit(**typed)


def box(page: Page, remark: str) -> str:
    """What the box of a remark sends, as `4:Kindness` names it."""
    stars, text = remark.split(":")
    boxes = page.soup.select(f'.remarks[data-stars="{stars}"] label')
    return next(str(one.select("input")[0]["value"]) for one in boxes if one.get_text().strip() == text)


def test_what_was_said_is_kept_and_no_change_of_the_survey_alters_it(
    agency: Agency, ines: Browser, sign_in: SignIn, database: Database
) -> None:
    set_up(ines, criterion_1="q_punct", criterion_2="q_home", call_back="y")
    claire = sign_in(agency.claire)
    answer(claire, agency, stars="4", q_punct="3", q_home="", remarks="4:Kindness", call_back="y")
    set_up(ines, criterion_1="", remarks_4_en="Other", remarks_4_fr="Autre", remarks_4_ru="Другое")
    sofia = sign_in(agency.sofia)
    for page in (sofia.get(f"/staff/visits/{agency.claires_done}"), sofia.get("/staff/ratings")):
        assert "Kindness" in page.words
        assert "Did the worker arrive on time? 3 out of 5" in page.words
        assert "Was the home left clean" not in page.words
        assert "Wishes to be called back" in page.words
    assert "Gentillesse" in sofia.get(f"/staff/visits/{agency.claires_done}?lang=fr").words, "in the reader's language"
    rating = database.one(select(Rating))
    assert rating.details["criteria"] == {"q_punct": 3}


def test_remarks_of_other_stars_and_unknown_ones_do_not_count(
    agency: Agency, ines: Browser, sign_in: SignIn, database: Database
) -> None:
    claire = sign_in(agency.claire)
    form = window_of(claire, agency.claires_done).form(f"{agency.claires_done}/rating")
    other = box(window_of(claire, agency.claires_done), "1:Arrived late")
    claire.act(form.action, form.values() | {"stars": "5", "remarks": ["5:Anything", other]})
    assert database.one(select(Rating)).details is None


def test_a_changed_rating_keeps_what_was_said_before_and_the_same_again_changes_nothing(
    agency: Agency, ines: Browser, sign_in: SignIn, database: Database
) -> None:
    set_up(ines, criterion_1="q_punct")
    claire = sign_in(agency.claire)
    answer(claire, agency, stars="4", q_punct="3", remarks="4:Kindness")
    answer(claire, agency)
    assert database.count(FormerRating) == 0
    answer(claire, agency, q_punct="5")
    former, rating = database.one(select(FormerRating)), database.one(select(Rating))
    assert (former.details["criteria"], rating.details["criteria"]) == ({"q_punct": 3}, {"q_punct": 5})
    assert former.details["remarks"] == rating.details["remarks"]


def test_the_mailed_page_and_the_agencys_own_window_ask_the_same(
    agency: Agency, ines: Browser, sign_in: SignIn, database: Database
) -> None:
    set_up(ines, criterion_1="q_time", thanks_en="Thank you from {agency}, and see you soon!")
    from portal.links import make_token

    with database.writing():
        visit = factories.done_visit(
            db.session.get_one(Client, agency.claire.id),
            db.session.get_one(Service, agency.cleaning), [], hour=6, ask=True,
        )  # fmt: skip
        token = make_token("rate", factories.sent_request(visit, agency.claire.email).message.public_id)
        visit_id = visit.id
    opened = ines.get(f"/r/{token}?lang=en")
    assert "Did the worker stay the full time?" in opened.words
    thanked = opened.form("/r/").submit(stars="5", q_time="4", remarks=box(opened, "5:On time"))
    assert "Thank you from Maison & Soins, and see you soon!" in thanked.words
    rating = database.one(select(Rating))
    assert (rating.details["criteria"], len(rating.details["remarks"])) == ({"q_time": 4}, 1)
    staff = sign_in(agency.sofia).get(f"/staff/visits/{agency.claires_done}/rating")
    assert "Did the worker stay the full time?" in staff.words
    assert visit_id != agency.claires_done


def test_how_an_incident_was_handled_is_asked_in_our_words(database: Database, agency: Agency) -> None:
    with database.writing():
        db.session.add(survey_row(None, SHIPPED))
        set_option(None, "ratings.offer_zero", "no")
    from portal.ratings.models import RatingSubject
    from portal.ratings.survey import asked_about

    with database.app.test_request_context():
        asked = asked_about(RatingSubject(visit_id=None, incident_id=1))
        assert (asked.criteria, asked.remarks, asked.call_back) == ((), {}, False)


def test_a_remark_that_is_ticked_in_one_language_may_be_sent_from_a_page_in_another(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    claire = sign_in(agency.claire)
    address = f"/client/visits/{agency.claires_done}/rating"
    russian, form = claire.get(f"{address}?lang=ru"), window_of(claire, agency.claires_done).form(address)
    same = str(russian.soup.select('.remarks[data-stars="4"] input')[0]["value"])
    assert claire.act(form.action, form.values() | {"stars": "4", "remarks": same}).status < 400
    assert len(database.one(select(Rating)).details["remarks"]) == 1


def test_what_the_survey_asks_no_more_stays_when_a_rating_is_changed(
    agency: Agency, ines: Browser, sign_in: SignIn, database: Database
) -> None:
    set_up(ines, criterion_1="q_punct", criterion_2="q_home", call_back="y")
    claire = sign_in(agency.claire)
    answer(claire, agency, stars="4", q_punct="3", q_home="2", remarks="4:Kindness", call_back="y", comment="Bien")
    values = ines.get("/staff/survey").form("Preview").values()
    values = {name: text for name, text in values.items() if name not in ("comment", "call_back")}
    values |= {"criterion_1": "", "remarks_4_en": "Other", "remarks_4_fr": "Autre", "remarks_4_ru": "Другое"}
    assert ines.act("/staff/survey", values).status == 303
    answer(claire, agency, q_home="5")
    rating = database.one(select(Rating))
    assert (rating.comment, rating.call_back) == ("Bien", True)
    assert rating.details["criteria"] == {"q_punct": 3, "q_home": 5}
    assert [one["en"] for one in rating.details["remarks"]] == ["Kindness"]
    entry = database.all(select(AuditEntry).where(AuditEntry.kind == "rating.changed"))[-1]
    assert entry.after["fields"] == ["criteria"]


def test_who_was_called_stays_so_after_a_correction_and_in_the_former_value(
    agency: Agency, ines: Browser, sign_in: SignIn
) -> None:
    set_up(ines, call_back="y")
    claire, sofia = sign_in(agency.claire), sign_in(agency.sofia)
    answer(claire, agency, stars="4", call_back="y")
    sofia.get("/staff/ratings/calls").form("/call").submit()
    answer(claire, agency, stars="3")
    page = sofia.get(f"/staff/visits/{agency.claires_done}")
    assert page.words.count("Called back") == 2
    assert "Wishes to be called back" not in page.words


def test_a_criterion_that_there_is_not_is_refused_beside_the_preview(ines: Browser) -> None:
    values = ines.get("/staff/survey").form("Preview").values() | {"criterion_1": "q_none"}
    assert ines.act("/staff/survey", values).status == 422


def test_what_was_asked_stays_readable_when_other_words_are_asked_and_the_bank_is_worded_anew(
    agency: Agency, ines: Browser, sign_in: SignIn, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(sign_in(agency.claire), agency, stars="3")
    visit = f"/staff/visits/{agency.claires_done}"
    assert "The question was: Rate your experience with Maison & Soins" in ines.get(visit).words, "what is shipped, too"
    set_up(ines, agency.rising, question_en="Did {worker} help you well?", criterion_1="q_home")
    answer(sign_in(agency.claire), agency, stars="4", q_home="5")
    set_up(ines, agency.rising, question_en="Were you content?", criterion_1="q_time")
    monkeypatch.setitem(BANK, "q_home", "Is it clean?")
    page = ines.get(visit)
    assert "The question was: Did Wassim help you well?" in page.words
    assert "Was the home left clean and tidy?" in page.words
    first = page.says("details:has(.voices)")
    assert "The question was: Rate your experience with Maison & Soins" in first
    assert "Were you content?" not in page.words
    assert len(page.statements) <= 12
    assert "Évaluez votre expérience" in ines.get(f"{visit}?lang=fr").words
    versions = database.all(select(SurveyVersion).order_by(SurveyVersion.id))
    assert [(one.survey_id, one.question["en"]) for one in versions] == [
        (0, "Rate your experience with {agency}"), (agency.rising, "Did {worker} help you well?"),
        (agency.rising, "Were you content?"),
    ]  # fmt: skip
    set_up(ines, agency.rising, thanks_en="Thank you!")
    assert database.count(SurveyVersion) == 3, "the words that are asked are the same"


def test_of_an_answer_that_a_machine_gave_all_is_kept_and_nothing_counts(
    agency: Agency, ines: Browser, just_asked: Asked, stranger: Browser, sign_in: SignIn, database: Database
) -> None:
    set_up(ines, criterion_1="q_time", call_back="y")
    page = stranger.get(just_asked.link)
    ticked = box(page, "5:On time")
    thanked = page.form("/r/").submit(stars="5", q_time="4", remarks=ticked, call_back="y")
    assert thanked.h1 == "Thank you"
    kept = database.one(select(SuspectAnswer))
    assert (kept.stars, kept.reason, kept.call_back) == (5, "too_fast", True)
    assert (kept.details["criteria"], [one["en"] for one in kept.details["remarks"]]) == ({"q_time": 4}, ["On time"])
    assert database.count(Rating) == 0
    sofia = sign_in(agency.sofia)
    assert "Nobody waits for a call" in sofia.get("/staff/ratings/calls").words, "nobody has asked for one"
    visit = sofia.get(f"/staff/visits/{just_asked.visit}").words
    assert "An answer of 5 out of 5 came that no person can have given: not counted" in visit
    assert "On time" not in visit
    shown = sofia.get("/staff/ratings").words
    assert "Did the worker stay the full time?" in shown and "On time" in shown, "staff read all that was said"
