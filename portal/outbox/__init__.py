"""Every message that leaves: when, to whom, in which language, and how it went.

The database decides whether, when, to whom and how often; a job only executes. A message that is promised is never
lost, and it is handed over a second time only when the mail server's own answer was lost.
"""
