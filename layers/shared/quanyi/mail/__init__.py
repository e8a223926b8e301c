"""Mails to buyers. A mail carries a link to what was delivered, never what was delivered."""
