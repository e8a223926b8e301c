-- A purchase (一次购买): an order that was paid for; what every report on customers is computed from.
--
--   gmv       what its lines cost the buyer, discounts taken off: the sum of `sold.amount`, minor units of `currency`
--   day       the shop's day on which it was paid whole; `paid_at` is that moment in UTC
--   buyer     the member's pseudonym; empty where nobody knows who bought
--   refunds   change nothing here: a purchase stays a purchase
--
-- `$without` names channels to be left out, between commas (`,wholesale,`): orders of resellers' accounts are each a
-- buyer of its own there, because nobody tells the shop who bought from the reseller.
-- $first, $last: not its own; whatever is over it takes the days that it needs.
SELECT
    subject,
    min(buyer) AS buyer,
    min(visitor) AS visitor,
    min(channel) AS channel,
    min(currency) AS currency,
    min(facts.at) AS paid_at,
    min(day) AS day,
    CAST(sum(quantity) AS BIGINT) AS units,
    CAST(sum(amount) AS BIGINT) AS gmv
FROM facts
WHERE kind = 'sold' AND strpos($without, ',' || channel || ',') = 0
GROUP BY subject
