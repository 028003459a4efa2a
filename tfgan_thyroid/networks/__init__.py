"""Feed-forward Keras networks, without losses."""
