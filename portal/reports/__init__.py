"""Control tables that staff open under *Analyse*: each says its columns, filters and rows; the frame does the rest."""
