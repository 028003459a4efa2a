"""Run directories: what lies where, checkpoints, and the networks read from them."""
