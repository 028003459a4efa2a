"""What trained models are worth: tables, scores, reports and their figures."""
