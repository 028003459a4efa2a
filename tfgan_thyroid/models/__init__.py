"""Generative models: networks, losses and the order of their updates."""
