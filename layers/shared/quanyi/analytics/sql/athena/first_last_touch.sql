-- Of ../first_last_touch.sql, whose header tells the definition, by `python -m tools.athena_sql`.
WITH "fresh" AS (
  SELECT
    "p"."buyer",
    "p"."paid_at",
    "p"."subject"
  FROM "purchases" AS "p"
  JOIN "buyers" AS "b"
    ON "b"."buyer" = "p"."buyer"
  WHERE
    "b"."first_day" >= $first AND "p"."day" BETWEEN $first AND $last
), "earliest" AS (
  SELECT
    "buyer",
    MIN("paid_at") AS "paid_at"
  FROM "fresh"
  GROUP BY
    "buyer"
), "firsts" AS (
  SELECT
    "f"."buyer",
    MIN("f"."subject") AS "subject"
  FROM "fresh" AS "f"
  JOIN "earliest" AS "e"
    ON "e"."buyer" = "f"."buyer" AND "e"."paid_at" = "f"."paid_at"
  GROUP BY
    "f"."buyer"
), "chosen" AS (
  SELECT
    "p"."subject",
    "p"."visitor",
    "p"."currency",
    "p"."paid_at",
    "p"."gmv",
    CASE WHEN "f"."subject" IS NULL THEN 0 ELSE 1 END AS "is_new"
  FROM "purchases" AS "p"
  LEFT JOIN "firsts" AS "f"
    ON "f"."subject" = "p"."subject"
  WHERE
    "p"."day" BETWEEN $first AND $last
), "touches" AS (
  SELECT
    "visitor",
    "facts"."at" AS "touched_at",
    "source",
    "medium",
    "campaign",
    ROW_NUMBER() OVER (PARTITION BY "visitor" ORDER BY "facts"."at", "id") AS "turn"
  FROM "facts"
  WHERE
    "kind" = 'touched'
    AND "visitor" <> ''
    AND "day" <= $last
    AND DATE_DIFF('DAY', DATE_TRUNC('DAY', "day"), DATE_TRUNC('DAY', CAST($first AS DATE))) <= CAST($days AS BIGINT) + 1
), "found" AS (
  SELECT
    "c"."subject",
    MIN("t"."turn") AS "first_turn",
    MAX("t"."turn") AS "last_turn"
  FROM "chosen" AS "c"
  JOIN "touches" AS "t"
    ON "t"."visitor" = "c"."visitor"
  WHERE
    DATE_DIFF(
      'MILLISECOND',
      DATE_TRUNC('MILLISECOND', "t"."touched_at"),
      DATE_TRUNC('MILLISECOND', "c"."paid_at")
    ) BETWEEN 0 AND CAST($days AS BIGINT) * 86400000
  GROUP BY
    "c"."subject"
), "belonging" AS (
  SELECT
    'first' AS "touch",
    "c".*,
    "f"."first_turn" AS "turn"
  FROM "chosen" AS "c"
  LEFT JOIN "found" AS "f"
    ON "f"."subject" = "c"."subject"
  UNION ALL
  SELECT
    'last',
    "c".*,
    "f"."last_turn"
  FROM "chosen" AS "c"
  LEFT JOIN "found" AS "f"
    ON "f"."subject" = "c"."subject"
)
SELECT
  "b"."touch",
  COALESCE("t"."source", '') AS "source",
  COALESCE("t"."medium", '') AS "medium",
  COALESCE("t"."campaign", '') AS "campaign",
  "b"."currency",
  COUNT(*) AS "orders",
  CAST(SUM("b"."gmv") AS BIGINT) AS "gmv",
  CAST(SUM("b"."is_new") AS BIGINT) AS "new_orders"
FROM "belonging" AS "b"
LEFT JOIN "touches" AS "t"
  ON "t"."visitor" = "b"."visitor" AND "t"."turn" = "b"."turn"
GROUP BY
  "b"."touch",
  COALESCE("t"."source", ''),
  COALESCE("t"."medium", ''),
  COALESCE("t"."campaign", ''),
  "b"."currency"
ORDER BY
  "touch",
  "currency",
  "gmv" DESC,
  "source",
  "medium",
  "campaign"
