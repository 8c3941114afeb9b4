"""The one way in for files: choose one, see line by line what it would do and why, then let it be written.

Nothing is written before *Valider*; refused lines are downloaded, mended and sent again; the same file twice changes
nothing. What a file can hold is said by importers (`portal/people/importer.py`, `portal/visits/importer.py`).
"""
