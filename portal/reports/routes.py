"""The pages of the concrete tables, one set for each."""

from portal.controls.routes import hang
from portal.reports.quality import QUALITY

for table in (QUALITY,):
    hang(table)
