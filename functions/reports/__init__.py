"""Reports (报表): how the shop trades and what to do next, live and by night, and whether its books agree with its
providers' settlement files."""
