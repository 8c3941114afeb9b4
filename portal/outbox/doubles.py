"""Where two messages would leave for one event, as the options stand."""

from flask_babel import gettext as _

from portal.i18n import duration
from portal.settings.models import OPTIONS
from portal.settings.queries import option

DONE = "notices.visit_done"


def doubles() -> list[str]:
    """A sentence for each event of which somebody is told twice."""
    found = []
    asked = option("ratings.enabled") and option("ratings.client_ratings")
    if asked and DONE in OPTIONS and option(DONE):
        delay = option("ratings.request_delay_minutes")
        found.append(
            _("For one done visit two messages leave: the completion notice and, %(delay)s later, the rating request. "
              "The notice leads to the rating already.", delay=duration(delay)) if delay else
            _("For one done visit two messages leave at once: the completion notice and the rating request. "
              "The notice leads to the rating already.")
        )  # fmt: skip
    if option("incidents.enabled") and option("threads.incident_compulsory"):
        found.append(_("For one urgent incident two messages leave to the agency: the alert, and the mail about the "
                       "new incident that everybody concerned gets at once."))  # fmt: skip
    return found
