-- Of ../rfm.sql, whose header tells the definition, by `python -m tools.athena_sql`.
WITH "edges" AS (
  SELECT
    CAST($bands AS BIGINT) AS "bands",
    CAST($r_1 AS BIGINT) AS "r_1",
    CAST($r_2 AS BIGINT) AS "r_2",
    CAST($r_3 AS BIGINT) AS "r_3",
    CAST($r_4 AS BIGINT) AS "r_4",
    CAST($f_1 AS BIGINT) AS "f_1",
    CAST($f_2 AS BIGINT) AS "f_2",
    CAST($f_3 AS BIGINT) AS "f_3",
    CAST($f_4 AS BIGINT) AS "f_4",
    CAST($m_1 AS BIGINT) AS "m_1",
    CAST($m_2 AS BIGINT) AS "m_2",
    CAST($m_3 AS BIGINT) AS "m_3",
    CAST($m_4 AS BIGINT) AS "m_4",
    CAST($m_currency AS VARCHAR) AS "m_currency"
), "bought" AS (
  SELECT
    "buyer",
    "currency",
    DATE_DIFF('DAY', DATE_TRUNC('DAY', MAX("day")), DATE_TRUNC('DAY', CAST($last AS DATE))) AS "recency",
    COUNT(*) AS "frequency",
    CAST(SUM("gmv") AS BIGINT) AS "gmv"
  FROM "purchases"
  WHERE
    "buyer" <> '' AND "day" BETWEEN $first AND $last
  GROUP BY
    "buyer",
    "currency"
), "asked_back" AS (
  SELECT
    "buyer",
    "currency",
    CAST(SUM("amount") AS BIGINT) AS "amount"
  FROM "facts"
  WHERE
    "kind" = 'refund_asked'
    AND "reason" <> 'surplus'
    AND "buyer" <> ''
    AND "day" BETWEEN $first AND $last
    AND STRPOS(
      $without,
      CONCAT(CAST(',' AS VARCHAR), CAST("channel" AS VARCHAR), CAST(',' AS VARCHAR))
    ) = 0
  GROUP BY
    "buyer",
    "currency"
), "valued" AS (
  SELECT
    "b"."buyer",
    "b"."currency",
    "b"."recency",
    "b"."frequency",
    "b"."gmv",
    "b"."gmv" - COALESCE("a"."amount", 0) AS "monetary"
  FROM "bought" AS "b"
  LEFT JOIN "asked_back" AS "a"
    ON "a"."buyer" = "b"."buyer" AND "a"."currency" = "b"."currency"
), "ranked" AS (
  SELECT
    *,
    RANK() OVER (PARTITION BY "currency" ORDER BY "recency" DESC) - 1 AS "longer_ago",
    RANK() OVER (PARTITION BY "currency" ORDER BY "frequency") - 1 AS "less_often",
    RANK() OVER (PARTITION BY "currency" ORDER BY "monetary") - 1 AS "for_less",
    COUNT(*) OVER (PARTITION BY "currency") AS "buyers"
  FROM "valued"
), "scored" AS (
  SELECT
    "v".*,
    1 + CASE
      WHEN "e"."r_1" IS NULL
      THEN CAST(FLOOR(CAST("v"."longer_ago" * "e"."bands" AS DOUBLE) / "v"."buyers") AS BIGINT)
      ELSE CASE WHEN "v"."recency" <= "e"."r_1" THEN 1 ELSE 0 END + CASE WHEN "v"."recency" <= "e"."r_2" THEN 1 ELSE 0 END + CASE WHEN "v"."recency" <= "e"."r_3" THEN 1 ELSE 0 END + CASE WHEN "v"."recency" <= "e"."r_4" THEN 1 ELSE 0 END
    END AS "r",
    1 + CASE
      WHEN "e"."f_1" IS NULL
      THEN CAST(FLOOR(CAST("v"."less_often" * "e"."bands" AS DOUBLE) / "v"."buyers") AS BIGINT)
      ELSE CASE WHEN "v"."frequency" >= "e"."f_1" THEN 1 ELSE 0 END + CASE WHEN "v"."frequency" >= "e"."f_2" THEN 1 ELSE 0 END + CASE WHEN "v"."frequency" >= "e"."f_3" THEN 1 ELSE 0 END + CASE WHEN "v"."frequency" >= "e"."f_4" THEN 1 ELSE 0 END
    END AS "f",
    1 + CASE
      WHEN "e"."m_1" IS NULL OR "v"."currency" <> "e"."m_currency"
      THEN CAST(FLOOR(CAST("v"."for_less" * "e"."bands" AS DOUBLE) / "v"."buyers") AS BIGINT)
      ELSE CASE WHEN "v"."monetary" >= "e"."m_1" THEN 1 ELSE 0 END + CASE WHEN "v"."monetary" >= "e"."m_2" THEN 1 ELSE 0 END + CASE WHEN "v"."monetary" >= "e"."m_3" THEN 1 ELSE 0 END + CASE WHEN "v"."monetary" >= "e"."m_4" THEN 1 ELSE 0 END
    END AS "m"
  FROM "ranked" AS "v"
  CROSS JOIN "edges" AS "e"
), "judged" AS (
  SELECT
    *,
    "r" * "buyers" > SUM("r") OVER (PARTITION BY "currency") AS "high_r",
    "f" * "buyers" > SUM("f") OVER (PARTITION BY "currency") AS "high_f",
    "m" * "buyers" > SUM("m") OVER (PARTITION BY "currency") AS "high_m"
  FROM "scored"
)
SELECT
  "buyer",
  "currency",
  "recency",
  "frequency",
  "gmv",
  "monetary",
  "r",
  "f",
  "m",
  CONCAT(
    CAST(CASE WHEN "high_m" THEN 'important_' ELSE 'general_' END AS VARCHAR),
    CAST(CASE
      WHEN "high_r" AND "high_f"
      THEN 'value'
      WHEN "high_r"
      THEN 'growth'
      WHEN "high_f"
      THEN 'keep'
      ELSE 'win_back'
    END AS VARCHAR)
  ) AS "segment"
FROM "judged"
ORDER BY
  "currency",
  "segment",
  "monetary" DESC,
  "buyer"
