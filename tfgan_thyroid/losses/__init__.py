"""Losses and penalties: pure functions on tensors."""
