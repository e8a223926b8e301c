"""Notify (通知): tells buyers what became of their orders, and lets the shop's people see to it."""
