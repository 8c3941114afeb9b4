"""The list of conversations and the page of one, in the three portals."""

from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency


def test_each_portal_lists_the_conversations_of_whoever_looks(
    agency: Agency, database: Database, sign_in: SignIn
) -> None:
    with database.writing():
        mine = factories.thread(agency.claire, [agency.claire], [agency.wassim], "Bonjour à tous").id
        factories.thread(agency.denis, [agency.denis], subject="Une clé")
    for person, portal in ((agency.claire, "client"), (agency.wassim, "worker"), (agency.sofia, "staff")):
        browser = sign_in(person)
        page = browser.get(f"/{portal}/threads")
        shown = page.link("Une question").click()
        assert "Bonjour à tous" in shown.words, f"{portal} {mine}"
        assert ("Une clé" in page.words) == (portal == "staff")
        assert len(page.statements) <= 6, "\n".join(page.statements)
        assert len(shown.statements) <= 12
        answered = shown.form("Send").submit(text=f"De {portal}").follow()
        assert f"De {portal}" in answered.words
