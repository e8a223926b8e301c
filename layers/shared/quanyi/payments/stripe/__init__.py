"""Stripe: PaymentIntents (https://docs.stripe.com/api/payment_intents), hosted Checkout
(https://docs.stripe.com/api/checkout/sessions), refunds, disputes, and the balance.

`Access.account` holds `publishable_key` (`pk_...`, for the shopper's browser) and, only where an account acts for
another, `account_id` (`acct_...`). Each version of `Access.secrets` holds `secret_key` (`sk_...`, or `rk_...` with the
rights that `docs/payments/stripe.md` lists) and `webhook_secret` (`whsec_...`).

Stripe's minor units are Quanyi's: the smallest unit of the currency, so that ¥100 in yen is 100 and not 10000
(https://docs.stripe.com/currencies#zero-decimal). Nothing is converted between the two.
"""
