"""The one list frame: rows of one page, and the addresses of the pages beside it."""
