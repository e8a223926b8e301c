-- Of ../redemption.sql, whose header tells the definition, by `python -m tools.athena_sql`.
WITH "given" AS (
  SELECT
    "subject",
    "product",
    "source" AS "series",
    "channel",
    "day",
    "facts"."at" AS "given_at",
    "id",
    LEAD("facts"."at") OVER (PARTITION BY "subject" ORDER BY "facts"."at", "id") AS "again_at"
  FROM "facts"
  WHERE
    "kind" = 'handed_out' AND "day" BETWEEN $first AND $last
), "uses" AS (
  SELECT
    "subject",
    "product",
    "source" AS "series",
    "channel",
    "day",
    "facts"."at" AS "used_at",
    "kind"
  FROM "facts"
  WHERE
    "kind" IN ('redeemed', 'redemption_reversed') AND "day" <= $last
), "standing" AS (
  SELECT
    "g"."id",
    SUM(CASE WHEN "u"."kind" = 'redeemed' THEN 1 ELSE -1 END) AS "stands",
    MIN(CASE WHEN "u"."kind" = 'redeemed' THEN "u"."used_at" END) AS "first_at"
  FROM "given" AS "g"
  JOIN "uses" AS "u"
    ON "u"."subject" = "g"."subject"
    AND "u"."used_at" >= "g"."given_at"
    AND (
      "g"."again_at" IS NULL OR "u"."used_at" < "g"."again_at"
    )
  GROUP BY
    "g"."id"
), "vouchers" AS (
  SELECT
    "g"."product",
    "g"."series",
    "g"."channel",
    CASE WHEN "s"."stands" > 0 THEN 1 ELSE 0 END AS "is_used",
    CASE
      WHEN DATE_DIFF('DAY', DATE_TRUNC('DAY', "g"."day"), DATE_TRUNC('DAY', CAST($last AS DATE))) >= 7
      THEN 1
      ELSE 0
    END AS "seen_7",
    CASE
      WHEN DATE_DIFF('DAY', DATE_TRUNC('DAY', "g"."day"), DATE_TRUNC('DAY', CAST($last AS DATE))) >= 30
      THEN 1
      ELSE 0
    END AS "seen_30",
    CASE
      WHEN "s"."stands" > 0
      AND DATE_DIFF(
        'MILLISECOND',
        DATE_TRUNC('MILLISECOND', "g"."given_at"),
        DATE_TRUNC('MILLISECOND', "s"."first_at")
      ) <= 7 * 86400000
      THEN 1
      ELSE 0
    END AS "in_7",
    CASE
      WHEN "s"."stands" > 0
      AND DATE_DIFF(
        'MILLISECOND',
        DATE_TRUNC('MILLISECOND', "g"."given_at"),
        DATE_TRUNC('MILLISECOND', "s"."first_at")
      ) <= CAST(30 AS BIGINT) * 86400000
      THEN 1
      ELSE 0
    END AS "in_30",
    DATE_DIFF(
      'MILLISECOND',
      DATE_TRUNC('MILLISECOND', "g"."given_at"),
      DATE_TRUNC('MILLISECOND', "s"."first_at")
    ) AS "waited"
  FROM "given" AS "g"
  LEFT JOIN "standing" AS "s"
    ON "s"."id" = "g"."id"
), "sliced" AS (
  SELECT
    'total' AS "dimension",
    '' AS "name",
    "v".*
  FROM "vouchers" AS "v"
  UNION ALL
  SELECT
    'product',
    "product",
    "v".*
  FROM "vouchers" AS "v"
  UNION ALL
  SELECT
    'series',
    "series",
    "v".*
  FROM "vouchers" AS "v"
  UNION ALL
  SELECT
    'channel',
    "channel",
    "v".*
  FROM "vouchers" AS "v"
), "ranked" AS (
  SELECT
    "dimension",
    "name",
    "waited",
    ROW_NUMBER() OVER (PARTITION BY "dimension", "name" ORDER BY "waited") AS "place",
    COUNT(*) OVER (PARTITION BY "dimension", "name") AS "places"
  FROM "sliced"
  WHERE
    NOT "waited" IS NULL
), "waits" AS (
  SELECT
    "dimension",
    "name",
    MIN(CASE WHEN "place" * 100 >= "places" * 50 THEN "waited" END) AS "p50",
    MIN(CASE WHEN "place" * 100 >= "places" * 90 THEN "waited" END) AS "p90"
  FROM "ranked"
  GROUP BY
    "dimension",
    "name"
), "counted" AS (
  SELECT
    "dimension",
    "name",
    COUNT(*) AS "handed_out",
    CAST(SUM("is_used") AS BIGINT) AS "used",
    CAST(SUM("seen_7") AS BIGINT) AS "watched_7",
    CAST(SUM("seen_7" * "in_7") AS BIGINT) AS "used_7",
    CAST(SUM("seen_30") AS BIGINT) AS "watched_30",
    CAST(SUM("seen_30" * "in_30") AS BIGINT) AS "used_30"
  FROM "sliced"
  GROUP BY
    "dimension",
    "name"
), "acts" AS (
  SELECT
    "product",
    "series",
    "channel",
    CASE WHEN "kind" = 'redeemed' THEN 1 ELSE 0 END AS "redeemed",
    CASE WHEN "kind" = 'redeemed' THEN 0 ELSE 1 END AS "taken_back"
  FROM "uses"
  WHERE
    "day" >= $first
), "acts_sliced" AS (
  SELECT
    'total' AS "dimension",
    '' AS "name",
    "redeemed",
    "taken_back"
  FROM "acts"
  UNION ALL
  SELECT
    'product',
    "product",
    "redeemed",
    "taken_back"
  FROM "acts"
  UNION ALL
  SELECT
    'series',
    "series",
    "redeemed",
    "taken_back"
  FROM "acts"
  UNION ALL
  SELECT
    'channel',
    "channel",
    "redeemed",
    "taken_back"
  FROM "acts"
), "acted" AS (
  SELECT
    "dimension",
    "name",
    CAST(SUM("redeemed") AS BIGINT) AS "redemptions",
    CAST(SUM("taken_back") AS BIGINT) AS "reversed"
  FROM "acts_sliced"
  GROUP BY
    "dimension",
    "name"
)
SELECT
  COALESCE("c"."dimension", "a"."dimension") AS "dimension",
  COALESCE("c"."name", "a"."name") AS "name",
  COALESCE("c"."handed_out", 0) AS "handed_out",
  COALESCE("c"."used", 0) AS "used",
  COALESCE("c"."watched_7", 0) AS "watched_7",
  COALESCE("c"."used_7", 0) AS "used_7",
  COALESCE("c"."watched_30", 0) AS "watched_30",
  COALESCE("c"."used_30", 0) AS "used_30",
  CAST(FLOOR(CAST("w"."p50" AS DOUBLE) / 1000.0) AS BIGINT) AS "p50_seconds",
  CAST(FLOOR(CAST("w"."p90" AS DOUBLE) / 1000.0) AS BIGINT) AS "p90_seconds",
  COALESCE("a"."redemptions", 0) AS "redemptions",
  COALESCE("a"."reversed", 0) AS "reversed"
FROM "counted" AS "c"
FULL JOIN "acted" AS "a"
  ON "a"."dimension" = "c"."dimension" AND "a"."name" = "c"."name"
LEFT JOIN "waits" AS "w"
  ON "w"."dimension" = COALESCE("c"."dimension", "a"."dimension")
  AND "w"."name" = COALESCE("c"."name", "a"."name")
ORDER BY
  1,
  2
