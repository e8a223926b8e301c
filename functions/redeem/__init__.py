"""Redeem (核销): vouchers used at counters and by channels' servers, and what a merchant sets up for it."""
