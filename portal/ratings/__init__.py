"""Ratings: what clients think of a visit, from the portal or from the link in a mail.

0 to 5 stars; 0 is a score, unrated is nothing. One rating per visit, every former value kept. When a visit ends, who
is rated is written down, and a mail that asks is promised in the same transaction.
"""
