"""Prepaid accounts (预存账户): other shops that buy from a channel of ours, and what they have with us."""
