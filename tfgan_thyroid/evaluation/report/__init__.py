"""What an evaluation writes: figures, JSON, one HTML page."""
