"""Catalog: the shop window, and the merchant's desk for products, categories, channels and keys."""
