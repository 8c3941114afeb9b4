"""Notes and dated reminders of the agency: on clients, workers, colleagues and visits; never on a portal.

A note that follows an event or a complaint ends with it: it is the one fact that says whether that is dealt with.
"""
