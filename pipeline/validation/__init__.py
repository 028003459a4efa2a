"""Checks of a written data set: its records against its schema, its splits against each other."""
