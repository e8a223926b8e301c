"""The shop's books against its providers' settlement files, day by day."""
