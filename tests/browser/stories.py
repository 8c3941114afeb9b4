"""What there is to see on a page: the agency with something on each, and what one page or another needs besides."""

from dataclasses import dataclass
from datetime import date, time, timedelta
from io import BytesIO

from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from portal import clock
from portal.accounts.actions import invite
from portal.accounts.links import mail_link
from portal.accounts.models import Account
from portal.adverse_events.action_plan import move_action
from portal.adverse_events.closing import close_event
from portal.adverse_events.follow_models import ActionState
from portal.complaints.following import announce_delay, answer, reopen
from portal.controls.actions import save_filter
from portal.extensions import db, wires
from portal.imports.actions import bring_in
from portal.imports.models import Import
from portal.incidents.following import Closing, move_incident
from portal.incidents.models import IncidentReason
from portal.incidents.models import State as IncidentState
from portal.incidents.reasons import take_usual_reasons
from portal.links import make_token, new_public_id
from portal.notes.actions import end_note
from portal.organisation.catalogue import add_skill
from portal.outbox.actions import hold_channel
from portal.outbox.models import Message
from portal.people.models import Absence, Availability, Client, Sector, Service, Staff, Worker
from portal.ratings.actions import answer_link, leave_rating
from portal.ratings.choices import choose
from portal.ratings.handling import handling_of
from portal.ratings.models import Rating, RatingRequest, SuspectAnswer
from portal.ratings.opened import by_request, make_handed_link
from portal.ratings.own_actions import read_notice, say, show_comment
from portal.ratings.standing import NOTICES
from portal.ratings.survey import SetUp
from portal.ratings.survey_actions import save_survey
from portal.reports.months import close_month
from portal.settings.actions import mark_setup, set_option
from portal.threads.actions import announce
from portal.threads.changes import archive, correct_message, withdraw_message
from portal.threads.group import Audience, Letter, send_group
from portal.visits.actions import cancel_visit
from portal.visits.models import Visit
from tests import factories
from tests.adverse_events import judged as judge_events
from tests.adverse_events.follow_stories import action, followed
from tests.factories import NOON, Agency

LONG = "Elle est arrivée à l’heure, a tout préparé, et a pris le temps de parler avec moi. " * 5


@dataclass(frozen=True)
class Story:
    """The agency with something on every page, and the addresses that only a mail says."""

    agency: Agency
    links: dict[str, str]  # state of a mailed link: its address
    messages: list[int]


def tell(agency: Agency) -> Story:
    """Write what makes pages full: ratings high and low, refused answers, mails in several states, visits to close."""
    claire, denis = db.session.get_one(Client, agency.claire.id), db.session.get_one(Client, agency.denis.id)
    wassim, rising = db.session.get_one(Worker, agency.wassim.id), db.session.get_one(Service, agency.rising)
    factories.visit(claire, rising, [wassim], factories.at(-2, 9))  # nobody has closed it
    factories.visit(claire, rising, [wassim], factories.at(0, 11, 30), 90)  # in progress
    for days, stars in ((-3, 5), (-4, 0), (-5, 3)):
        made = factories.done_visit(claire, rising, [wassim], days=days)
        factories.rate(agency.claire, made.id, stars, LONG if stars else "Personne n’est venu.")
    links = {
        state: _link(request)
        for state, request in {
            "open": _asked(claire, rising, wassim, 6),
            "answered": _answered(_asked(claire, rising, wassim, 5)),
            "expired": _asked(claire, rising, wassim, 2, timedelta(days=15)),
            "revoked": _revoked(_asked(denis, rising, wassim, 5)),
            "second": _asked(denis, rising, wassim, 6),
        }.items()
    }
    waiting = factories.done_visit(denis, rising, [wassim], days=0, hour=10, ask=True)
    request = factories.request_of(waiting.id)
    links["invitation"] = _invitation(agency)
    links |= _account_links(agency)
    left = _asked(denis, rising, wassim, 7)
    links["unsubscribe"] = f"/unsubscribe/{make_token('unsubscribe', left.message.public_id)}"
    links["visit"] = f"/r/{make_token('visit', make_handed_link(agency.claires_next).public_id)}"
    return Story(agency, links, [request.message_id])


def _asked(of: Client, what: Service, who: Worker, days: int, asked: timedelta = timedelta(hours=1)) -> RatingRequest:
    made = factories.done_visit(of, what, [who], days=-days, hour=15, ask=True)
    return factories.sent_request(made, str(of.email), asked)


def _link(request: RatingRequest) -> str:
    return f"/r/{make_token('rate', request.message.public_id)}"


def _answered(request: RatingRequest) -> RatingRequest:
    answer_link(by_request(request), 4, LONG, trapped=False)
    return request


def _revoked(request: RatingRequest) -> RatingRequest:
    suspect = {"subject_id": request.subject_id, "request_id": request.id, "reason": "honeypot"}
    db.session.add(SuspectAnswer(stars=5, comment="…", **suspect))
    cancel_visit(None, request.subject.visit, "La cliente était absente")
    return request


def _invitation(agency: Agency) -> str:
    account = db.session.get_one(Account, agency.paul.account_id)
    return f"/password/{make_token('password', invite(None, account).public_id)}"


def _account_links(agency: Agency) -> dict[str, str]:
    account = db.session.get_one(Account, agency.denis.account_id)
    made = {"sign_in": mail_link(account, "sign_in"), "address": mail_link(account, "address", "denis@example.net")}
    used = mail_link(account, "sign_in")
    used.used_at = used.created_at
    return {
        "sign_in": f"/sign-in/{make_token('sign-in', made['sign_in'].public_id)}",
        "used_sign_in": f"/sign-in/{make_token('sign-in', used.public_id)}",
        "address": f"/address/{make_token('address', made['address'].public_id)}",
    }


def second_file(agency: Agency) -> None:
    """Claire is also her neighbour's relative: signing in asks whose file she wants."""
    denis = db.session.get_one(Client, agency.denis.id)
    factories.login(factories.relative("Claire", "Lefèvre", denis, agency.claire.email))


def talk_of_second_file(agency: Agency) -> None:
    second_file(agency)
    factories.thread(agency.sofia, [agency.denis])


def close_module(agency: Agency) -> None:
    set_option(None, "ratings.enabled", "false")


def hold_messages(agency: Agency) -> None:
    hold_channel(agency.ines.user, "Le texte des courriels est à corriger avant que d’autres ne partent")


def notices_sent(_agency: Agency) -> None:
    """The agency tells its clients that a visit is done."""
    set_option(None, "notices.visit_done", "true")


def notices_stopped(agency: Agency) -> None:
    """And Claire wants none of these."""
    notices_sent(agency)
    choose(agency.claire.user, wanted=False, about=NOTICES)


def forget_switch(agency: Agency) -> None:
    set_option(agency.ada.user, "ratings.client_ratings", "false")


def open_links(_agency: Agency) -> None:
    """What was answered by a link can be changed by it."""
    set_option(None, "ratings.lock_public", "no")


def own_survey(agency: Agency) -> None:
    """One service asks something of its own."""
    asked = SetUp({"fr": "Le lever s’est-il bien passé avec {worker}\u00a0?"}, ["q_punct"])
    save_survey(agency.ines.user, agency.rising, asked)


def begin_setup(agency: Agency) -> None:
    """The first steps are under way, and somebody waits to be invited."""
    mark_setup(agency.ada.user, "open")
    db.session.get_one(Client, agency.eloise.id).account_id = None


def empty_agency(agency: Agency) -> None:
    """Igor's South before its first visit, as far as lists are concerned: he moves to a sector without anybody."""
    db.session.get_one(Staff, agency.igor.id).sectors = [factories.sector("Est")]
    for visit in db.session.scalars(select(Visit).where(Visit.client_id == agency.eloise.id)):
        visit.client_id = agency.george


def guest(agency: Agency) -> None:
    """A daughter of Claire's who has an address and was never invited, and sees little."""
    lise = factories.relative("Lise", "Roy", db.session.get_one(Client, agency.claire.id), "lise@example.org")
    lise.relation, lise.sees_upcoming, lise.sees_ratings = "fille", False, False


def control_story(agency: Agency) -> None:
    """A rating that is excluded, and filters that somebody shares."""
    excluded = db.session.scalars(select(Rating).limit(1)).one()
    excluded.excluded_at, excluded.exclude_reason = clock.now(), "Il s’agissait d’une autre intervention"
    save_filter(agency.sofia.user, wires.tables["quality"], "Notes basses", "period=this_month&stars=1", True)


def feedback(agency: Agency) -> None:
    """Enough ratings for figures: of Claire, by Wassim."""
    claire, rising = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.rising)
    wassim = db.session.get_one(Worker, agency.wassim.id)
    for place, stars in enumerate((5, 5, 4, 0, 3, 5)):
        made = factories.done_visit(claire, rising, [wassim], days=-3 - place, ask=place % 2 == 0)
        factories.rate(agency.claire, made.id, stars, "Très bien" if stars > 3 else "")


def closed_month(agency: Agency) -> None:
    """October is closed, and a rating came afterwards."""
    claire, rising = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.rising)
    wassim = db.session.get_one(Worker, agency.wassim.id)
    visits = [factories.done_visit(claire, rising, [wassim], days=-20 - place) for place in range(7)]
    for visit, stars in zip(visits, (5, 5, 4, 0, 3, 5), strict=False):
        factories.rate(agency.claire, visit.id, stars)
    close_month(agency.ines.user, date(2026, 10, 1))
    factories.rate(agency.claire, visits[-1].id, 2)


def busy_worker(agency: Agency) -> None:
    """Wassim is taken twice, once in the South; some hours are not his, and from tomorrow on he is away."""
    wassim, rising = db.session.get_one(Worker, agency.wassim.id), db.session.get_one(Service, agency.rising)
    claire, eloise = db.session.get_one(Client, agency.claire.id), db.session.get_one(Client, agency.eloise.id)
    today = factories.at(0, 8).date()
    wassim.availabilities = [Availability(weekday=today.weekday(), begins=time(8), ends=time(12))]
    wassim.absences = [Absence(first_day=today + timedelta(days=1), last_day=today + timedelta(days=9), reason="leave")]
    factories.visit(claire, rising, [wassim], factories.at(0, 15), 90)
    factories.visit(eloise, rising, [wassim], factories.at(0, 16))
    factories.visit(claire, rising, [wassim], factories.at(2, 22), 9 * 60)
    factories.visit(claire, rising, [], factories.at(6, 9), draft=True)


def catalogue(agency: Agency) -> None:
    """A skill with levels, a service that is not offered any more, a closed sector with one below it."""
    add_skill(agency.ada.user, "Premiers secours", ["Initiation", "Confirmé", "Formateur"])
    db.session.get_one(Service, agency.cleaning).active = False
    east = factories.sector("Est", db.session.get_one(Sector, agency.south))
    east.active = False


def reported_event(agency: Agency) -> None:
    factories.adverse_event(agency.sofia, agency.claire, worker_id=agency.wassim.id)


def judged_events(agency: Agency) -> None:
    """One that waits; one that is serious and whose authority was told by word of mouth; one that was put aside."""
    judge_events.judged(agency)


def incidents(agency: Agency) -> None:
    """One urgent and late, in the hands of somebody; one that is closed."""
    first = factories.incident(agency.wassim, agency.claires_past, urgency="urgent")
    first.owner_id, first.due_on = agency.sofia.id, factories.at(-1, 9).date()
    second = factories.incident(agency.claire, agency.claires_past, phase="end")
    closing = Closing("settled", "Clé changée", ask=True)
    move_incident(agency.sofia.user, second, IncidentState.CLOSED, second.version, closing)


def notes(agency: Agency) -> None:
    """An alert and a reminder that comes back, in Sofia's hands; one that is finished."""
    factories.note(agency.sofia, LONG[:150], client_id=agency.claire.id, worker_id=agency.wassim.id, text=LONG,
                   alert=True, priority="urgent", visit_id=agency.claires_past)  # fmt: skip
    factories.note(agency.sofia, "Réévaluer les besoins", client_id=agency.claire.id, colleague_id=agency.ines.id,
                   remind_at=clock.now() + timedelta(minutes=1), repeats="monthly", mails=True)  # fmt: skip
    end_note(agency.sofia.user, factories.note(agency.sofia, "Appeler Wassim", worker_id=agency.wassim.id))


def complaints(agency: Agency) -> None:
    """One that was answered and reopened, one that is late, one of a worker, one of somebody else."""
    first = factories.complaint(agency.claire, LONG, about=agency.wassim.id)
    answer(agency.sofia.user, first, LONG, first.version)
    reopen(agency.sofia.user, first, "Il manque la date.", first.version)
    late = factories.complaint(agency.sofia, LONG, client=agency.claire.id, channel="phone",
                               received_at=factories.NOON - timedelta(days=30))  # fmt: skip
    announce_delay(agency.sofia.user, late, late.version)
    factories.complaint(agency.wassim, LONG, about=agency.claire.id)


def badly_handled(agency: Agency) -> None:
    """The client of the second finds that it was handled badly."""
    incidents(agency)
    subject, _rating = handling_of(2) or (None, None)
    leave_rating(agency.claire.user, subject, 1, LONG)


def talking(agency: Agency) -> None:
    """Clients and workers may write to each other."""
    for name in ("clients_to_workers", "workers_to_clients"):
        set_option(None, f"threads.{name}", "on")


def group(agency: Agency) -> None:
    """A message to many, of which the job has begun."""
    send_group(agency.ines.user, Audience("client"), Letter("other", "Fermeture", LONG, new_public_id()), 3)


def talks(agency: Agency) -> None:
    """One that holds all that a message can be, one that is archived, one that nobody has answered."""
    photo, paper = BytesIO(factories.picture(800, 600)), BytesIO(b"%PDF-1.4\n%%EOF")
    files = [FileStorage(photo, "évier.png"), FileStorage(paper, "contrat.pdf")]
    thread = factories.thread(agency.claire, [agency.claire], [agency.wassim], "Voir https://www.example.org/notice.")
    factories.message(agency.wassim, thread, LONG, uploads=files)
    factories.message(agency.sofia, thread, "À voir avec Inès", internal=True)
    corrected = factories.message(agency.sofia, thread, "Bien reçut")
    correct_message(agency.sofia.user, thread, corrected, "Bien reçu")
    withdrawn = factories.message(agency.paul, thread, "Le code est 1234")
    withdraw_message(agency.sofia.user, thread, withdrawn, "Un code de porte")
    announce(agency.sofia.user, thread, "waiting")
    factories.message(agency.claire, thread, "Merci !")
    archive(agency.sofia.user, factories.thread(agency.denis, [agency.denis], subject="Une clé"))


def reasons(agency: Agency) -> None:
    """The usual reasons of a service, one of them taken out of use; some of them for another service too."""
    cleaning, rising = db.session.get_one(Service, agency.cleaning), db.session.get_one(Service, agency.rising)
    take_usual_reasons(agency.ada.user, cleaning)
    factories.reason(rising.id, "Chute")
    db.session.scalars(select(IncidentReason).order_by(IncidentReason.id)).all()[1].active = False


def lost_messages(agency: Agency) -> None:
    """Messages that did not arrive, and a file with refused lines."""
    bring_in(agency.sofia.user, "clients", "clients-novembre.csv", b"Nom;Secteur\nLea Noel;Nord\n;Sud\n", {})
    imported = db.session.scalars(select(Import)).one()
    imported.state, imported.counts = "ready", {"refused": 1, "create": 1}
    for message in db.session.scalars(select(Message).where(Message.state == "sent")):
        message.state, message.reason, message.sent_at, message.next_at = "failed", "refused", None, clock.now()


def second_device(agency: Agency) -> None:
    factories.session(agency.paul)


def closing_story(agency: Agency) -> None:
    """A grave event with an action that is late and one that is done; a light one that is closed; one to close."""
    grave = followed(agency, severity=4, potential=4, opened_at=NOON, worker_word="Le sol était mouillé.",
                     worker_word_at=NOON)  # fmt: skip
    action(agency, grave, NOON.date())
    done = action(agency, grave, NOON.date(), text="Prévenir l’équipe", kind="curative")
    move_action(agency.sofia.user, done, ActionState.DONE, done.version)
    light = {"severity": 1, "potential": 1, "told_how": "phone", "told_at": NOON, "told_text": "C’est réparé."}
    closed = followed(agency, **light)
    close_event(agency.ines.user, closed, "Les mesures tiennent.", 1, closed.version)
    followed(agency, **light)


def workers_may_see(_agency: Agency) -> None:
    set_option(None, "ratings.workers_see", "true")


def own_ratings(agency: Agency) -> None:
    """Wassim has read the notice, and contests the first rating."""
    workers_may_see(agency)
    read_notice(agency.wassim.user)
    rating = db.session.get_one(Rating, 1)
    show_comment(agency.sofia.user, rating, rating.version)
    say(agency.wassim.user, rating, "contest", LONG, rating.version)
