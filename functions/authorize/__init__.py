"""Authorize: from a credential to what it may call."""
