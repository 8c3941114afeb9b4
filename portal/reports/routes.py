"""The pages of the concrete tables, one set for each."""

from portal.controls.routes import hang
from portal.reports.complaints import COMPLAINTS
from portal.reports.event_actions import EVENT_ACTIONS
from portal.reports.events import EVENTS
from portal.reports.incidents import INCIDENTS
from portal.reports.journal import JOURNAL
from portal.reports.notes import NOTES
from portal.reports.quality import QUALITY

for table in (QUALITY, INCIDENTS, COMPLAINTS, EVENTS, NOTES, EVENT_ACTIONS, JOURNAL):
    hang(table)
