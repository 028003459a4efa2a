"""Simulated scans with the gland's mask: one idea a file, from anatomy to what the scanner shows."""
