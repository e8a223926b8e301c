"""Suppliers (供应商) and their offers (报价): who sells us what, at what cost, and how well."""
