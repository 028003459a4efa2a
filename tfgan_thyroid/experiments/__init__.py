"""Experiments of several trainings: the plan, its work, statistics over seeds and patients."""
