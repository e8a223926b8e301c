"""Mails to buyers and to the shop's people. A mail carries a link to what it is about, never a card or a contact."""
