"""Who the agency works with: clients and their relatives, workers, staff; who sees whom, and who enters which file.

A sector is a branch of a tree: whoever sees a sector sees those below it.
"""
