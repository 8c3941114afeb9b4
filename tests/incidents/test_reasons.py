"""Reasons: what an administrator makes of them, service by service."""

from sqlalchemy import delete, select, update

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.incidents.models import Incident, IncidentReason
from portal.incidents.starters import KINDS, usual_reasons
from portal.settings.actions import set_option
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.pages import Page
from tests.racing import at_once, posting


def labels(page: Page) -> list[str]:
    return [link.get_text(strip=True) for link in page.soup.select("tbody tr td:first-child a")]


def kinds(database: Database, prefix: str = "reason.") -> list[str]:
    return list(database.all(select(AuditEntry.kind).where(AuditEntry.kind.startswith(prefix)).order_by(AuditEntry.id)))


def test_an_administrator_adds_changes_and_orders_reasons(agency: Agency, sign_in: SignIn, database: Database) -> None:
    ada = sign_in(agency.ada)
    services = ada.get("/staff/home").link("Incident reasons").click()
    assert "Nothing can be reported yet" in services.words and len(services.statements) <= 6
    page = services.link("Ménage").click()
    form = page.link("Add a reason").click().form("Save")
    assert form.submit(label_fr=" … ").status == 422, "signs alone are no label"
    page = form.submit(label_fr="Porte close", label_ru="Дверь закрыта", phase="start", urgency="urgent").follow()
    for label in ("Casse", "Retard"):
        page = page.link("Add a reason").click().form("Save").submit(label_fr=label).follow()
    assert labels(page) == ["Porte close", "Casse", "Retard"] and len(page.statements) <= 6
    taken = page.link("Add a reason").click().form("Save").submit(label_fr="PORTE  clôse", phase="start")
    assert (taken.status, taken.errors()) == (409, ["This service has such a reason already."])
    third = page.at("tbody tr:nth-of-type(3)")["id"]
    page = page.press(f"#{third} [value=up]").follow()
    assert labels(page) == ["Porte close", "Retard", "Casse"]
    assert page.press("tbody tr:first-child [value=up]").status == 303, "the first one stays where it is"
    assert labels(ada.get(page.request.path)) == ["Porte close", "Retard", "Casse"]
    first, second = (ada.get(page.request.path).link("Porte close").click().form("Save") for _ in range(2))
    first.submit(label_fr="Porte fermée", urgency="high")
    late = second.submit(label_fr="Personne")
    assert late.status == 409
    assert "What stands there now: Porte fermée" in late.words and "What stands there now: High" in late.words
    late.form("Save").submit()
    assert "Personne" in labels(ada.get(page.request.path))
    assert kinds(database) == ["reason.created"] * 3 + ["reason.moved"] + ["reason.changed"] * 2


def test_copies_skip_what_is_there_and_say_how_many(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        for label, phase in (("Porte close", "start"), ("Porte close", "end"), ("Casse", "both"), ("Retard", "start")):
            factories.reason(agency.cleaning, label, phase)
        hidden = factories.reason(agency.cleaning, "Ancien motif")
        hidden.active = False
        factories.reason(agency.rising, "Porte  CLOSE", "start", "urgent")
        strange = factories.reason(agency.rising, "À elle").id
    ada, address = sign_in(agency.ada), f"/staff/services/{agency.rising}/reasons"
    page = ada.get(address).link("Copy from another service").click()
    page = page.form("Show its reasons").submit(source=str(agency.cleaning))
    assert "Ancien motif" not in page.words
    ticked = [box["value"] for box in page.soup.select("[name=reasons][checked]")]
    every = [box["value"] for box in page.soup.select("[name=reasons]")]
    assert (len(every), len(ticked)) == (4, 3) and "is there already" in page.words
    copies, before = f"{address}/copies?source={agency.cleaning}", database.fingerprint()
    assert ada.act(copies, {"reasons": str(strange)}).status == 422, "a reason of another service than the chosen one"
    assert ada.act(copies, {}).status == 422
    assert ada.act(f"{address}/copies?source=999", {"reasons": every[0]}).status == 200, "it asks for a service first"
    assert database.fingerprint() == before
    done = ada.act(copies, {"reasons": every}).follow()
    assert "3 reasons were copied. 1 was there already." in done.words
    assert labels(done) == ["Porte  CLOSE", "À elle", "Porte close", "Casse", "Retard"]
    assert database.one(select(IncidentReason.urgency).where(IncidentReason.label_fr == "Porte  CLOSE")) == "urgent"
    statuses = at_once([posting(ada, f"/staff/services/{agency.rising}/reasons/usual", {}) for _ in range(2)])
    assert statuses == [303, 303]
    assert database.count(IncidentReason, IncidentReason.service_id == agency.rising) == 5 + len(
        usual_reasons("Aide au lever")
    )


def test_a_reason_that_was_reported_is_taken_out_of_use_and_its_incidents_keep_their_label(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        why = factories.reason(agency.cleaning, "Porte close", "start")
        incident = factories.incident(agency.wassim, agency.claires_past, why=why).id
        reason = why.id
    ada = sign_in(agency.ada)
    page = ada.get(f"/staff/services/{agency.cleaning}/reasons")
    assert "has been reported" in page.words and "delete" not in page.html.lower().replace("not deleted", "")
    form = page.link("Porte close").click().form("Save")
    ada.act(form.action, {**{k: v for k, v in form.values().items() if k != "active"}, "label_fr": "Autre chose"})
    with database.app.app_context():
        assert not db.session.get_one(IncidentReason, reason).active
        assert db.session.get_one(Incident, incident).label("fr") == "Porte close"


def test_the_usual_reasons_fit_the_service_and_are_offered_where_there_is_none(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    overview = sign_in(agency.ada).get("/staff/reasons")
    assert "2 services have their reasons now." in overview.form("wherever there are none").submit().follow().words
    with database.writing():
        db.session.execute(delete(IncidentReason).where(IncidentReason.service_id == agency.rising))
    assert database.count(IncidentReason) == len(usual_reasons("Ménage"))
    page = sign_in(agency.ada).get(f"/staff/services/{agency.rising}/reasons")
    page = page.form("Take the usual reasons").submit().follow()
    assert {"Nobody answers the door", "Medicine forgotten or mistaken", "Fall"} <= set(labels(page))
    assert "Take the usual reasons" not in page.words
    assert "None of these reasons is in use" not in page.words
    with database.writing():
        db.session.execute(
            update(IncidentReason).where(IncidentReason.service_id == agency.rising).values(active=False)
        )
    assert "None of these reasons is in use" in sign_in(agency.ada).get(page.request.path).words
    assert kinds(database) == ["reason.usual_taken"] * 3
    for words, starters in KINDS:
        assert set(starters) <= set(usual_reasons(words[0].capitalize()))
    for name in ("Aide au lever", "Garde d’enfants", "Accompagnement aux courses", "Entretien du jardin"):
        made = usual_reasons(name)
        assert len(made) > 13 and len({(one.phase, one.fr) for one in made}) == len(made)
        assert all(one.fr and one.en and any("а" <= sign <= "я" for sign in one.ru.lower()) for one in made)


def test_who_manages_reasons_is_told_of_services_on_whose_visits_nothing_can_be_reported(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    ada, card = sign_in(agency.ada), "[aria-labelledby=home-reasons]"
    with database.writing():
        factories.service("Garde de nuit")  # nobody has visits of it
        factories.reason(agency.cleaning).active = False
    home = ada.get("/staff/home")
    assert home.says(card).startswith("2 services have no reason") and len(home.statements) <= 12
    assert not sign_in(agency.ines).get("/staff/home").soup.select(card), "it is not theirs to change"
    overview = home.link("Choose the reasons").click()
    told = overview.words.count("Clients and workers can report nothing on the visits of this service.")
    assert told == 3 and len(overview.statements) <= 6
    assert overview.at(f"tbody a[href='/staff/services/{agency.rising}/reasons/copies']")
    given = overview.press(f"form[action='/staff/services/{agency.rising}/reasons/usual'] button").follow()
    assert "reasons were added" in given.words
    assert ada.get("/staff/home").says(card).startswith("1 service has no reason")
    with database.writing():
        set_option(None, "incidents.enabled", "false")
    assert not ada.get("/staff/home").soup.select(card)


def test_reasons_are_the_administrators_and_go_with_the_module(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    assert sign_in(agency.sofia).get("/staff/reasons").status == 403
    ada = sign_in(agency.ada)
    with database.writing():
        reason = factories.reason(agency.cleaning).id
    assert ada.get(f"/staff/services/{agency.rising}/reasons/{reason}").status == 404, "it is of another service"
    assert ada.get("/staff/services/999/reasons").status == 404
    with database.writing():
        set_option(None, "incidents.enabled", "false")
    assert ada.get("/staff/reasons").status == 404
    assert "Incident reasons" not in ada.get("/staff/home").words
