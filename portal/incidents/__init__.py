"""Incidents on visits: what can be reported, the window in which clients and workers report it, and what becomes of it.

Every declaration opens a thread (`threads`) with the client, the workers of the visit and the agency.
"""
