"""The catalogue (商品中心): categories, products and SKUs, and what they cost in a channel."""
