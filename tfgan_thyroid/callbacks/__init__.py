"""What happens beside training: logs, pictures, metrics, checkpoints."""
