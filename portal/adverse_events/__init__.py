"""Adverse events: the report in steps, who is told, triage, authorities and their clocks, causes, actions, closing.

Each is followed by a note (`notes`): it is dealt with when that note is finished.
"""
