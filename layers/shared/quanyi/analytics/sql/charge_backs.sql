-- Charge-backs and spend at suppliers (采购与坏卡索赔), by supplier and currency.
--
--   purchases, ordered   purchases sent in the range, and what they were to cost, minor units of `currency`
--   bad_cards, charge_back   cards that buyers had replaced in the range, and what they had cost: what the supplier is to
--                 credit. Currencies are never added
--   refunds       of buyers change nothing: a bad card counts once, when it is replaced or its money goes back
-- $first, $last: the days, both included.
SELECT
    provider AS supplier,
    currency,
    count(CASE WHEN kind = 'purchase_sent' THEN 1 END) AS purchases,
    CAST(sum(CASE WHEN kind = 'purchase_sent' THEN amount ELSE 0 END) AS BIGINT) AS ordered,
    count(CASE WHEN kind = 'charged_back' THEN 1 END) AS bad_cards,
    CAST(sum(CASE WHEN kind = 'charged_back' THEN amount ELSE 0 END) AS BIGINT) AS charge_back
FROM facts
WHERE kind IN ('purchase_sent', 'charged_back') AND day BETWEEN $first AND $last AND provider <> ''
GROUP BY provider, currency
ORDER BY provider, currency
