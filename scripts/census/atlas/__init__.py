"""The atlas: a static site with a page for every unit of the study."""
