"""Families of directions: fitting them to channel vectors."""
