"""Whatever the portal writes down of a message, staff read in words."""

import ast
from collections.abc import Iterator

from portal.outbox.models import STATES
from portal.outbox.queries import OUTCOME_LABELS, REASON_LABELS, STATE_LABELS
from tests.test_conventions import calls, modules


def texts(node: ast.AST) -> set[str]:
    return {inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant) and isinstance(inner.value, str)}


def reasons() -> Iterator[str]:
    """Every reason that code gives for a message that does not leave."""
    for name, tree in modules().items():
        for call in calls(tree):
            what = ast.unparse(call.func).rpartition(".")[2]
            if what in ("Drop", "cancel") and len(call.args) == 2:
                yield from texts(call.args[1])
            yield from (
                word for keyword in call.keywords if keyword.arg == "suppressed" for word in texts(keyword.value)
            )
        if name.startswith("portal.outbox"):
            for node in ast.walk(tree):
                if isinstance(node, ast.Dict):
                    pairs = zip(node.keys, node.values, strict=True)
                    yield from (
                        word for key, value in pairs if key and texts(key) == {"reason"} for word in texts(value)
                    )


def test_every_reason_has_words() -> None:
    given = set(reasons())
    assert {"too_old", "no_address", "refused", "poison", "by_staff", "answer_lost"} <= given, "the search finds them"
    assert given <= set(REASON_LABELS)


def test_every_state_and_every_outcome_has_words() -> None:
    assert set(STATE_LABELS) == set(STATES)
    outcomes = {
        word
        for name, tree in modules().items()
        if name in ("portal.outbox.jobs", "portal.outbox.leases", "portal.outbox.mailer")
        for call in calls(tree)
        if ast.unparse(call.func).rpartition(".")[2] in ("finish", "Outcome") and call.args
        for word in texts(call.args[1 if "finish" in ast.unparse(call.func) else 0])
    }
    assert outcomes
    assert outcomes <= set(OUTCOME_LABELS)
