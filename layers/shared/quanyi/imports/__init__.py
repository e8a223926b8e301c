"""Imports: a supplier's file becomes cards. Reading it, judging each line, and remembering how far it got."""
