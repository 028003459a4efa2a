"""The fit that composes data, model and callbacks, and the directory it writes."""
