"""What TF Serving is given."""
