"""Table I of the paper: every generative model, several seeds."""
