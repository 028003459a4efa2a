"""What runs components in order: artifacts, their lineage, and what need not run again."""
