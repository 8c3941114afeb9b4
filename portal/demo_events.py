"""The adverse events of the demo agency, from the oldest to the newest: their numbers follow each other."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select

from portal import clock
from portal.accounts.models import User
from portal.adverse_events.action_plan import Planned, add_action, check_action, move_action
from portal.adverse_events.analysis import Findings, Step, save_analysis
from portal.adverse_events.closing import close_event
from portal.adverse_events.feedback import Told, Word, note_told
from portal.adverse_events.follow_models import Action, ActionState, AuthorityRoute, Route, RouteStatus
from portal.adverse_events.models import AdverseEvent, Mode
from portal.adverse_events.progress import is_analysis_asked
from portal.adverse_events.report import Report
from portal.adverse_events.reporting import declare_event
from portal.adverse_events.telling import Telling, change_route
from portal.adverse_events.triage import Estimate, Judgement, acknowledge, judge, prepare
from portal.demo_days import at_work
from portal.demo_quality import DAY, ago, mails_left
from portal.extensions import db
from portal.i18n import local
from portal.links import new_public_id
from portal.organisation.lists import entry_of_code
from portal.organisation.models import ListName
from portal.people.models import Client, Service, Staff, Worker
from portal.settings.actions import set_option

HOUR = timedelta(hours=1)
NORTH = ("claire", "denis", "anna")


class Past(NamedTuple):
    """An event of the last year, that has been closed."""

    days: int  # ago
    whose: str
    category: str
    nature: str
    severity: int
    potential: int
    frequency: int
    facts: str


EARLIER = (
    Past(330, "denis", "D01.2", "accident", 2, 3, 3, "Chute dans la salle de bains, relevé seul."),
    Past(312, "anna", "D04.2", "incident", 1, 2, 2, "Code de l’immeuble changé, vingt minutes de retard."),
    Past(295, "eloise", "D11.1", "incident", 1, 1, 3, "Assiette cassée."),
    Past(281, "claire", "D05.5", "incident", 2, 2, 2, "Deux intervenants envoyés à la même heure."),
    Past(266, "george", "D03.4", "incident", 2, 3, 2, "Traitement du soir rappelé à midi."),
    Past(252, "claire", "D01.2", "accident", 2, 3, 3, "Glissade sur le tapis du couloir."),
    Past(240, "anna", "D14.3", "hazard", 1, 3, 2, "Chien non attaché à l’arrivée."),
    Past(221, "denis", "D05.6", "incident", 3, 3, 2, "Intervention non effectuée, famille prévenue le soir."),
    Past(205, "eloise", "D01.1", "accident", 3, 3, 3, "Chute avec plaie au front, trois points de suture."),
    Past(190, "claire", "D12.1", "near_miss", 1, 3, 1, "Prise électrique qui chauffe, repérée à temps."),
    Past(171, "george", "D01.3", "accident", 3, 3, 3, "Trouvé au sol au petit matin, sans blessure."),
    Past(160, "anna", "D07.2", "incident", 2, 2, 2, "Désaccord avec la fille de la cliente sur les horaires."),
    Past(142, "denis", "D03.1", "incident", 2, 3, 2, "Pilulier du matin non ouvert."),
    Past(118, "claire", "D01.2", "accident", 2, 3, 3, "Chute en se levant du fauteuil."),
    Past(101, "eloise", "D10.2", "incident", 2, 2, 2, "Trousseau de clés égaré deux heures."),
    Past(84, "anna", "D05.2", "incident", 1, 2, 3, "Quarante minutes de retard, neige."),
    Past(70, "denis", "D01.2", "accident", 2, 3, 3, "Chute dans l’escalier extérieur."),
)  # fmt: skip


def report(
    clients: dict[str, Client], workers: dict[str, Worker], services: list[Service], staff: dict[str, Staff]
) -> None:
    """Events in every state, after those of the last year. The portals may report; cleaning is not authorised by the
    department."""
    set_option(None, "adverse_events.portal", "on")
    set_option(None, "adverse_events.on_call", "astreinte@example.org")
    services[2].regulated = False
    team = {key: at_work(one) for key, one in staff.items()}
    for past in EARLIER:
        _earlier(past, clients[past.whose], team["sofia" if past.whose in NORTH else "igor"], team["ines"])
    _wrong_dose(clients["denis"], workers["wassim"], team)
    _hot_plug(clients["anna"], team)
    _fall(clients["claire"], workers["wassim"], team)
    _rough_words(clients["eloise"], workers["olga"], team)
    _bruises(clients["anna"], workers["aissatou"], team)
    _hospital(clients["george"], workers["jean"], team)
    _missed(clients["claire"], workers["wassim"])


def _declare(
    moment: datetime, who: User, client: Client, category: str, nature: str, severity: int, potential: int, facts: str,
    **more: object,
) -> AdverseEvent:  # fmt: skip
    known = {"capacity": "worker" if who.worker_id else "supervisor", "place": "home", "client_id": client.id,
             "occurred_at": moment - HOUR, "discovered_at": moment - HOUR}  # fmt: skip
    with clock.at(moment):
        made = declare_event(who, Report(
            token=new_public_id(), nature=nature, categories=[entry_of_code(ListName.EVENT, category).id], facts=facts,
            severity=severity, potential=potential,
            **{**known, **more},  # ty: ignore[invalid-argument-type]
        )).event  # fmt: skip
        mails_left()
    return made


def _judge(moment: datetime, ines: User, event: AdverseEvent, frequency: int, kind: str = "event") -> None:
    estimate = Estimate(frequency, victims=1 if kind != "event" else None)
    with clock.at(moment):
        judge(ines, event, Judgement(kind, event.severity, event.potential, estimate), event.version)
        mails_left()


def _acknowledge(moment: datetime, who: User, event: AdverseEvent) -> None:
    with clock.at(moment):
        acknowledge(who, event)
        mails_left()


def _close(moment: datetime, ines: User, event: AdverseEvent, why: str, residual: int) -> None:
    """Tell who reported it what became of it, then close it."""
    with clock.at(moment):
        note_told(
            ines, event, Told.REPORTER, Word(moment - HOUR, "phone", "Merci de votre signalement."), event.version
        )
        close_event(ines, event, why, residual, event.version)
        mails_left()


def _earlier(past: Past, client: Client, manager: User, ines: User) -> None:
    """Followed as it should be; every fifth was seen late."""
    days, moment = past.days, ago(past.days, 11)
    event = _declare(moment, manager, client, past.category, past.nature, past.severity, past.potential, past.facts)
    _acknowledge(moment + (30 if days % 5 == 0 else 3 + days % 7) * HOUR, manager, event)
    _judge(moment + (60 if days % 4 == 0 else 26) * HOUR, ines, event, past.frequency)
    _settle_routes(event, ines, moment + 40 * HOUR)
    if is_analysis_asked(event):
        with clock.at(moment + (12 + days % 9) * DAY):
            steps = [Step(moment - HOUR, past.facts)]
            held = local(clock.now()).date()
            found = Findings("feedback", immediate_cause="Risque connu, non noté au dossier.",
                             factors={"A6": "Consigne à rappeler à l’équipe."}, held_on=held, steps=steps)  # fmt: skip
            save_analysis(ines, event, found, 0, finish=True)
            mails_left()
    _close(moment + 24 * DAY, ines, event, "Consigne rappelée, rien ne s’est reproduit.", 1)


def _wrong_dose(denis: Client, wassim: Worker, team: dict[str, User]) -> None:
    """Closed, with five whys and two actions, of which the effect was looked at."""
    sofia, ines, moment = team["sofia"], team["ines"], ago(48, 9)
    event = _declare(moment, at_work(wassim), denis, "D03.3", "incident", 3, 4, "Deux comprimés donnés au lieu "
                     "d’un. Le médecin, appelé aussitôt, a demandé une surveillance.", worker_id=wassim.id,
                     supervisor_id=sofia.staff_id, measures=("doctor", "family"))  # fmt: skip
    _acknowledge(moment + HOUR, sofia, event)
    _judge(moment + 20 * HOUR, ines, event, 3, "serious")
    _settle_routes(event, ines, moment)
    with clock.at(moment + 8 * DAY):
        found = Findings("five_whys", "Un comprimé le matin.", "Le pilulier du matin contenait deux comprimés.",
                         ("Le pilulier avait été rempli deux fois.", "Le remplissage n’est pas noté.",
                          "Aucune feuille n’est prévue pour cela."), {"A2": "Pas de feuille de remplissage."},
                         worked="L’intervenant a appelé le médecin.", missed="Le pilulier n’est pas vérifié.",
                         lessons="Une feuille de remplissage dans chaque dossier.", held_on=local(clock.now()).date(),
                         participants="Coordinatrice, infirmière, intervenant", pilot_id=ines.staff_id,
                         steps=[Step(moment - 2 * HOUR, "Pilulier rempli une seconde fois.", "cahier"),
                                Step(moment - HOUR, "Deux comprimés donnés.", "intervenant")])  # fmt: skip
        save_analysis(ines, event, found, 0, finish=True)
        for kind, text in (("corrective", "Feuille de remplissage du pilulier dans chaque dossier."),
                           ("preventive", "Rappel à l’équipe de vérifier avant d’aider à la prise.")):  # fmt: skip
            due, check = (local(moment + days * DAY).date() for days in (20, 30))
            add_action(sofia, event, Planned(kind, text, sofia.staff_id or 0, due, "Aucune erreur en un mois.", check))
        mails_left()
    for action in db.session.scalars(select(Action).where(Action.event_id == event.id)):
        with clock.at(moment + 18 * DAY):
            move_action(sofia, action, ActionState.DONE, action.version)
        with clock.at(moment + 32 * DAY):
            check_action(ines, action, "yes", "Aucune erreur depuis.", action.version)
    _close(moment + 34 * DAY, ines, event, "Feuille de remplissage en place, aucune erreur depuis un mois.", 2)


def _settle_routes(event: AdverseEvent, ines: User, moment: datetime) -> None:
    """The authority is told by mouth within hours, in writing on the next day; nothing else was required."""
    with clock.at(moment + 26 * HOUR):
        for one in db.session.scalars(select(AuthorityRoute).where(AuthorityRoute.event_id == event.id)):
            told = Telling(RouteStatus.NOT_REQUIRED, why="Sans objet.")
            if one.route == Route.ESSMS:
                told = Telling(RouteStatus.CLOSED, moment + 21 * HOUR, moment + 25 * HOUR, "Courriel",
                               "Département du Nord", "118")  # fmt: skip
            change_route(ines, one, told, one.version)
        mails_left()


def _hot_plug(anna: Client, team: dict[str, User]) -> None:
    """A near miss, in progress: one action is done, one overdue, one to come."""
    sofia, ines, moment = team["sofia"], team["ines"], ago(26, 15)
    event = _declare(moment, sofia, anna, "D12.1", "near_miss", 1, 3, "Rallonge noircie derrière le lit, débranchée "
                     "à temps.", measures=("made_safe",))  # fmt: skip
    _acknowledge(moment + 2 * HOUR, sofia, event)
    _judge(moment + 30 * HOUR, ines, event, 3)
    with clock.at(moment + 3 * DAY):
        today = local(clock.now()).date()
        for kind, text, days in (("curative", "Remplacer la rallonge.", 2),
                                 ("corrective", "Contrôle par un électricien.", 18),
                                 ("preventive", "Point électricité dans la visite à domicile.", 30)):  # fmt: skip
            add_action(sofia, event, Planned(kind, text, sofia.staff_id or 0, today + days * DAY))
        mails_left()
    first = select(Action).where(Action.event_id == event.id, Action.kind == "curative")
    with clock.at(moment + 5 * DAY):
        done = db.session.scalars(first).one()
        move_action(sofia, done, ActionState.DONE, done.version)
        mails_left()


def _fall(claire: Client, wassim: Worker, team: dict[str, User]) -> None:
    """Under triage: how frequent it is has been said, quality has not judged it yet."""
    moment = ago(4, 16)
    event = _declare(moment, at_work(wassim), claire, "D01.4", "accident", 2, 3, "En passant du lit au fauteuil, "
                     "Madame a glissé. Un bleu au genou, elle marche.", worker_id=wassim.id,
                     supervisor_id=team["sofia"].staff_id, consequences=("minor_injury",),
                     measures=("first_aid", "family"))  # fmt: skip
    _acknowledge(moment + HOUR, team["sofia"], event)
    with clock.at(moment + 18 * HOUR):
        prepare(team["sofia"], event, Estimate(3, victims=1), event.version)
        mails_left()


def _rough_words(eloise: Client, olga: Worker, team: dict[str, User]) -> None:
    """In confidence: only quality reads from whom."""
    moment = ago(3, 19)
    event = _declare(moment, at_work(olga), eloise, "D07.2", "incident", 2, 3, "Le fils de la cliente crie sur sa "
                     "mère et sur nous quand le repas est en retard.", mode=Mode.CONFIDENTIAL)  # fmt: skip
    _acknowledge(moment + 14 * HOUR, team["igor"], event)


def _bruises(anna: Client, aissatou: Worker, team: dict[str, User]) -> None:
    """Without a name, and told at once because of what it is about; acknowledged within the hour."""
    moment = ago(2, 14)
    event = _declare(moment, at_work(aissatou), anna, "D09.4", "hazard", 2, 4, "Le réfrigérateur est vide depuis "
                     "dix jours et les courses payées ne sont pas là.", mode=Mode.ANONYMOUS)  # fmt: skip
    _acknowledge(moment + HOUR, team["ines"], event)


def _hospital(george: Client, jean: Worker, team: dict[str, User]) -> None:
    """Red: the department was told by mouth this night, the writing is due; the clocks of the others run."""
    moment = clock.now() - 20 * HOUR
    event = _declare(moment, at_work(jean), george, "D02.6", "accident", 4, 5, "Trouvé inconscient à l’arrivée, "
                     "transporté aux urgences, opéré dans la nuit.", worker_id=jean.id,
                     supervisor_id=team["igor"].staff_id, consequences=("hospital",),
                     measures=("rescue", "family"))  # fmt: skip
    _acknowledge(moment + HOUR / 2, team["ines"], event)
    _judge(moment + 3 * HOUR, team["ines"], event, 2, "serious")
    told = select(AuthorityRoute).where(AuthorityRoute.event_id == event.id, AuthorityRoute.route == Route.ESSMS)
    with clock.at(moment + 5 * HOUR):
        line = db.session.scalars(told).one()
        change_route(team["ines"], line, Telling(RouteStatus.TOLD, clock.now() - HOUR, None, "Téléphone",
                     "Département des Bouches-du-Rhône"), line.version)  # fmt: skip
        mails_left()


def _missed(claire: Client, wassim: Worker) -> None:
    """Short, from the portal, two hours ago: nobody has acknowledged it."""
    _declare(clock.now() - 2 * HOUR, at_work(claire), claire, "D05.2", "incident", 1, 2, "Arrivé à 9 h 40 au lieu "
             "de 9 h, je n’avais pas pu prendre mon petit déjeuner.", capacity="client", worker_id=wassim.id,
             short=True)  # fmt: skip
