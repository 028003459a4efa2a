"""Scans on disk, simulated scans, and what turns them into training data."""
