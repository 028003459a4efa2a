"""Which part of a scan is kept, and overlays removed from it."""
