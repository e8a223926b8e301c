"""A labelled week of a card shop's life, drawn from a seed: what the shop sees, and the truth that it does not.

It knows nothing of the risk rules that are scored on it (a test keeps it so): only of shoppers, and of those who abuse
a shop.
"""
