"""Resources of Azure as templates declare them."""
