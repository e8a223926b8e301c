"""Alerts (预警): what is wrong with the supply, told once, until it is over."""
