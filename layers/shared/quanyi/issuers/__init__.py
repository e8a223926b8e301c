"""Issuers of third parties' cards who confirm a card's use: each has three outcomes, and unknown is asked again."""
