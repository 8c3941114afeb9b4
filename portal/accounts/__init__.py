"""One login for a person, whatever files it opens: a client, a relative of two clients, a worker, the staff.

Sign in with a password or, clients and relatives, with a mailed link; see where one is signed in and end it there;
change password, address and language. Sessions are rows: what ends them ends them here, whatever a cookie says.
"""
