"""Clients of a served generator; no TensorFlow."""
