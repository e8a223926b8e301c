"""`/v1/admin/voucher-series` and `/v1/admin/vouchers`: an operator's side of vouchers; support may find and read."""

from quanyi.http import entry, rest_api
from vouchers import admin_series, admin_vouchers

app = rest_api()
app.include_router(admin_series.router)
app.include_router(admin_vouchers.router)

handler = entry(app)
