-- Of ../risk.sql, whose header tells the definition, by `python -m tools.athena_sql`.
WITH "each_decision" AS (
  SELECT
    "source" AS "point",
    CASE WHEN "kind" = 'judged' THEN '*' ELSE "reason" END AS "rule",
    CASE WHEN "kind" = 'judged' THEN "reason" ELSE "medium" END AS "outcome"
  FROM "facts"
  WHERE
    "kind" IN ('judged', 'ruled') AND "day" BETWEEN $first AND $last
), "decided" AS (
  SELECT
    "point",
    "rule",
    COUNT(*) AS "decisions",
    COUNT(CASE WHEN "outcome" = 'approve' THEN 1 END) AS "allowed",
    COUNT(CASE WHEN "outcome" = 'hold' THEN 1 END) AS "held",
    COUNT(CASE WHEN "outcome" = 'refuse' THEN 1 END) AS "refused",
    COUNT(CASE WHEN "outcome" = 'pass' THEN 1 END) AS "passed"
  FROM "each_decision"
  GROUP BY
    "point",
    "rule"
), "each_review" AS (
  SELECT
    "source" AS "point",
    CASE WHEN "kind" = 'reviewed' THEN '*' ELSE "reason" END AS "rule",
    CASE WHEN "kind" = 'reviewed' THEN "reason" ELSE "medium" END AS "verdict",
    CASE WHEN "kind" = 'reviewed' AND "medium" = 'time' THEN 1 ELSE 0 END AS "in_vain",
    "seconds"
  FROM "facts"
  WHERE
    "kind" IN ('reviewed', 'rule_reviewed') AND "day" BETWEEN $first AND $last
), "reviews" AS (
  SELECT
    "point",
    "rule",
    COUNT(*) AS "reviewed",
    COUNT(CASE WHEN "verdict" = 'approved' THEN 1 END) AS "false_holds",
    CASE WHEN "rule" = '*' THEN CAST(SUM("in_vain") AS BIGINT) END AS "by_time"
  FROM "each_review"
  GROUP BY
    "point",
    "rule"
), "ranked" AS (
  SELECT
    "point",
    "seconds",
    ROW_NUMBER() OVER (PARTITION BY "point" ORDER BY "seconds") AS "place",
    COUNT(*) OVER (PARTITION BY "point") AS "places"
  FROM "each_review"
  WHERE
    "rule" = '*' AND NOT "seconds" IS NULL
), "waits" AS (
  SELECT
    "point",
    '*' AS "rule",
    MIN(CASE WHEN "place" * 100 >= "places" * 50 THEN "seconds" END) AS "p50_seconds",
    MIN(CASE WHEN "place" * 100 >= "places" * 90 THEN "seconds" END) AS "p90_seconds"
  FROM "ranked"
  GROUP BY
    "point"
)
SELECT
  COALESCE("d"."point", "r"."point") AS "point",
  COALESCE("d"."rule", "r"."rule") AS "rule",
  COALESCE("d"."decisions", 0) AS "decisions",
  COALESCE("d"."allowed", 0) AS "allowed",
  COALESCE("d"."held", 0) AS "held",
  COALESCE("d"."refused", 0) AS "refused",
  COALESCE("d"."passed", 0) AS "passed",
  CAST(FLOOR(CAST("d"."refused" * 10000.0 AS DOUBLE) / NULLIF("d"."decisions", 0) + 0.5) AS BIGINT) AS "refused_bp",
  COALESCE("r"."reviewed", 0) AS "reviewed",
  COALESCE("r"."false_holds", 0) AS "false_holds",
  CAST(FLOOR(CAST("r"."false_holds" * 10000.0 AS DOUBLE) / NULLIF("r"."reviewed", 0) + 0.5) AS BIGINT) AS "false_hold_bp",
  CASE
    WHEN COALESCE("d"."rule", "r"."rule") = '*'
    THEN COALESCE("r"."by_time", 0)
  END AS "by_time",
  "w"."p50_seconds",
  "w"."p90_seconds"
FROM "decided" AS "d"
FULL JOIN "reviews" AS "r"
  ON "r"."point" = "d"."point" AND "r"."rule" = "d"."rule"
LEFT JOIN "waits" AS "w"
  ON "w"."point" = COALESCE("d"."point", "r"."point")
  AND "w"."rule" = COALESCE("d"."rule", "r"."rule")
ORDER BY
  1,
  2
