"""Why it came to an adverse event, on its paper."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask_babel import gettext as _

from portal.adverse_events.follow_models import FAMILIES, Analysis
from portal.adverse_events.follow_words import FAMILY_LABELS, METHOD_LABELS
from portal.i18n import exact, written_day
from portal.papers import Block, Section, facts, table

if TYPE_CHECKING:
    from portal.reports.event_paper import Telling


def analysis_sections(telling: "Telling", analysis: Analysis | None) -> list[Section]:
    """The analysis of the causes, if there is one; functions in place of names, as it was written."""
    if analysis is None:
        return []
    typed: Callable[[str], str] = telling.typed
    rows: list[tuple[object, object]] = [
        (_("Method"), METHOD_LABELS[analysis.method]),
        (_("Held on"), written_day(analysis.held_on, "d MMMM y") if analysis.held_on else None),
        (_("Participants (functions)"), typed(analysis.participants)),
        (_("What was meant to happen"), typed(analysis.planned)),
        (_("Immediate cause"), typed(analysis.immediate_cause)),
        *((_("Why? (%(number)s)", number=place), typed(why)) for place, why in enumerate(analysis.whys, 1)),
        *((FAMILY_LABELS[one], typed(analysis.factors[one])) for one in FAMILIES if analysis.factors.get(one)),
        (_("Barriers that held"), typed(analysis.worked)),
        (_("Barriers that did not"), typed(analysis.missed)),
        (_("Lessons"), typed(analysis.lessons)),
    ]
    blocks: list[Block] = [facts(*rows)]
    if analysis.steps:
        steps = [(exact(one.at), typed(one.fact), typed(one.source)) for one in analysis.steps]
        blocks.append(table([_("When"), _("Fact"), _("Source")], steps, widths=[2, 4, 2]))
    return [Section(_("Analysis of the causes"), blocks)]
