"""Vouchers (券): cards that we issue ourselves and redeem ourselves, under rules that their merchant sets."""
