"""The desk: what the shop's own people see of orders, and what they may do to them."""
