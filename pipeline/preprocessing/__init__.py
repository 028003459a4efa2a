"""The Beam job that turns raw scans into a data set: inputs, prepare, splits, write, sheets."""
