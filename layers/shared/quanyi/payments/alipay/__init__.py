"""Alipay (支付宝): page, WAP and pre-created QR payments, refunds, trade complaints and bills; RSA2 with public keys.

What it reads of `Access`:

- `account["app_id"]`: the application (APPID) that signed the payment products.
- `account["seller_id"]`: the merchant's own Alipay user id (PID), `2088` and 12 digits: what notifications must name.
- `secrets[n]["private_key"]`: the application's private key: PEM, or the bare base64 that Alipay's key tool writes.
- `secrets[n]["alipay_public_key"]`: *Alipay's* public key for this application, not the application's own. It is no
  secret, but changes together with the private key, so that each version keeps the pair.

`docs/payments/alipay.md` is for merchants.
"""

REQUIRED_ACCOUNT = ("app_id", "seller_id")
REQUIRED_SECRETS = ("private_key", "alipay_public_key")
