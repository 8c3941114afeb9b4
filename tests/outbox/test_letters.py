"""The texts that an agency makes its own: what they begin with, what they are filled with, what they become."""

import pytest
from flask import Flask

from portal import wiring  # noqa: F401 - fills the wires
from portal.extensions import db, wires
from portal.i18n import LANGUAGES
from portal.outbox.letters import AROUND, letter_of
from portal.outbox.placeholders import faults_of, names_in
from portal.outbox.text_queries import Place, shipped

EDITABLE = [(name, language, channel) for name, kind in wires.message_kinds.items() for language in LANGUAGES
            for channel in letter_of(kind).channels]  # fmt: skip


def test_every_mail_to_a_client_about_a_visit_has_a_text_of_its_own() -> None:
    to_clients = {name for name, kind in wires.message_kinds.items() if kind.may_unsubscribe}
    assert "ratings.digest" in to_clients
    assert not [name for name in to_clients if letter_of(wires.message_kinds[name]) is AROUND]


@pytest.mark.parametrize(("name", "language", "channel"), EDITABLE)
def test_every_kind_begins_with_a_shipped_text_that_could_be_saved(app: Flask, name, language, channel) -> None:
    place = Place(wires.message_kinds[name], language, channel)
    known = letter_of(place.kind).known(channel)
    with app.test_request_context():
        draft = shipped(place)
        db.session.remove()
    alone = {placeholder.name for placeholder in known.values() if placeholder.is_alone}
    assert faults_of(draft.body, known, alone) == []
    assert faults_of(draft.subject, known, known) == [] or "message.subject" in draft.subject
    assert names_in(draft.body) & {placeholder.name for placeholder in known.values() if placeholder.required}
    for made_up in ("Aide-ménagère", "Votre avis compte", "Delacroix", "Haddad", "2026", "10:37", "sample", "Au Fil"):
        assert made_up not in draft.subject + draft.body
    if channel == "mail" and place.kind.letter:
        assert {"client.name"} <= names_in(draft.body)
