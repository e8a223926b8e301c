-- Of ../repurchase.sql, whose header tells the definition, by `python -m tools.athena_sql`.
WITH "lengths" AS (
  SELECT
    CAST(MAX("so_far") AS BIGINT) AS "intervals",
    MIN(CASE WHEN "share" >= 0.25 THEN "days" END) AS "p25",
    MIN(CASE WHEN "share" >= 0.5 THEN "days" END) AS "median",
    MIN(CASE WHEN "share" >= 0.75 THEN "days" END) AS "p75"
  FROM "repurchase_intervals"
), "numbered" AS (
  SELECT
    "buyer",
    "day",
    ROW_NUMBER() OVER (PARTITION BY "buyer" ORDER BY "day") AS "turn",
    LEAD("day") OVER (PARTITION BY "buyer" ORDER BY "day") AS "next_day"
  FROM "purchases"
  WHERE
    "buyer" <> '' AND "day" BETWEEN $first AND $last
), "watched" AS (
  SELECT
    DATE_DIFF('DAY', DATE_TRUNC('DAY', "day"), DATE_TRUNC('DAY', CAST($last AS DATE))) AS "seen",
    DATE_DIFF('DAY', DATE_TRUNC('DAY', "day"), DATE_TRUNC('DAY', "next_day")) AS "waited"
  FROM "numbered"
  WHERE
    "turn" = 1
), "counted" AS (
  SELECT
    COUNT(*) AS "buyers",
    COUNT(CASE WHEN "seen" >= 30 THEN 1 END) AS "buyers_30",
    COUNT(CASE WHEN "seen" >= 30 AND "waited" <= 30 THEN 1 END) AS "repeated_30",
    COUNT(CASE WHEN "seen" >= 60 THEN 1 END) AS "buyers_60",
    COUNT(CASE WHEN "seen" >= 60 AND "waited" <= 60 THEN 1 END) AS "repeated_60",
    COUNT(CASE WHEN "seen" >= 90 THEN 1 END) AS "buyers_90",
    COUNT(CASE WHEN "seen" >= 90 AND "waited" <= 90 THEN 1 END) AS "repeated_90"
  FROM "watched"
)
SELECT
  COALESCE("l"."intervals", 0) AS "intervals",
  "l"."p25",
  "l"."median",
  "l"."p75",
  "c"."buyers",
  "c"."buyers_30",
  "c"."repeated_30",
  CAST("c"."repeated_30" AS DOUBLE) / NULLIF("c"."buyers_30", 0) AS "rate_30",
  "c"."buyers_60",
  "c"."repeated_60",
  CAST("c"."repeated_60" AS DOUBLE) / NULLIF("c"."buyers_60", 0) AS "rate_60",
  "c"."buyers_90",
  "c"."repeated_90",
  CAST("c"."repeated_90" AS DOUBLE) / NULLIF("c"."buyers_90", 0) AS "rate_90"
FROM "lengths" AS "l"
CROSS JOIN "counted" AS "c"
WHERE
  "c"."buyers" > 0
