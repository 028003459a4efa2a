"""Measurements of this package against independent implementations, run from the repository's root."""
