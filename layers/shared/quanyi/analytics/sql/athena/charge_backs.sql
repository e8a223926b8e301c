-- Of ../charge_backs.sql, whose header tells the definition, by `python -m tools.athena_sql`.
SELECT
  "provider" AS "supplier",
  "currency",
  COUNT(CASE WHEN "kind" = 'purchase_sent' THEN 1 END) AS "purchases",
  CAST(SUM(CASE WHEN "kind" = 'purchase_sent' THEN "amount" ELSE 0 END) AS BIGINT) AS "ordered",
  COUNT(CASE WHEN "kind" = 'charged_back' THEN 1 END) AS "bad_cards",
  CAST(SUM(CASE WHEN "kind" = 'charged_back' THEN "amount" ELSE 0 END) AS BIGINT) AS "charge_back"
FROM "facts"
WHERE
  "kind" IN ('purchase_sent', 'charged_back')
  AND "day" BETWEEN $first AND $last
  AND "provider" <> ''
GROUP BY
  "provider",
  "currency"
ORDER BY
  "provider",
  "currency"
