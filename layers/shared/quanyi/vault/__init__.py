"""Keeping secrets: fingerprints that find a card without opening it, and envelope encryption under KMS."""
