"""A run at a glance, and several side by side."""
