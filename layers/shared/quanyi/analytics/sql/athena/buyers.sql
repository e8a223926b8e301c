-- Of ../buyers.sql, whose header tells the definition, by `python -m tools.athena_sql`.
SELECT
  "buyer",
  MIN("day") AS "first_day",
  ROW_NUMBER() OVER (ORDER BY MIN("day"), "buyer") AS "number"
FROM "purchases"
WHERE
  "buyer" <> ''
GROUP BY
  "buyer"
