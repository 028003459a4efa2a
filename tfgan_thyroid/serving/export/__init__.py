"""SavedModels: signatures, the inference form of a generator, model card, warm-up."""
