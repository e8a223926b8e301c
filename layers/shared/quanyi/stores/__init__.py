"""Stores (门店): where vouchers are redeemed."""
