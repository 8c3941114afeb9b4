"""The table of roles and rights: it says what the guard of each page does, in the reader's language."""

from flask_babel.speaklater import LazyString

from portal.roles import GRANTS, PERIMETERS, Permission, Role
from tests.conftest import SignIn
from tests.factories import Agency


def test_the_table_says_of_each_right_and_role_what_the_guard_says_to_administrators_alone(
    agency: Agency, sign_in: SignIn
) -> None:
    page = sign_in(agency.ada).get("/staff/roles")
    assert page.h1 == "Roles and rights"
    heads = [cell.get_text() for cell in page.soup.select("thead th")][1:]
    assert heads == ["Client", "Relative", "Worker", "Coordinator", "Quality lead", "Administrator"]
    said = {}
    for row in page.soup.select("table.rights tbody tr"):
        cells = [bool(cell.select("svg[aria-label=Yes]")) for cell in row.select("td")]
        said[row.select("th")[0].get_text()] = cells
    shown = {str(right.value): [right in GRANTS[role] for role in Role] for right in Permission}
    assert said == shown
    assert len(page.soup.select(".perimeters dt")) == len(Role)
    assert "The sectors they coordinate or manage and everything below" in page.words
    assert len(page.statements) <= 6
    for who in (agency.ines, agency.sofia):
        assert sign_in(who).get("/staff/roles").status == 403


def test_every_right_and_every_perimeter_is_a_sentence_that_can_be_translated() -> None:
    for right in Permission:
        assert isinstance(right.value, LazyString), right
        assert str(right.value).endswith("."), right
    assert set(PERIMETERS) == set(Role)
