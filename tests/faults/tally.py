"""What the fault tests did, in a few lines at the end of all tests: also with xdist, whose workers send it along."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

PROPERTY = "faults"


@dataclass
class Tally:
    """The account of one run."""

    planned: int = 0
    fired: dict[str, int] = field(default_factory=dict)  # by kind
    messages: int = 0
    lost: int = 0
    copies: int = 0  # taken by the mail server beyond the first of a message
    ambiguous: int = 0  # attempts whose answer was lost
    requests: int = 0  # of people at the web server
    slowest: float = 0.0  # seconds, of these

    def as_property(self) -> dict[str, Any]:
        return asdict(self)


def lines(properties: list[dict[str, Any]]) -> list[str]:
    """The summary of all runs."""
    total, fired = Counter[str](), Counter[str]()
    for one in properties:
        fired.update(one["fired"])
        total.update({key: value for key, value in one.items() if key not in ("fired", "slowest")})
    slowest = max((one["slowest"] for one in properties), default=0)
    kinds = " · ".join(f"{kind} {count}" for kind, count in sorted(fired.items()))
    return [
        f"Faults: fired {fired.total()} of {total['planned']} planned · messages {total['messages']} · "
        f"lost {total['lost']} · copies {total['copies']} · ambiguous {total['ambiguous']}",
        f"Meanwhile: {total['requests']} web requests answered, the slowest after {slowest:.2f} s",
        f"By kind: {kinds}",
    ]


def summarize(terminalreporter: Any) -> None:
    """Print the account; called from tests/conftest.py, the only one that xdist's controller knows."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    found = [value for report in reports for name, value in getattr(report, "user_properties", ()) if name == PROPERTY
             and getattr(report, "when", "") == "call"]  # fmt: skip
    if found:
        terminalreporter.write_sep("-", "faults")
        for line in lines(found):
            terminalreporter.write_line(line)
