"""Everything that can go wrong on a mail's way, with real processes and a judge of its own.

`sink.py` (tests/outbox) is the judge: a mail server in another process, with its own log. `crew.py` keeps the portal's
processes, `runner.py` is such a process with a short patience, `campaign.py` promises mails and compares the log with
the rows, `visitors.py` are people at the web server meanwhile, `tally.py` prints what happened at the end of the tests.
"""
