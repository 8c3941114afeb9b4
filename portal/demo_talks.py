"""What the people of the demo agency reported and wrote to each other."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from portal import clock
from portal.accounts.models import User
from portal.demo_days import at_work, have_left
from portal.extensions import db, rows_changed
from portal.incidents.actions import Report, declare_incident
from portal.incidents.following import Closing, move_incident
from portal.incidents.models import Incident, IncidentReason, State
from portal.links import new_public_id
from portal.outbox.models import Message
from portal.people.models import Client, Staff, Worker
from portal.threads.actions import Draft, mark_read, open_thread, write
from portal.threads.models import Thread, ThreadNotice
from portal.visits.models import State as VisitState
from portal.visits.models import Visit


def talk(clients: dict[str, Client], workers: dict[str, Worker], staff: dict[str, Staff]) -> None:
    """Two incidents, one of them urgent and not answered yet; a question to the agency."""
    claire, wassim, sofia = (at_work(one) for one in (clients["claire"], workers["wassim"], staff["sofia"]))
    _broken_vase(claire, wassim, sofia, clients["claire"])
    _question(claire, sofia, clients["claire"])
    _fall(wassim, clients["claire"])


def _broken_vase(claire: User, wassim: User, sofia: User, file: Client) -> None:
    """Reported after the cleaning, answered, spoken of within the agency, settled."""
    cleaning = select(Visit).where(Visit.client_id == file.id, Visit.state == VisitState.DONE)
    visit = db.session.scalars(cleaning.order_by(Visit.starts_at.desc()).offset(1).limit(1)).one()
    end = visit.ends_at
    incident = _report(
        end + timedelta(hours=2),
        claire,
        visit,
        "Casse ou dégât",
        "end",
        "Le vase bleu du salon est cassé. Ce n’est pas grave, mais j’y tenais.",
    )
    thread = incident.thread
    _say(end + timedelta(hours=3), wassim, thread, "Je suis désolé, madame. Il a glissé quand j’ai déplacé la table.")
    _say(
        end + timedelta(hours=17),
        sofia,
        thread,
        "Bonjour madame Lefèvre, notre assurance vous rembourse le vase. Je vous appelle demain.",
    )
    _say(
        end + timedelta(hours=17, minutes=5),
        sofia,
        thread,
        "Deuxième casse ce mois-ci : revoir avec Wassim comment il protège les objets fragiles.",
        internal=True,
    )
    _say(end + timedelta(hours=38), claire, thread, "Merci de votre appel, tout est réglé pour moi.")
    with clock.at(end + timedelta(hours=40)):
        settled = Closing("settled", "Vase remboursé, 45 €.")
        move_incident(sofia, incident, State.CLOSED, incident.version, settled)
    _all_read(thread, end + timedelta(hours=41), claire, wassim, sofia)


def _question(claire: User, sofia: User, file: Client) -> None:
    """*Nous contacter*: asked in the portal, answered from it."""
    asked = clock.now() - timedelta(days=1, hours=3)
    with clock.at(asked):
        first = Draft("Bonjour, pourrait-on venir à 9 h 30 plutôt qu’à 9 h le jeudi ? Merci.", new_public_id())
        thread = open_thread(claire, "planning", "Horaire du jeudi", first, clients=[file.id], sector_id=file.sector_id)
    _mails_left(asked + timedelta(hours=1))
    _say(
        asked + timedelta(hours=2),
        sofia,
        thread,
        "Bonjour, c’est noté : Aïssatou viendra à 9 h 30 à partir de la semaine prochaine.",
    )
    _all_read(thread, asked + timedelta(hours=5), claire, sofia)


def _fall(wassim: User, file: Client) -> None:
    """On the visit that is in progress: urgent, and nobody has answered yet."""
    now = clock.now()
    in_progress = Visit.starts_at <= now, Visit.ends_at > now, Visit.client_id == file.id
    visit = db.session.scalars(select(Visit).where(*in_progress).order_by(Visit.id).limit(1)).one()
    incident = _report(
        now - timedelta(minutes=25),
        wassim,
        visit,
        "Chute",
        "start",
        "Madame Lefèvre a glissé dans la cuisine. Elle s’est relevée seule et dit ne pas avoir mal.",
    )
    _say(now - timedelta(minutes=10), wassim, incident.thread, "Je reste avec elle. Pouvez-vous prévenir son fils ?")


def _report(moment: datetime, who: User, visit: Visit, label: str, phase: str, text: str) -> Incident:
    named = IncidentReason.service_id == visit.service_id, IncidentReason.label_fr == label
    reason = db.session.scalars(select(IncidentReason).where(*named)).one()
    with clock.at(moment):
        made = declare_incident(who, visit, Report(reason, phase, reason.urgency, Draft(text, new_public_id())))
    _mails_left(moment + timedelta(minutes=5))
    return made


def _say(moment: datetime, who: User, thread: Thread, text: str, *, internal: bool = False) -> None:
    with clock.at(moment):
        write(who, thread, Draft(text, new_public_id(), internal=internal))
    _mails_left(moment + timedelta(minutes=5))


def _all_read(thread: Thread, moment: datetime, *people: User) -> None:
    for person in people:
        with clock.at(moment):
            mark_read(person, thread, thread.last_id)
    _mails_left(moment)


def _mails_left(moment: datetime) -> None:
    """Have the mails leave that were due by then. What would be due tomorrow, if nobody answered the urgent incident
    until then, is not promised: nobody who tries the portal out is to be mailed by its story."""
    waiting = Message.state == "scheduled"
    have_left(select(Message).where(waiting, Message.due_at <= moment))
    rows_changed(delete(Message).where(waiting))
    rows_changed(update(ThreadNotice).values(told_id=ThreadNotice.owed_id, telling_id=ThreadNotice.owed_id))
