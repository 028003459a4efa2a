"""Masks of scans: one table of formats, then a file a format."""
