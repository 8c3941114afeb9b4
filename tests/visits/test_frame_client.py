"""The frame Client of a visit's page, which other features fill."""

import pytest

from portal.accounts.models import User
from portal.extensions import Panel, wires
from portal.visits.models import Visit
from tests.conftest import SignIn
from tests.factories import Agency


def test_what_another_feature_puts_into_the_frame_stands_in_it(
    agency: Agency, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def choice(user: User, visit: Visit) -> Panel | None:
        said = {"visit_id": visit.id, "name": f"Somebody whom {user.name} knows", "stopped": False, "history": []}
        return Panel("ratings/_choice_panel.html", said) if visit.id == agency.claires_next else None

    monkeypatch.setattr(wires, "visit_panels", [])
    monkeypatch.setattr(wires, "client_panels", [choice])
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/visits/{agency.claires_next}")
    frame = next(tag for tag in page.soup.select(".panel") if tag.h2 and tag.h2.get_text() == "Client")
    assert "Somebody whom Sofia Benali knows" in frame.get_text(" ")
    assert "Somebody whom" not in sofia.get(f"/staff/visits/{agency.claires_past}").words
