"""Receiving (收货): how cards that arrive become stock, the same for a file that is imported and for what a supplier
delivers."""
