"""A file comes back as what it is, and as nothing that a browser could run."""

from collections.abc import Callable
from io import BytesIO

import pytest
from flask import Flask
from PIL import Image
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from portal.files.actions import keep
from portal.files.models import Attachment
from portal.files.queries import serve
from portal.files.store import store
from tests.conftest import Database
from tests.factories import Agency
from tests.files.test_keeping import PAPER, photo, sent

Served = Callable[..., Response]


@pytest.fixture
def kept(agency: Agency, database: Database) -> list[Attachment]:
    with database.writing():
        return keep(agency.claire.user, [sent(photo(), "Évier à voir.jpg"), sent(PAPER, "Смета.pdf")])


@pytest.fixture
def served(app: Flask, kept: list[Attachment]) -> Served:
    """The answer to somebody who may have the photo (0) or the paper (1)."""

    def served(which: int, *, thumbnail: bool = False, **headers: str) -> Response:
        with app.test_request_context(headers=[(key.replace("_", "-"), value) for key, value in headers.items()]):
            answer = app.process_response(serve(kept[which], thumbnail=thumbnail))
            answer.direct_passthrough = False
            answer.get_data()
            answer.close()
            return answer

    return served


def test_a_photo_is_shown_and_a_paper_is_taken_away(served: Served, kept: list[Attachment]) -> None:
    shown, taken, small = served(0), served(1), served(0, thumbnail=True)
    assert shown.headers["Content-Disposition"].startswith("inline; filename=")
    assert "filename*=UTF-8''%C3%89vier%20%C3%A0%20voir.jpg" in shown.headers["Content-Disposition"]
    assert taken.headers["Content-Disposition"].startswith("attachment; filename=")
    assert taken.get_data() == PAPER
    assert len(shown.get_data()) == kept[0].size == shown.content_length
    with Image.open(BytesIO(small.get_data())) as drawn:
        assert drawn.size == (400, 300)
    assert [one.mimetype for one in (shown, taken, small)] == ["image/jpeg", "application/pdf", "image/jpeg"]
    for answer in (shown, taken, small):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "private, no-cache"
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert policy.endswith("; sandbox")


def test_a_part_can_be_asked_for_and_what_the_browser_has_is_not_sent_again(served: Served) -> None:
    whole = served(1)
    part = served(1, Range="bytes=0-4")
    assert (part.status_code, part.get_data(), part.headers["Content-Range"]) == (
        206,
        b"%PDF-",
        f"bytes 0-4/{len(PAPER)}",
    )
    assert served(1, If_None_Match=whole.headers["ETag"]).status_code == 304
    with pytest.raises(HTTPException) as refusal:
        served(1, Range="bytes=9000-")
    assert refusal.value.code == 416


def test_what_is_not_there_is_not_found(app: Flask, served: Served, kept: list[Attachment]) -> None:
    with app.app_context():
        store().remove(kept[0].public_id)
    for which, thumbnail in ((0, False), (1, True)):
        with pytest.raises(HTTPException) as refusal:
            served(which, thumbnail=thumbnail)
        assert refusal.value.code == 404
    assert served(0, thumbnail=True).status_code == 200
