-- Of ../cohorts_weekly.sql, whose header tells the definition, by `python -m tools.athena_sql`.
WITH "dated" AS (
  SELECT
    "b"."number",
    "p"."currency",
    "p"."gmv",
    CAST(DATE_TRUNC('WEEK', "b"."first_day") AS DATE) AS "cohort",
    CAST(DATE_TRUNC('WEEK', "p"."day") AS DATE) AS "period"
  FROM "purchases" AS "p"
  JOIN "buyers" AS "b"
    ON "b"."buyer" = "p"."buyer"
  WHERE
    "p"."day" <= $last
    AND "b"."first_day" >= CAST(DATE_TRUNC('WEEK', CAST($first AS DATE)) AS DATE)
), "known" AS (
  SELECT
    "cohort",
    DATE_DIFF('WEEK', "cohort", "period") AS "age",
    "number",
    "currency",
    "gmv"
  FROM "dated"
), "moved" AS (
  SELECT
    "cohort",
    "age",
    "currency",
    COUNT(*) AS "orders",
    CAST(SUM("gmv") AS BIGINT) AS "gmv"
  FROM "known"
  GROUP BY
    "cohort",
    "age",
    "currency"
), "came" AS (
  SELECT
    "cohort",
    "age",
    COUNT(DISTINCT "number") AS "active"
  FROM "known"
  GROUP BY
    "cohort",
    "age"
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
    "c"."cohort",
    "c"."currency",
    "s"."active" AS "buyers",
    DATE_DIFF('WEEK', "c"."cohort", CAST($last AS DATE)) AS "oldest"
  FROM (
    SELECT DISTINCT
      "cohort",
      "currency"
    FROM "moved"
  ) AS "c"
  JOIN "came" AS "s"
    ON "s"."cohort" = "c"."cohort" AND "s"."age" = 0
)
SELECT
  "l"."cohort",
  "l"."currency",
  "a"."age",
  "l"."buyers",
  COALESCE("c"."active", 0) AS "active",
  CAST(COALESCE("c"."active", 0) AS DOUBLE) / "l"."buyers" AS "retention",
  COALESCE("m"."orders", 0) AS "orders",
  COALESCE("m"."gmv", 0) AS "gmv",
  "a"."age" < "l"."oldest"
  OR DATE_TRUNC('WEEK', CAST($last AS DATE) + INTERVAL '1' DAY) > DATE_TRUNC('WEEK', CAST($last AS DATE)) AS "complete"
FROM "lines" AS "l"
JOIN "ages" AS "a"
  ON "a"."age" <= "l"."oldest"
LEFT JOIN "came" AS "c"
  ON "c"."cohort" = "l"."cohort" AND "c"."age" = "a"."age"
LEFT JOIN "moved" AS "m"
  ON "m"."cohort" = "l"."cohort"
  AND "m"."age" = "a"."age"
  AND "m"."currency" = "l"."currency"
ORDER BY
  "l"."cohort",
  "l"."currency",
  "a"."age"
