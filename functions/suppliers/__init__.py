"""Suppliers (供应商): setting them up, what they offer, and keeping prices and costs in step."""
