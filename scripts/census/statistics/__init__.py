"""Functions of arrays that measures and claims share. Each is of numpy alone and opens no file."""
