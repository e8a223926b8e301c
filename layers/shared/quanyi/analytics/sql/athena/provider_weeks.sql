-- Of ../provider_weeks.sql, whose header tells the definition, by `python -m tools.athena_sql`.
WITH "tries" AS (
  SELECT DISTINCT
    "provider",
    "day",
    "subject"
  FROM "facts"
  WHERE
    "kind" = 'tried' AND "provider" <> '' AND "day" BETWEEN $first AND $last
), "entries" AS (
  SELECT
    MAX(CASE WHEN "account" LIKE 'provider:%' THEN SUBSTR("account", 10) END) AS "provider",
    "day",
    "subject",
    SUM("amount") AS "amount"
  FROM "facts"
  WHERE
    "kind" = 'posted'
    AND "day" BETWEEN $first AND $last
    AND (
      "account" LIKE 'provider:%' OR "account" = 'fees'
    )
    AND "medium" <> 'came_back'
  GROUP BY
    "day",
    "subject",
    "at"
), "captured" AS (
  SELECT DISTINCT
    "provider",
    "day",
    "subject"
  FROM "entries"
  WHERE
    NOT "provider" IS NULL AND "amount" > 0
)
SELECT
  "t"."provider",
  CAST(FLOOR(
    CAST(DATE_DIFF('DAY', DATE_TRUNC('DAY', "t"."day"), DATE_TRUNC('DAY', CAST($last AS DATE))) AS DOUBLE) / 7.0
  ) AS BIGINT) AS "week",
  COUNT(*) AS "tried",
  COUNT("c"."subject") AS "paid"
FROM "tries" AS "t"
LEFT JOIN "captured" AS "c"
  ON "c"."provider" = "t"."provider"
  AND "c"."day" = "t"."day"
  AND "c"."subject" = "t"."subject"
GROUP BY
  "t"."provider",
  CAST(FLOOR(
    CAST(DATE_DIFF('DAY', DATE_TRUNC('DAY', "t"."day"), DATE_TRUNC('DAY', CAST($last AS DATE))) AS DOUBLE) / 7.0
  ) AS BIGINT)
ORDER BY
  1,
  2
