"""SavedModel export, serving and clients."""
