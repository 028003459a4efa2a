"""Metrics: arrays in, float64 numbers out."""
