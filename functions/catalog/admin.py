"""The merchant's desk: products, SKUs, categories, channels and keys. For operators only."""

from catalog import admin_access, admin_categories, admin_products
from catalog.roles import only
from quanyi.http import entry, rest_api

app = rest_api()
app.use([only("operator")])
app.include_router(admin_products.router)
app.include_router(admin_categories.router)
app.include_router(admin_access.router)

handler = entry(app)
