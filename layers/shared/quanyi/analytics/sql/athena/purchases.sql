-- Of ../purchases.sql, whose header tells the definition, by `python -m tools.athena_sql`.
SELECT
  "subject",
  MIN("buyer") AS "buyer",
  MIN("visitor") AS "visitor",
  MIN("channel") AS "channel",
  MIN("currency") AS "currency",
  MIN("facts"."at") AS "paid_at",
  MIN("day") AS "day",
  CAST(SUM("quantity") AS BIGINT) AS "units",
  CAST(SUM("amount") AS BIGINT) AS "gmv"
FROM "facts"
WHERE
  "kind" = 'sold'
  AND STRPOS(
    $without,
    CONCAT(CAST(',' AS VARCHAR), CAST("channel" AS VARCHAR), CAST(',' AS VARCHAR))
  ) = 0
GROUP BY
  "subject"
