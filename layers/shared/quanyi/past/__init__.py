"""Past orders (历史订单) of other platforms: read from their exports, so that every report of a channel has them."""
