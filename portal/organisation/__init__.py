"""How the agency is arranged: the tree of its sectors, the services it offers, the skills it looks for, and who may
do what.

The records themselves stand in `portal/people/models.py`: what people are belongs to what they belong to.
"""
