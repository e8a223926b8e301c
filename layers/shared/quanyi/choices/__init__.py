"""Choices (选定): what the merchant has settled for a whole report, each version with whoever made it."""
