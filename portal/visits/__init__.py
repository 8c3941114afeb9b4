"""The visits: who goes to whom, when and for what; the list in each portal; done or cancelled.

Draft, to do, done and cancelled are said; "in progress" and "past, not closed" follow from the time.
"""
