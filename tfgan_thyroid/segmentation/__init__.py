"""Everything of the U-Net, from its configuration to its export."""
