"""Visits from files: the columns, and what is said of their lines."""

from flask_babel import lazy_gettext as _l

from portal.imports.importer import Choice, Column, Importer
from portal.visits.lines import in_time
from portal.visits.planner import VisitPlanner

COLUMNS = (
    Column("client", _l("Client"), ("Клиент", "Bénéficiaire", "Nom du client", "Client name", "Service user"),
           required=True, core=True),
    Column("date", _l("Date"), ("Дата", "Jour", "Day", "Date de l'intervention", "Date intervention", "Visit date"),
           required=True, core=True),
    Column("start", _l("Start time"), ("Heure de début", "Heure début", "Début", "Heure", "Start", "Time",
           "Время начала", "Начало", "Время"), core=True),
    Column("service", _l("Service"), ("Prestation", "Услуга", "Type de prestation"), core=True),
    Column("worker", _l("Worker"), ("Intervenant", "Intervenante", "Intervenants", "Salarié", "Care worker", "Workers",
           "Исполнитель", "Исполнители", "Сотрудник"), core=True),
    Column("duration", _l("Duration"), ("Durée", "Длительность", "Продолжительность", "Durée (min)", "Durée (h)"),
           core=True),
    Column("order", _l("Mission order"), ("Ordre de mission", "Consignes", "Задание", "Instructions"), core=True),
    Column("end", _l("End time"), ("Heure de fin", "Heure fin", "Fin", "End", "Время окончания", "Окончание", "Конец")),
    Column("state", _l("State"), ("État", "Statut", "Status", "Состояние", "Статус")),
    Column("external_id", _l("External id"), ("Identifiant", "Identifiant externe", "Id", "Référence", "N°",
           "Идентификатор", "Внешний идентификатор")),
    Column("email", _l("Client's e-mail"), ("E-mail du client", "Email client", "E-mail", "Email", "Mail", "Courriel",
           "E-mail клиента", "Эл. почта", "Электронная почта", "Почта")),
    Column("language", _l("Client's language"), ("Langue du client", "Langue", "Language", "Язык", "Язык клиента")),
)  # fmt: skip

SENTENCES = {
    "unknown_client": _l("There is no client “%(value)s” in your sectors."),
    "homonym": _l(
        "%(number)s clients are called “%(value)s”. A column with the client's e-mail would tell them apart."
    ),
    "inactive_client": _l("The file of the client “%(value)s” is no longer active."),
    "no_service": _l("The service is blank, and this client has no earlier visit to take it from."),
    "nonexistent": _l("On %(date)s the clocks go forward: there is no %(time)s that night."),
    "twice": _l("On %(date)s the clocks go back: %(time)s comes twice, the first is taken."),
    "end_and_duration": _l("Duration and end time do not agree. Leave one of them blank."),
    "end_without_start": _l("There is an end time but no start time."),
    "in_future": _l("A visit that has not begun cannot be done."),
    "other_client": _l("The external id “%(value)s” belongs to a visit of another client."),
    "cancelled_here": _l("This visit was cancelled in the portal, and the file says that it is done."),
    "done_here": _l("This visit is done in the portal, and the file says that it is cancelled."),
    "stays_cancelled": _l("The visit is cancelled; it stays as it is."),
    "stays_done": _l("The visit is done; its time and its service stay as they are."),
    "unknown_worker": _l("There is no worker “%(value)s”."),
    "inactive_worker": _l("The worker “%(value)s” is no longer active."),
    "homonym_worker": _l("%(number)s workers are called “%(value)s”."),
    "no_worker": _l("The worker is blank, and there is no earlier visit to take one from."),
    "draft": _l("The visit becomes a draft."),
    "new_service": _l("The service “%(value)s” is new; it will be created."),
    "said_above": _l("Line %(line)s says otherwise of the same visit, and comes first: it is followed."),
    "worker_added": _l("%(value)s is added to the visit."),
    "time_changed": _l("The time changes: it was %(before)s."),
    "service_changed": _l("The service changes: it was %(before)s."),
    "order_changed": _l("The mission order changes."),
    "becomes_done": _l("The visit is marked as done."),
    "becomes_cancelled": _l("The visit is cancelled."),
    "becomes_planned": _l("The visit is no longer a draft."),
    "client_completed": _l("%(column)s is filled in on the client's file: %(value)s."),
    "other_email": _l("The client's file has another e-mail address; it is kept."),
}

IMPORTER = Importer(
    kind="visits",
    title=_l("Visits"),
    heading=_l("Import visits"),
    columns=COLUMNS,
    sentences=SENTENCES,
    planner=VisitPlanner,
    order=in_time,
    together=("client", "date"),
    before=Choice("past_done", _l("Visits in the past without a state are done")),
    after=Choice("ask_ratings", _l("Ask these clients to rate their past visits")),
    example={
        "client": "Claire Lefèvre", "date": "17/11/2026", "start": "9h30", "service": "Ménage",
        "worker": "Wassim Haddad", "duration": "1h30", "order": "Clés chez la gardienne",
    },
)  # fmt: skip
