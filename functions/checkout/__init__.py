"""Checkout: quote, place, pay, cancel, look up; payment notifications; the sweep of unpaid orders."""
