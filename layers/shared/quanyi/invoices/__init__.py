"""Invoices (发票): what a buyer asks for, and what the shop issued in the tax office's system."""
