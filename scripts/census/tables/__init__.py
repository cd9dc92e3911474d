"""Tables: key columns, joins, the data dictionary, and a finished study opened in a notebook."""
