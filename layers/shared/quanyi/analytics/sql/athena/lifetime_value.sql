-- Of ../lifetime_value.sql, whose header tells the definition, by `python -m tools.athena_sql`.
WITH "chosen" AS (
  SELECT
    "buyer",
    CAST(DATE_TRUNC('MONTH', "first_day") AS DATE) AS "cohort"
  FROM "buyers"
  WHERE
    "first_day" <= $last
    AND "first_day" >= CAST(DATE_TRUNC('MONTH', CAST($first AS DATE)) AS DATE)
), "sizes" AS (
  SELECT
    "cohort",
    COUNT(*) AS "buyers"
  FROM "chosen"
  GROUP BY
    "cohort"
), "brought" AS (
  SELECT
    "buyer",
    "currency",
    CAST(DATE_TRUNC('MONTH', "day") AS DATE) AS "period",
    "gmv",
    0 AS "margin"
  FROM "purchases"
  WHERE
    "buyer" <> '' AND "day" <= $last
  UNION ALL
  SELECT
    "buyer",
    "currency",
    CAST(DATE_TRUNC('MONTH', "day") AS DATE),
    0,
    -"amount"
  FROM "facts"
  WHERE
    "kind" = 'posted'
    AND "buyer" <> ''
    AND "day" <= $last
    AND (
      "account" IN ('cost', 'loss', 'fees') OR "account" LIKE 'revenue:%'
    )
    AND STRPOS(
      $without,
      CONCAT(CAST(',' AS VARCHAR), CAST("channel" AS VARCHAR), CAST(',' AS VARCHAR))
    ) = 0
), "in_periods" AS (
  SELECT
    "c"."cohort",
    "b"."currency",
    "b"."period",
    CAST(SUM("b"."gmv") AS BIGINT) AS "gmv",
    CAST(SUM("b"."margin") AS BIGINT) AS "margin"
  FROM "brought" AS "b"
  JOIN "chosen" AS "c"
    ON "c"."buyer" = "b"."buyer"
  GROUP BY
    "c"."cohort",
    "b"."currency",
    "b"."period"
), "moved" AS (
  SELECT
    "cohort",
    "currency",
    CASE
      WHEN "period" < "cohort"
      THEN 0
      ELSE DATE_DIFF('MONTH', DATE_TRUNC('MONTH', "cohort"), DATE_TRUNC('MONTH', "period"))
    END AS "age",
    CAST(SUM("gmv") AS BIGINT) AS "gmv",
    CAST(SUM("margin") AS BIGINT) AS "margin"
  FROM "in_periods"
  GROUP BY
    "cohort",
    "currency",
    CASE
      WHEN "period" < "cohort"
      THEN 0
      ELSE DATE_DIFF('MONTH', DATE_TRUNC('MONTH', "cohort"), DATE_TRUNC('MONTH', "period"))
    END
), "digits"("digit") AS (
  SELECT
    *
  FROM (VALUES
    (0),
    (1),
    (2),
    (3),
    (4),
    (5),
    (6),
    (7),
    (8),
    (9)) AS "_values"
), "ages" AS (
  SELECT
    "a"."digit" * 100 + "b"."digit" * 10 + "c"."digit" AS "age"
  FROM "digits" AS "a"
  CROSS JOIN "digits" AS "b"
  CROSS JOIN "digits" AS "c"
), "lines" AS (
  SELECT
    "m"."cohort",
    "m"."currency",
    "s"."buyers",
    DATE_DIFF('MONTH', DATE_TRUNC('MONTH', "m"."cohort"), DATE_TRUNC('MONTH', CAST($last AS DATE))) AS "oldest"
  FROM (
    SELECT DISTINCT
      "cohort",
      "currency"
    FROM "moved"
  ) AS "m"
  JOIN "sizes" AS "s"
    ON "s"."cohort" = "m"."cohort"
), "filled" AS (
  SELECT
    "l"."cohort",
    "l"."currency",
    "a"."age",
    "l"."oldest",
    "l"."buyers",
    COALESCE("m"."gmv", 0) AS "gmv",
    COALESCE("m"."margin", 0) AS "margin"
  FROM "lines" AS "l"
  JOIN "ages" AS "a"
    ON "a"."age" <= "l"."oldest"
  LEFT JOIN "moved" AS "m"
    ON "m"."cohort" = "l"."cohort"
    AND "m"."currency" = "l"."currency"
    AND "m"."age" = "a"."age"
), "grown" AS (
  SELECT
    *,
    CAST(SUM("gmv") OVER (PARTITION BY "cohort", "currency" ORDER BY "age") AS BIGINT) AS "cumulative_gmv",
    CAST(SUM("margin") OVER (PARTITION BY "cohort", "currency" ORDER BY "age") AS BIGINT) AS "cumulative_margin"
  FROM "filled"
)
SELECT
  "cohort",
  "currency",
  "age",
  "buyers",
  "gmv",
  "margin",
  "cumulative_gmv",
  "cumulative_margin",
  CAST("cumulative_gmv" AS DOUBLE) / "buyers" AS "gmv_per_buyer",
  CAST("cumulative_margin" AS DOUBLE) / "buyers" AS "margin_per_buyer",
  "age" < "oldest"
  OR DATE_TRUNC('MONTH', CAST($last AS DATE) + INTERVAL '1' DAY) > DATE_TRUNC('MONTH', CAST($last AS DATE)) AS "complete"
FROM "grown"
ORDER BY
  "cohort",
  "currency",
  "age"
