-- Of ../at_risk.sql, whose header tells the definition, by `python -m tools.athena_sql`.
WITH "tested" AS (
  SELECT
    "buyer",
    "currency",
    "segment",
    "monetary",
    "recency",
    POWER(
      1.0 - CAST("recency" AS DOUBLE) / (
        DATE_DIFF(
          'DAY',
          DATE_TRUNC('DAY', CAST($first AS DATE)),
          DATE_TRUNC('DAY', CAST($last AS DATE))
        ) + 1
      ),
      "frequency"
    ) AS "chance"
  FROM "rfm"
  WHERE
    "segment" LIKE 'important%' AND "frequency" >= $least
), "ranked" AS (
  SELECT
    *,
    ROW_NUMBER() OVER (PARTITION BY "currency" ORDER BY "chance", "buyer") AS "nth",
    COUNT(*) OVER (PARTITION BY "currency") AS "among"
  FROM "tested"
), "judged" AS (
  SELECT
    *,
    MAX(
      CASE
        WHEN "chance" <= CAST("nth" * $false_bp AS DOUBLE) / (
          10000.0 * "among"
        )
        THEN "nth"
      END
    ) OVER (PARTITION BY "currency") AS "most"
  FROM "ranked"
)
SELECT
  "currency",
  "segment",
  COUNT(*) AS "buyers",
  CAST(SUM("monetary") AS BIGINT) AS "monetary",
  CAST(FLOOR(AVG("recency")) AS BIGINT) AS "recency",
  MAX("among") AS "tested"
FROM "judged"
WHERE
  "nth" <= "most"
GROUP BY
  "currency",
  "segment"
ORDER BY
  "currency",
  "segment"
