-- Of ../shop_days.sql, whose header tells the definition, by `python -m tools.athena_sql`.
SELECT
  "day",
  "currency",
  COUNT(DISTINCT "subject") AS "orders",
  CAST(SUM("amount") AS BIGINT) AS "gmv"
FROM "facts"
WHERE
  "kind" = 'sold' AND "day" BETWEEN $first AND $last
GROUP BY
  "day",
  "currency"
ORDER BY
  "day",
  "currency"
