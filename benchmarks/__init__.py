"""How fast the portal is, and how we know: `make bench` (README.md says what is measured)."""
