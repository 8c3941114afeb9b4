"""Where two messages would leave for one event, as the options stand."""

from flask_babel import gettext as _

from portal.i18n import duration
from portal.settings.queries import SAME_HOUR, option


def doubles() -> list[str]:
    """A sentence for each event of which somebody is told twice."""
    found = []
    asked, delay = (
        option("ratings.enabled") and option("ratings.client_ratings"),
        option("ratings.request_delay_minutes"),
    )
    if option("notices.visit_done") and asked and option("ratings.ask_mode") == "digest":
        found.append(_("For one done visit two messages leave: the completion notice and, once a week, the mail that "
                       "asks about it. The notice leads to the rating already."))  # fmt: skip
    elif option("notices.visit_done") and asked and delay > SAME_HOUR:  # within the hour, the request stands for both
        found.append(_("For one done visit two messages leave: the completion notice and, %(delay)s later, the rating "
                       "request. The notice leads to the rating already.", delay=duration(delay)))  # fmt: skip
    if option("incidents.enabled") and option("threads.incident_compulsory"):
        found.append(_("For one urgent incident two messages leave to the agency: the alert, and the mail about the "
                       "new incident that everybody concerned gets at once."))  # fmt: skip
    return found
