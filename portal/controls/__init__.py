"""The one frame of all control tables: columns, filters in the address, sort, totals, saved filters, export."""
