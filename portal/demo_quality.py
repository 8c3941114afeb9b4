"""What the staff of the demo agency wrote down for themselves, and what people complained of."""

from datetime import datetime, time, timedelta

from sqlalchemy import Select, delete, select

from portal import clock
from portal.accounts.models import User
from portal.complaints.actions import Filing, file_complaint
from portal.complaints.following import acknowledge, answer, resolve
from portal.complaints.models import Complaint
from portal.demo_days import PARIS, at_work, have_left
from portal.extensions import db, rows_changed, wires
from portal.links import new_public_id
from portal.notes.actions import Draft, end_note, write
from portal.notes.models import Note
from portal.organisation.lists import entry_of_code
from portal.organisation.models import ListName
from portal.outbox.models import Message
from portal.people.models import Client, Staff, Worker
from portal.ratings.models import Rating, RatingSubject

DAY = timedelta(days=1)


def follow_up(clients: dict[str, Client], workers: dict[str, Worker], staff: dict[str, Staff]) -> None:
    """Notes in all situations, some due today; complaints both ways, on time and late."""
    _notes(clients, workers, staff)
    _complaints(clients, workers, staff)


def mails_left() -> None:
    """Have the mails leave that are due, as far as they are still wanted. What would be due later is not promised:
    nobody who tries the portal out is to be mailed by its story."""
    waiting: Select[Message] = select(Message).where(Message.state == "scheduled")
    for message in db.session.scalars(waiting.where(Message.due_at <= clock.now() + timedelta(minutes=5))).all():
        kind = wires.message_kinds[message.kind]
        if not kind.why_not(message) and kind.reader(message):
            have_left(select(Message).where(Message.id == message.id))
    rows_changed(delete(Message).where(Message.state == "scheduled"))


def ago(days: float, hour: int = 10, minute: int = 0) -> datetime:
    """A moment some days before today, by the clocks of the agency; never one that is still to come."""
    day = (clock.now().astimezone(PARIS) - days * DAY).date()
    return min(datetime.combine(day, time(hour, minute), PARIS), clock.now() - timedelta(minutes=10))


# ---- notes ----


def _notes(clients: dict[str, Client], workers: dict[str, Worker], staff: dict[str, Staff]) -> None:
    sofia, igor, ines = staff["sofia"], staff["igor"], staff["ines"]
    claire, denis, anna, george = (clients[key].id for key in ("claire", "denis", "anna", "george"))
    wassim = workers["wassim"].id
    now = clock.now()
    _note(sofia, 6, "N01", "Appel de satisfaction", "Demander si le nouvel horaire du jeudi convient.",
          client_id=claire, worker_id=workers["aissatou"].id, remind_at=now - timedelta(hours=1))  # fmt: skip
    _note(sofia, 1, "N04", "Rappeler M. Moreau", "Présenter nos excuses pour le retard d’une heure.", client_id=denis,
          worker_id=wassim, remind_at=now - timedelta(hours=3), alert=True,
          priority="urgent")  # fmt: skip
    _note(sofia, 9, "N07", "Formation gestes et postures", "Inscrire Wassim à la session du mois prochain.",
          worker_id=wassim, remind_at=now + 5 * DAY, situation="progress", priority="high")  # fmt: skip
    keys = _note(sofia, 20, "N07", "Vérifier le double des clés", client_id=anna, remind_at=now - 14 * DAY)
    with clock.at(ago(14, 16)):
        end_note(at_work(sofia), keys)
    cancelled = _note(igor, 15, "N05", "Visite à domicile", "Avant le retour d’hospitalisation.",
                      client_id=clients["eloise"].id, remind_at=now - 4 * DAY)  # fmt: skip
    with clock.at(ago(8, 9)):
        end_note(at_work(igor), cancelled, cancelled=True)
    _note(igor, 30, "N04", "Appel de courtoisie", client_id=george, remind_at=now + 4 * DAY, repeats="monthly",
          priority="low")  # fmt: skip
    _note(ines, 3, "N99", "Préparer la revue qualité", "Réclamations et événements du trimestre.",
          colleague_id=sofia.id, remind_at=now + 2 * DAY)  # fmt: skip


def _note(owner: Staff, days: float, category: str, title: str, text: str = "", **more: object) -> Note:
    with clock.at(ago(days, 9, 30)):
        draft = Draft(title, text, category_id=entry_of_code(ListName.NOTE, category).id, owner_id=owner.id,
                      **more)  # ty: ignore[invalid-argument-type]  # fmt: skip
        return write(at_work(owner), draft)


# ---- complaints ----


def _complaints(clients: dict[str, Client], workers: dict[str, Worker], staff: dict[str, Staff]) -> None:
    sofia, igor = at_work(staff["sofia"]), at_work(staff["igor"])
    _settled_late(clients["eloise"], workers["olga"], igor)
    _nearly_due(clients["george"], igor)
    _of_a_worker(workers["wassim"], clients["anna"], sofia)
    _of_a_low_rating(clients["denis"], workers["wassim"], sofia)
    _just_received(clients["claire"])


def _file(moment: datetime, who: User, direction: str, subject: str, text: str, **more: object) -> Complaint:
    with clock.at(moment):
        filing = Filing(direction, entry_of_code(ListName.COMPLAINT, subject), text, new_public_id(),
                        **more)  # ty: ignore[invalid-argument-type]  # fmt: skip
        made = file_complaint(who, filing)
        mails_left()
    return made


def _settled_late(eloise: Client, olga: Worker, igor: User) -> None:
    """By letter; the receipt was acknowledged too late; answered and settled."""
    made = _file(ago(25, 11), igor, "client_worker", "C02", "Madame Petrova a fumé sur le balcon pendant le service.",
                 client=eloise, worker=olga, channel="letter")  # fmt: skip
    with clock.at(ago(19, 15)):
        acknowledge(igor, made, made.version)
        mails_left()
    with clock.at(ago(13, 10)):
        answer(igor, made, "Nous avons rappelé la règle à Mme Petrova, qui vous présente ses excuses. Vous pouvez nous "
               "appeler à tout moment si cela se reproduisait.", made.version)  # fmt: skip
        mails_left()
    with clock.at(ago(10, 17)):
        resolve(igor, made, "accepted", made.version)
        mails_left()


def _nearly_due(george: Client, igor: User) -> None:
    """On the telephone two weeks ago; acknowledged on the same day, its answer is due."""
    made = _file(ago(13, 9), igor, "client_agency", "C05", "Les heures facturées en double n’ont pas été remboursées.",
                 client=george, channel="phone")  # fmt: skip
    with clock.at(ago(13, 14)):
        acknowledge(igor, made, made.version)
        mails_left()


def _of_a_worker(wassim: Worker, anna: Client, sofia: User) -> None:
    made = _file(ago(4, 18), at_work(wassim), "worker_client", "C09",
                 "Le chien n’est jamais attaché quand j’arrive, malgré nos demandes.", client=anna,
                 worker=wassim)  # fmt: skip
    with clock.at(ago(3, 9)):
        acknowledge(sofia, made, made.version)
        mails_left()


def _of_a_low_rating(denis: Client, wassim: Worker, sofia: User) -> None:
    of_denis = select(Rating).join(RatingSubject).where(RatingSubject.client_id == denis.id, Rating.stars <= 1)
    rating = db.session.scalars(of_denis).one()
    made = _file(min(rating.left_at + timedelta(hours=1), clock.now()), sofia, "client_worker", "C01",
                 rating.comment or "", client=denis, worker=wassim, channel="rating", rating=rating)  # fmt: skip
    with clock.at(min(rating.left_at + timedelta(hours=2), clock.now())):
        acknowledge(sofia, made, made.version)
        mails_left()


def _just_received(claire: Client) -> None:
    _file(clock.now() - timedelta(hours=2), at_work(claire), "client_agency", "C10",
          "J’ai eu trois intervenants différents en une semaine, alors que le contrat en prévoit un seul.",
          client=claire)  # fmt: skip
