"""Stream (流): turns what the tables' streams tell into domain events, stock levels and the audit trail."""
