"""Fulfilment: from paid to delivered or refunded, without a person; reveals; the sweep of what got stuck."""
