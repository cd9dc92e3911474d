"""The atlas: a static site in which a reader looks at any unit behind the study's numbers."""
