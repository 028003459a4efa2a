"""Table II of the paper: U-Nets with and without generated pairs."""
