"""Conversations between clients, workers and the agency: who takes part, what is written, who has read it.

Staff may write internal messages into them: no page, fragment, mail, count or search of the other portals holds them.
"""
