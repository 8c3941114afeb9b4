"""Complaints both ways: of clients about workers or the agency, of workers about clients; deadlines and answers.

Each is followed by a note (`notes`): it is resolved when that note is finished.
"""
