"""The steps of the preprocessing job: pure functions and the thin PTransforms over them."""
