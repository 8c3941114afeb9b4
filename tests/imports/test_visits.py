"""What each line of a file of visits does: one test a rule."""

import datetime as dt
import random

import pytest
from sqlalchemy import select

from portal.extensions import db
from portal.people.models import Client, Service
from portal.visits.actions import cancel_visit, end_visits
from tests.imports.conftest import TITLES, Office

LINE = "Mme LEFEVRE Claire;17/11/2026;9h30;Ménage;HADDAD Wassim;1h30;Clés chez la gardienne"
WITH_STATE = TITLES + ";État"


def test_a_line_becomes_a_visit(office: Office) -> None:
    assert office.bring_in(LINE).outcomes == ["create"]
    (visit,) = office.visits()
    assert (visit.client.name, visit.service.name) == ("Claire Lefèvre", "Ménage")
    assert [worker.name for worker in visit.workers] == ["Wassim Haddad"]
    assert visit.starts_at == dt.datetime(2026, 11, 17, 8, 30, tzinfo=dt.UTC)
    assert visit.ends_at - visit.starts_at == dt.timedelta(minutes=90)
    assert (visit.state, visit.mission_order, visit.zone) == ("planned", "Clés chez la gardienne", "Europe/Paris")
    assert f"{visit.local_start:%H:%M}" == "09:30"
    assert visit.sector_id == office.north.id


def test_nothing_is_written_before_it_is_validated(office: Office) -> None:
    seen = office.preview(LINE, LINE.replace("Ménage", "Jardin"))
    assert seen.outcomes == ["create", "create"]
    assert office.visits() == []
    assert db.session.scalars(select(Service.name)).all() == ["Ménage"]


def test_the_same_file_twice_changes_nothing(office: Office) -> None:
    lines = (
        "Denis Moreau;16/11/2026;;Ménage;;;",
        "Claire Lefèvre;19/11/2026;;Repas;;;",  # blanks: filled otherwise once the visits below are there
        "Claire Lefèvre;17/11/2026;9h30;Ménage;Inconnu;1h30;Clés",
        "Claire Lefèvre;17/11/2026;9h30;Ménage;Wassim Haddad;;",
        "Claire Lefèvre;18/11/2026;14h;Ménage;Wassim Haddad + Aïssatou N'Diaye;45 min;",
        "Claire Lefèvre;18/11/2026;;;;;",
        "Denis Moreau;18/11/2026;8h;;;;",
    )
    first = office.bring_in(*lines)
    assert first.outcomes == ["draft", "create", "draft", "change", "create", "unchanged", "draft"]
    before = [(v.id, v.version, v.starts_at, v.ends_at, v.state, len(v.workers)) for v in office.visits()]
    second = office.bring_in(*lines)
    assert second.outcomes == ["unchanged"] * 7
    assert [(v.id, v.version, v.starts_at, v.ends_at, v.state, len(v.workers)) for v in office.visits()] == before


@pytest.mark.parametrize("seed", range(8))
def test_any_file_twice_changes_nothing(office: Office, seed: int) -> None:
    chance = random.Random(seed)
    pools = (
        ("Claire Lefèvre", "Denis Moreau", "Paul Personne"),
        ("14/11/2026", "15/11/2026", "16/11/2026", "25/10/2026", "18/11/2026"),
        ("", "", "9h", "10h", "2h30"),
        ("", "Ménage", "Repas"),
        ("", "Wassim Haddad", "Zoé Inconnue", "Wassim Haddad / Aïssatou N'Diaye"),
        ("", "1h", "2h"),
        ("", "Clés"),
        ("", "", "Réalisée", "Annulée", "Brouillon", "À réaliser"),
    )
    lines = [";".join(chance.choice(pool) for pool in pools) for _ in range(8)]
    if seed % 2:  # every other file carries keys of its own
        lines = [f"{line};V-{number}" for number, line in enumerate(lines)]
    titles = WITH_STATE + ";Identifiant"
    first = office.bring_in(*lines, titles=titles)
    before = [(v.id, v.version, v.starts_at, v.ends_at, v.state, len(v.workers)) for v in office.visits()]
    second = office.bring_in(*lines, titles=titles)
    differing = [
        (one.cells, one.outcome, two.outcome, two.notes)
        for one, two in zip(first.lines, second.lines, strict=True)
        if two.outcome not in ("unchanged", "refused")
    ]
    assert not differing
    assert [(v.id, v.version, v.starts_at, v.ends_at, v.state, len(v.workers)) for v in office.visits()] == before


def test_the_order_of_the_lines_does_not_matter(office: Office) -> None:
    seen = office.bring_in("Claire Lefèvre;18/11/2026;9h;;;;", LINE)
    assert seen.outcomes == ["create", "create"]


def test_a_blank_hour_is_ten_o_clock(office: Office) -> None:
    office.bring_in("Claire Lefèvre;17/11/2026;;Ménage;Wassim Haddad;45 min;")
    assert f"{office.visits()[0].local_start:%H:%M}" == "10:00"


def test_a_blank_duration_takes_hour_and_duration_of_the_last_visit(office: Office) -> None:
    office.bring_in(LINE)
    seen = office.bring_in(
        "Claire Lefèvre;18/11/2026;;Ménage;Wassim Haddad;;", "Claire Lefèvre;19/11/2026;15h;Ménage;Wassim Haddad;;"
    )
    assert seen.shown == {"start": "09:30", "duration": "1:30"}
    _, second, third = office.visits()
    assert (f"{second.local_start:%H:%M}", f"{third.local_start:%H:%M}") == ("09:30", "15:00")
    assert third.ends_at - third.starts_at == dt.timedelta(minutes=90)


def test_the_first_visit_of_a_client_without_a_duration_lasts_an_hour(office: Office) -> None:
    office.bring_in("Claire Lefèvre;17/11/2026;;Ménage;Wassim Haddad;;")
    (visit,) = office.visits()
    assert (f"{visit.local_start:%H:%M}", visit.ends_at - visit.starts_at) == ("10:00", dt.timedelta(hours=1))


def test_a_blank_service_is_that_of_the_last_visit(office: Office) -> None:
    seen = office.bring_in(LINE, "Claire Lefèvre;18/11/2026;9h;;Wassim Haddad;1h;")
    assert seen.outcomes == ["create", "create"]
    assert office.visits()[1].service.name == "Ménage"


def test_a_blank_service_without_an_earlier_visit_is_refused(office: Office) -> None:
    seen = office.bring_in("Claire Lefèvre;18/11/2026;9h;;Wassim Haddad;1h;")
    assert (seen.outcomes, seen.codes, office.visits()) == (["refused"], ["no_service"], [])


def test_a_blank_worker_is_that_of_the_last_visit(office: Office) -> None:
    office.bring_in(LINE, "Claire Lefèvre;18/11/2026;9h;Ménage;;1h;")
    assert [worker.name for worker in office.visits()[1].workers] == ["Wassim Haddad"]


def test_a_blank_worker_at_the_first_visit_makes_a_draft(office: Office) -> None:
    seen = office.bring_in("Claire Lefèvre;18/11/2026;9h;Ménage;;1h;")
    assert (seen.outcomes, seen.codes) == (["draft"], ["no_worker", "draft"])
    assert (office.visits()[0].state, office.visits()[0].workers) == ("draft", [])


def test_a_blank_worker_whose_last_one_has_left_makes_a_draft(office: Office) -> None:
    office.bring_in(LINE)
    office.wassim.active = False
    db.session.commit()
    seen = office.bring_in("Claire Lefèvre;18/11/2026;9h;Ménage;;1h;")
    assert (seen.outcomes, seen.codes) == (["draft"], ["inactive_worker", "draft"])


def test_an_unknown_worker_makes_a_draft_and_is_named(office: Office) -> None:
    seen = office.bring_in("Claire Lefèvre;18/11/2026;9h;Ménage;Zoé Inconnue;1h;")
    assert (seen.outcomes, seen.codes) == (["draft"], ["unknown_worker", "draft"])
    assert seen.lines[0].notes[0] == ["unknown_worker", {"value": "Zoé Inconnue"}]


def test_an_inactive_worker_and_a_homonym_make_a_draft(office: Office) -> None:
    office.worker("Jean", "Dupont", active=False)
    office.worker("Marie", "Roux")
    office.worker("Marie", "Roux")
    db.session.commit()
    seen = office.bring_in(
        "Claire Lefèvre;18/11/2026;9h;Ménage;Jean Dupont;1h;", "Denis Moreau;18/11/2026;9h;Ménage;Marie Roux;1h;"
    )
    assert seen.outcomes == ["draft", "draft"]
    assert seen.codes == ["inactive_worker", "draft", "homonym_worker", "draft"]


def test_a_draft_is_completed_once_its_worker_is_known(office: Office) -> None:
    line = "Claire Lefèvre;18/11/2026;9h;Ménage;Zoé Nouvelle;1h;"
    office.bring_in(line)
    office.worker("Zoé", "Nouvelle")
    db.session.commit()
    seen = office.bring_in(line)
    assert (seen.outcomes, seen.codes) == (["change"], ["worker_added", "becomes_planned"])
    assert office.visits()[0].state == "planned"


def test_the_same_visit_with_another_worker_adds_that_worker(office: Office) -> None:
    seen = office.bring_in(LINE, LINE.replace("HADDAD Wassim", "Mme Aissatou NDiaye"))
    assert seen.outcomes == ["create", "change"]
    (visit,) = office.visits()
    assert [worker.name for worker in visit.workers] == ["Wassim Haddad", "Aïssatou N’Diaye"]


@pytest.mark.parametrize("sign", ["/", "+", " / ", " + "])
def test_one_cell_can_name_several_workers(office: Office, sign: str) -> None:
    office.bring_in(f"Claire Lefèvre;18/11/2026;9h;Ménage;Wassim Haddad{sign}N'Diaye Aïssatou;1h;")
    assert [worker.name for worker in office.visits()[0].workers] == ["Wassim Haddad", "Aïssatou N’Diaye"]


def test_an_unknown_client_is_refused(office: Office) -> None:
    seen = office.preview("Paul Personne;18/11/2026;9h;Ménage;Wassim Haddad;1h;", ";18/11/2026;;;;;")
    assert (seen.outcomes, seen.codes) == (["refused", "refused"], ["unknown_client", "blank"])


def test_a_client_of_other_sectors_is_unknown_to_a_coordinator(office: Office) -> None:
    lines = (LINE, "Éloïse D'Angelo;18/11/2026;9h;Ménage;Wassim Haddad;1h;")
    assert office.bring_in(*lines, user=office.sofia).outcomes == ["create", "refused"]
    assert office.bring_in(*lines, user=office.ines).outcomes == ["unchanged", "create"]


def test_an_inactive_client_is_refused(office: Office) -> None:
    office.client("Paul", "Parti", office.north, active=False)
    db.session.commit()
    assert office.preview("Paul Parti;18/11/2026;9h;Ménage;;1h;").codes == ["inactive_client"]


def test_homonyms_are_refused_unless_an_e_mail_tells_them_apart(office: Office) -> None:
    other = office.client("Claire", "Lefevre", office.north, "other@example.org")
    db.session.commit()
    assert office.preview(LINE).codes == ["homonym"]
    office.bring_in(LINE + ";Other@example.org", titles=TITLES + ";E-mail du client")
    assert office.visits()[0].client_id == other.id


def test_what_the_file_knows_of_a_client_is_filled_in_and_never_overwritten(office: Office) -> None:
    georges = office.client("Georges", "Blanc", office.north)
    db.session.commit()
    titles = TITLES + ";E-mail du client;Langue"
    seen = office.bring_in(
        "Georges Blanc;17/11/2026;9h;Ménage;Wassim Haddad;1h;;georges@example.org;Русский",
        "Claire Lefèvre;17/11/2026;9h;Ménage;Wassim Haddad;1h;;new@example.org;ru",
        titles=titles,
    )
    assert seen.codes == ["client_completed", "other_email"]
    db.session.expire_all()
    assert (georges.email, georges.language, office.claire.email, office.claire.language) == (
        "georges@example.org", "fr", "claire@example.org", "fr")  # fmt: skip


def test_a_new_service_is_shown_and_created_with_the_visits(office: Office) -> None:
    seen = office.preview(
        LINE.replace("Ménage", "Jardinage"), LINE.replace("Ménage", "JARDINAGE").replace("17/", "18/")
    )
    assert seen.imported.totals["new_services"] == ["Jardinage"]
    seen.write()
    assert sorted(db.session.scalars(select(Service.name))) == ["Jardinage", "Ménage"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("Claire Lefèvre;32/11/2026;9h;Ménage;;1h;", "bad_date"),
        ("Claire Lefèvre;;9h;Ménage;;1h;", "blank"),
        ("Claire Lefèvre;17/11/2026;neuf heures;Ménage;;1h;", "bad_time"),
        ("Claire Lefèvre;17/11/2026;9h;Ménage;;2;", "hours_or_minutes"),
        ("Claire Lefèvre;17/11/2026;9h;Ménage;;longtemps;", "bad_duration"),
        ("Claire Lef\ufffdvre;17/11/2026;9h;Ménage;;1h;", "unreadable_letters"),
        (f"Claire Lefèvre;17/11/2026;9h;{'x' * 121};;1h;", "too_long"),
    ],
)
def test_a_line_that_cannot_be_understood_is_refused_with_its_reason(office: Office, line: str, code: str) -> None:
    seen = office.bring_in(line, LINE)
    assert (seen.outcomes, seen.codes) == (["refused", "create"], [code])


def test_the_hour_that_does_not_exist_is_refused(office: Office) -> None:
    assert office.preview("Claire Lefèvre;28/03/2027;2h30;Ménage;;1h;").codes == ["nonexistent"]


def test_the_hour_that_comes_twice_is_taken_the_first_time_and_noted(office: Office) -> None:
    line = "Claire Lefèvre;25/10/2026;2h30;Ménage;Wassim Haddad;2h;"
    assert office.bring_in(line).codes == ["twice"]
    (visit,) = office.visits()
    assert visit.starts_at == dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC)
    assert visit.ends_at - visit.starts_at == dt.timedelta(hours=2)
    assert office.bring_in(line).outcomes == ["unchanged"]


def test_an_end_time_makes_the_duration_also_over_midnight(office: Office) -> None:
    titles = "Client;Date;Début;Fin;Prestation;Durée"
    seen = office.bring_in(
        "Claire Lefèvre;17/11/2026;21h;6h30;Ménage;", "Claire Lefèvre;18/11/2026;9h;10h;Ménage;2h",
        "Claire Lefèvre;19/11/2026;;10h;Ménage;", titles=titles)  # fmt: skip
    assert seen.codes[-2:] == ["end_and_duration", "end_without_start"]
    (visit,) = office.visits()
    assert visit.ends_at - visit.starts_at == dt.timedelta(hours=9, minutes=30)


def test_states_are_understood_in_three_languages(office: Office) -> None:
    lines = ("Réalisée", "Выполнен", "cancelled", "à réaliser", "черновик", "")
    office.bring_in(
        *(f"Claire Lefèvre;{day}/11/2026;9h;Ménage;Wassim Haddad;1h;;{state}" for day, state in enumerate(lines, 10)),
        titles=WITH_STATE,
    )
    assert [visit.state for visit in office.visits()] == ["done", "done", "cancelled", "planned", "draft", "planned"]
    done = office.visits()[0]
    assert done.ended_at == done.ends_at
    assert office.visits()[2].cancel_reason


def test_a_visit_to_come_cannot_be_done(office: Office) -> None:
    seen = office.preview("Claire Lefèvre;20/11/2026;9h;Ménage;Wassim Haddad;1h;;Réalisée", titles=WITH_STATE)
    assert seen.codes == ["in_future"]


def test_past_visits_without_a_state_are_done_only_when_that_is_ticked(office: Office) -> None:
    office.bring_in(LINE)
    assert office.visits()[0].state == "planned"
    seen = office.bring_in(LINE, LINE.replace("17/11", "20/11"), past_done=True)
    assert seen.outcomes == ["change", "create"]
    assert [visit.state for visit in office.visits()] == ["done", "planned"]


def test_a_later_file_says_that_visits_are_done_or_cancelled(office: Office) -> None:
    office.bring_in(LINE, LINE.replace("17/11", "16/11"))
    seen = office.bring_in(LINE + ";Réalisée", LINE.replace("17/11", "16/11") + ";Annulée", titles=WITH_STATE)
    assert (seen.outcomes, seen.codes) == (["change", "change"], ["becomes_done", "becomes_cancelled"])
    assert [visit.state for visit in office.visits()] == ["cancelled", "done"]


def test_what_was_said_in_the_portal_is_not_undone_by_a_file(office: Office) -> None:
    office.bring_in(LINE, LINE.replace("17/11", "16/11"))
    cancelled, done = office.visits()
    end_visits(None, [done], ask=False)
    cancel_visit(None, cancelled, "Absente")
    db.session.commit()
    again = office.bring_in(LINE.replace("1h30", "3h"), LINE.replace("17/11", "16/11"))
    assert (again.outcomes, again.codes) == (["unchanged", "unchanged"], ["stays_done", "stays_cancelled"])
    against = office.bring_in(LINE + ";Annulée", LINE.replace("17/11", "16/11") + ";Réalisée", titles=WITH_STATE)
    assert against.codes == ["done_here", "cancelled_here"]


def test_an_external_id_finds_a_visit_that_was_moved(office: Office) -> None:
    titles = TITLES + ";Identifiant"
    office.bring_in(LINE + ";V-1", titles=titles)
    seen = office.bring_in("Claire Lefèvre;19/11/2026;15h;Repas;Wassim Haddad;2h;;V-1", titles=titles)
    assert (seen.outcomes, seen.codes) == (["change"], ["new_service", "time_changed", "service_changed"])
    (visit,) = office.visits()
    assert (visit.local_start, visit.service.name) == (dt.datetime.fromisoformat("2026-11-19 15:00"), "Repas")
    assert visit.ends_at - visit.starts_at == dt.timedelta(hours=2)


def test_an_external_id_of_somebody_elses_visit_is_refused(office: Office) -> None:
    titles = TITLES + ";Identifiant"
    office.bring_in("Éloïse D'Angelo;17/11/2026;9h;Ménage;;1h;;V-1", LINE + ";V-2", titles=titles)
    seen = office.preview(LINE + ";V-1", "Denis Moreau;17/11/2026;9h;Ménage;;1h;;V-2", titles=titles, user=office.sofia)
    assert seen.codes == ["other_client", "other_client"]


def test_changes_of_order_and_duration_are_shown(office: Office) -> None:
    office.bring_in(LINE)
    seen = office.bring_in(LINE.replace("1h30", "2h").replace("Clés chez la gardienne", "Sonner deux fois"))
    assert seen.codes == ["time_changed", "order_changed"]
    assert office.visits()[0].mission_order == "Sonner deux fois"


def test_a_file_in_russian_is_understood(office: Office) -> None:
    anna: Client = office.client("Анна", "Иванова", office.north)
    office.worker("Ольга", "Петрова")
    db.session.commit()
    seen = office.bring_in(
        "г-жа Иванова Анна;17.11.2026;9 ч 30;Уборка;Петрова Ольга;1 ч 30 мин;Ключи у соседки",
        titles="Клиент;Дата;Время начала;Услуга;Исполнитель;Длительность;Задание",
    )
    assert seen.outcomes == ["create"]
    assert office.visits()[0].client_id == anna.id
