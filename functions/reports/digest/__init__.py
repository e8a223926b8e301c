"""The daily digest: the numbers, charts and next steps of a day that is over, as a mail."""
