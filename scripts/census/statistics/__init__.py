"""Functions of arrays that measures and claims share. They open no file."""
