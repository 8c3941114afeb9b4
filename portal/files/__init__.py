"""What people attach: photos and papers. Checked by what they hold, drawn anew, kept under names nobody can guess.

A feature that takes attachments keeps them with `keep`, ties them to its own row, and serves them with `serve` once it
has seen that the person may read that row. Nothing here has an address of its own.
"""
