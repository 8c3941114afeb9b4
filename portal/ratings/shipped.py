"""The survey that an agency begins with, in every language: its question, and remarks that one only has to tick."""

QUESTION = {
    "fr": "Évaluez votre expérience avec {agency}",
    "ru": "Оцените работу агентства «{agency}»",
    "en": "Rate your experience with {agency}",
}


def _each(*rows: tuple[str, str, str]) -> list[dict[str, str]]:
    return [dict(zip(("fr", "ru", "en"), row, strict=True)) for row in rows]


_AMISS = _each(
    ("Arrivée en retard", "Опоздание", "Arrived late"),
    ("Départ trop tôt", "Ранний уход", "Left too early"),
    ("Tâches non faites", "Не всё сделано", "Tasks not done"),
    ("Manque de soin", "Небрежная работа", "Careless work"),
    ("Manque de courtoisie", "Невежливость", "Lack of courtesy"),
)
_FAIR = _each(
    ("Horaire à revoir", "Пересмотреть время", "Time to be reviewed"),
    ("Consignes à préciser", "Уточнить указания", "Instructions to be made clear"),
    ("Travail à compléter", "Работа не доделана", "Work to be completed"),
)
_WELL = _each(
    ("À l’heure", "Вовремя", "On time"),
    ("Travail soigné", "Аккуратная работа", "Careful work"),
    ("Gentillesse", "Доброжелательность", "Kindness"),
    ("À l’écoute", "Внимательность", "Attentive"),
)
REMARKS = {"0": _AMISS, "1": _AMISS, "2": _AMISS, "3": _FAIR, "4": _WELL, "5": _WELL}
