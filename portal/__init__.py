"""Suivi: quality follow-up of home visits. This page is the map of the folder.

A portal is a blueprint (`portals.py`), a feature is a folder. Low to high; each may import only those before it:

    frames    audit → settings → tables → outbox → accounts → work → imports → files → controls
    domain    people → organisation → visits → notes → threads → ratings → incidents → complaints →
              adverse_events → reports → setup

What a lower feature must tell or show a higher one is listed in `wiring.py`, the one page where all of it is seen.
"""
