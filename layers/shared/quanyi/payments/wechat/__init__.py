"""WeChat Pay API v3 of a direct merchant (普通商户): Native QR, JSAPI, H5, refunds, 消费者投诉2.0, trade bills,
and virtual shipping of mini-programs (https://pay.weixin.qq.com/doc/v3/merchant/4013070756).

`Access.account` holds `mchid`, `appid` (of the official account or mini-program that takes the money) and how WeChat
signs: `public_key` (PEM) with `public_key_id` (`PUB_KEY_ID_...`), or `platform_certificates` (one or more PEM
certificates, one after another), or both while a merchant changes from one to the other. Optional: `refund_notify_url`
(where WeChat tells how a refund stands; without it refunds are asked about) and `mini_program_endpoint` (in place of
https://api.weixin.qq.com).

Each version of `Access.secrets` holds `private_key` (PEM, apiclient_key.pem), `merchant_serial` (the serial number of
the certificate that belongs to it, kept beside the key so that both change in one write) and `api_v3_key` (32
characters).
Optional: `mini_program_secret`, where `appid` is a mini-program whose deliveries must be reported.
"""
