"""One login for a person, whatever files it opens: a client, a relative of two clients, a worker, the staff.

Sign in and out, choose a password from a mailed link, choose a language. Sessions are rows: signing out ends them here.
"""
