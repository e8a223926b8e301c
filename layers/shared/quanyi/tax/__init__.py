"""Tax (税): what a price includes of it, and the month's turnover that it is declared by."""
