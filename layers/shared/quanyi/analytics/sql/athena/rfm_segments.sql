-- Of ../rfm_segments.sql, whose header tells the definition, by `python -m tools.athena_sql`.
SELECT
  "currency",
  "segment",
  COUNT(*) AS "buyers",
  CAST(SUM("frequency") AS BIGINT) AS "purchases",
  CAST(SUM("gmv") AS BIGINT) AS "gmv",
  CAST(SUM("monetary") AS BIGINT) AS "monetary",
  CAST(SUM("recency") AS DOUBLE) / COUNT(*) AS "recency",
  CAST(COUNT(*) AS DOUBLE) / SUM(COUNT(*)) OVER (PARTITION BY "currency") AS "share",
  CAST(SUM("gmv") AS DOUBLE) / NULLIF(SUM(SUM("gmv")) OVER (PARTITION BY "currency"), 0) AS "gmv_share"
FROM "rfm"
GROUP BY
  "currency",
  "segment"
ORDER BY
  "currency",
  "segment"
