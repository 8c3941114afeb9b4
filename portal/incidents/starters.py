"""The usual reasons: what can go wrong on visits of the usual services, to begin with. An agency takes them and changes
them as it likes."""

from dataclasses import dataclass

from portal.folding import fold
from portal.incidents.models import Phase, Urgency

START, END, BOTH = Phase.START, Phase.END, Phase.BOTH
NORMAL, HIGH, URGENT = Urgency.NORMAL, Urgency.HIGH, Urgency.URGENT


@dataclass(frozen=True)
class Starter:
    """A reason as it is shipped."""

    phase: Phase
    urgency: Urgency
    fr: str
    ru: str
    en: str

    @property
    def labels(self) -> dict[str, str | None]:
        return {"fr": self.fr, "ru": self.ru, "en": self.en}


EVERYWHERE = (
    Starter(START, URGENT, "Personne ne répond à la porte", "Никто не открывает дверь", "Nobody answers the door"),
    Starter(START, HIGH, "L’intervenant n’est pas venu", "Исполнитель не пришёл", "The worker did not come"),
    Starter(START, NORMAL, "L’intervenant est en retard", "Исполнитель опаздывает", "The worker is late"),
    Starter(START, NORMAL, "Client absent", "Клиента нет дома", "Client not at home"),
    Starter(START, NORMAL, "Problème de clé ou d’accès", "Проблема с ключами или доступом", "Problem with keys or access"),  # noqa: E501
)  # fmt: skip
EVERYWHERE_LAST = (
    Starter(END, NORMAL, "Intervention écourtée", "Визит закончился раньше", "The visit was cut short"),
    Starter(END, NORMAL, "Tâches non réalisées", "Часть работы не сделана", "Tasks left undone"),
    Starter(END, NORMAL, "Casse ou dégât", "Поломка или ущерб", "Breakage or damage"),
    Starter(BOTH, URGENT, "Chute", "Падение", "Fall"),
    Starter(BOTH, URGENT, "Malaise ou urgence de santé", "Внезапное ухудшение здоровья", "Sudden illness"),
    Starter(BOTH, HIGH, "Comportement déplacé ou conflit", "Неподобающее поведение или конфликт", "Improper behaviour or conflict"),  # noqa: E501
    Starter(BOTH, NORMAL, "Autre", "Другое", "Something else"),
)  # fmt: skip
_MEDICINE = Starter(END, URGENT, "Médicament oublié ou erreur", "Лекарство забыто или перепутано", "Medicine forgotten or mistaken")  # fmt: skip # noqa: E501
# what is added for a service in whose name one of these beginnings of words stands
KINDS: tuple[tuple[tuple[str, ...], tuple[Starter, ...]], ...] = (
    (("lever", "coucher", "toilette", "habill", "подъем", "туалет", "getting up", "washing", "personal care"), (
        Starter(BOTH, HIGH, "Aide refusée", "Отказ от помощи", "Help was refused"),
        Starter(START, NORMAL, "Matériel manquant ou en panne", "Оборудование отсутствует или сломано", "Equipment missing or broken"),  # noqa: E501
        _MEDICINE,
    )),
    (("repas", "cuisine", "meal", "cook", "еда", "еды", "питан"), (
        Starter(START, NORMAL, "Rien à préparer", "Нет продуктов", "No food in the house"),
        Starter(END, HIGH, "Repas non pris", "Еда не съедена", "The meal was not eaten"),
        _MEDICINE,
    )),
    (("menage", "repassage", "entretien", "clean", "ironing", "уборк", "глажк"), (
        Starter(START, NORMAL, "Produits ou matériel manquants", "Нет моющих средств или инвентаря", "Products or equipment missing"),  # noqa: E501
        Starter(END, NORMAL, "Consignes non suivies", "Указания не соблюдены", "Instructions not followed"),
    )),
    (("course", "shopping", "errand", "покуп"), (
        Starter(END, NORMAL, "Article manquant ou erreur d’achat", "Не хватает товара или куплено не то", "Item missing or wrong item bought"),  # noqa: E501
        Starter(BOTH, HIGH, "Problème d’argent ou de carte", "Проблема с деньгами или картой", "Problem with money or card"),  # noqa: E501
    )),
    (("accompagnement", "promenade", "transport", "company", "walk", "сопровожд", "прогулк"), (
        Starter(START, NORMAL, "Problème de transport", "Проблема с транспортом", "Problem with transport"),
        Starter(END, HIGH, "Rendez-vous manqué", "Пропущена назначенная встреча", "Appointment missed"),
    )),
    (("enfant", "nounou", "ecole", "child", "school", "ребен", "дет", "школ"), (
        Starter(START, HIGH, "Enfant malade", "Ребёнок болен", "The child is ill"),
        Starter(END, HIGH, "Parent en retard", "Родитель опаздывает", "The parent is late"),
        Starter(END, URGENT, "Enfant demandé par une autre personne", "За ребёнком пришёл кто-то другой", "Somebody else came to fetch the child"),  # noqa: E501
        Starter(BOTH, URGENT, "Enfant blessé", "Ребёнок получил травму", "The child is hurt"),
    )),
    (("nuit", "night", "ночн", "ночь"), (
        Starter(END, HIGH, "Nuit agitée", "Беспокойная ночь", "Restless night"),
    )),
    (("jardin", "bricol", "tonte", "garden", "repair", "сад", "ремонт"), (
        Starter(START, NORMAL, "Météo défavorable", "Плохая погода", "Bad weather"),
        Starter(START, NORMAL, "Outil manquant ou en panne", "Инструмент отсутствует или сломан", "Tool missing or broken"),  # noqa: E501
    )),
)  # fmt: skip


def usual_reasons(service: str) -> list[Starter]:
    """The reasons that are usual for a service of this name: some for every service, some for its kind."""
    words = f" {fold(service)}"
    fitting = [one for beginnings, reasons in KINDS if any(f" {part}" in words for part in beginnings)
               for one in reasons]  # fmt: skip
    return [*EVERYWHERE, *dict.fromkeys(fitting), *EVERYWHERE_LAST]
