"""One entry per deed: who did what to which record, and what it was before and after.

It is written in the deed's own transaction: a deed without its entry does not happen.
Free text is kept by reference only, so that a person's erasure does not have to rewrite history.
"""
