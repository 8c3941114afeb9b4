"""The pages of a client: the list of visits and the rating window, as whoever uses them names their parts."""

from playwright.sync_api import Locator, expect

from tests.browser.tab import Tab

LABELS = {
    "en": {
        "my visits": "My visits", "rate": "Leave a rating", "save": "Save", "comment": "A comment?",
        "four": "4 out of 5 · Satisfied", "4": "4 out of 5", "thanks": "Thank you",
    },
    "fr": {
        "my visits": "Mes prestations", "rate": "Laisser une évaluation", "save": "Enregistrer",
        "comment": "Un commentaire", "four": "4 sur 5 · Satisfait", "4": "4 sur 5", "thanks": "Merci",
    },
    "ru": {
        "my visits": "Мои визиты", "rate": "Оставить оценку", "save": "Сохранить", "comment": "Комментарий",
        "four": "4 из 5 · Хорошо", "4": "4 из 5", "thanks": "Спасибо",
    },
}  # fmt: skip


class MyVisits:
    """*Mes prestations*."""

    def __init__(self, tab: Tab, language: str = "en") -> None:
        self.tab, self.words = tab, LABELS[language]

    def open(self) -> "MyVisits":
        self.tab.open("/client/visits")
        expect(self.tab.heading(self.words["my visits"])).to_be_visible()
        return self

    @property
    def hero(self) -> Locator:
        """The one question of the day."""
        return self.tab.page.locator(".hero")

    def row(self, visit: int) -> Locator:
        return self.tab.page.locator(f"#visit-{visit}")

    def rate_link(self, visit: int) -> Locator:
        return self.row(visit).get_by_role("link", name=self.words["rate"])


class Window:
    """The rating window, in its dialog or as a page."""

    def __init__(self, tab: Tab, language: str = "en") -> None:
        self.tab, self.words = tab, LABELS[language]
        self.dialog = tab.page.locator("dialog#dialog")

    @property
    def comment(self) -> Locator:
        return self.tab.page.get_by_label(self.words["comment"])

    @property
    def save(self) -> Locator:
        return self.tab.button(self.words["save"])

    def star(self, number: int) -> Locator:
        return self.tab.page.locator(f'input[name=stars][value="{number}"]')

    def tap(self, number: int) -> None:
        """Put a finger on a star: its label is what one sees."""
        self.tab.page.locator("label.rate-star, label.rate-zero").filter(has=self.star(number)).tap()

    def is_open(self) -> None:
        expect(self.dialog).to_be_visible()

    def is_closed(self) -> None:
        expect(self.dialog).to_be_hidden()
