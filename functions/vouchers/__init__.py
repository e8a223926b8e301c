"""Vouchers (券): series and the vouchers in them, made, found, changed and exported; QR codes for buyers."""
