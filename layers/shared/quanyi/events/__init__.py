"""Domain events: what happened to orders, told on the shop's event bus."""
