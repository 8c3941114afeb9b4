"""The first steps of a new agency, and trying out what was set: the question as clients see it, a mail to oneself.

An empty database is opened by a code that only the terminal shows. Whoever gives it becomes the first administrator
and is led on: the agency, its sender, three files, the invitations.
"""
