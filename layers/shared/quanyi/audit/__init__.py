"""The audit trail: who did what, to which order and which card."""
