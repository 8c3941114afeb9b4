"""The portal's own worker or ticker with a short patience, so that a test does not wait minutes for a lease to end.

`python -m tests.outbox.runner worker` is `flask worker`; only the numbers below differ, in the same proportions.
"""

import sys
from datetime import timedelta

from flask.cli import main

from portal.outbox import jobs, leases, mailer

LEASE = 5.0  # seconds

leases.LEASE = timedelta(seconds=LEASE)
leases.PAUSE = timedelta(seconds=1)
leases.BACK_OFF = [timedelta(seconds=1)] * 8
leases.INSISTENCE = 2.0
mailer.STEP_SECONDS, mailer.MAIL_SECONDS, mailer.FAREWELL_SECONDS = 2.0, 3.0, 0.5
jobs.IMPATIENCE = timedelta(seconds=4)
jobs.BUDGET = 10.0
jobs.BATCH = 4  # ty: ignore[invalid-assignment] - a killed process drags few along

if __name__ == "__main__":
    sys.argv = ["flask", "--app", "wsgi", *sys.argv[1:]]
    main()
