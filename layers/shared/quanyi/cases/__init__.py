"""Complaints and disputes (投诉, 恶意退款): what buyers bring before a payment provider, and what we answer."""
