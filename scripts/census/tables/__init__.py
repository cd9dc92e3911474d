"""Tables: key columns, Arrow types, merging, and the data dictionary."""
