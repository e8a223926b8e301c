"""Receipts: invoices that buyers ask for, and the month's turnover by tax class."""
