"""Step 3: which scan goes into which split."""
