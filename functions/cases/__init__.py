"""Cases (投诉与争议): complaints and disputes, the evidence for them, and what the shop's people answer."""
