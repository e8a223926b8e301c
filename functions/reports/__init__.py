"""Reports (报表): the shop's books against its providers' settlement files, day by day."""
