"""Who the agency works with: clients and their relatives, workers, staff; the sectors they belong to; the services.

A sector is a branch of a tree: whoever sees a sector sees those below it.
"""
