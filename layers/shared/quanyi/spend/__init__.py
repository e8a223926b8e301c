"""Spend (投放): what the merchant pays to be found, by day and channel."""
