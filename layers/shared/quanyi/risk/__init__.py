"""Risk (风控): what is known about who buys, what a merchant's rules make of it, and what a person decides."""
