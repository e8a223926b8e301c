-- How payment providers succeed, by weeks that end with `$last`'s weekday.
--
--   week     how many weeks ago: 0 are the seven days up to $last
--   tried    orders that began to be paid at the provider on a day; an order of two days counts with each
--   paid     of these, those whose money it captured on the same day. An order that is tried before midnight and paid
--            after it is not among them, in no week: that is what makes the weeks alike
--   refunds  change nothing; one that comes back is no payment
-- $first, $last: the days, both included.
WITH tries AS (
    SELECT DISTINCT provider, day, subject
    FROM facts
    WHERE kind = 'tried' AND provider <> '' AND day BETWEEN $first AND $last
),
entries AS (
    SELECT
        MAX(CASE WHEN account LIKE 'provider:%' THEN SUBSTR(account, 10) END) AS provider,
        day, subject, SUM(amount) AS amount
    FROM facts
    WHERE
        kind = 'posted' AND day BETWEEN $first AND $last
        AND (account LIKE 'provider:%' OR account = 'fees') AND medium <> 'came_back'
    GROUP BY day, subject, "at"
),
captured AS (
    SELECT DISTINCT provider, day, subject
    FROM entries
    WHERE provider IS NOT NULL AND amount > 0
)
SELECT
    t.provider,
    CAST(FLOOR(DATE_DIFF('day', t.day, CAST($last AS DATE)) / 7.0) AS BIGINT) AS week,
    COUNT(*) AS tried,
    COUNT(c.subject) AS paid
FROM tries AS t
LEFT JOIN captured AS c ON c.provider = t.provider AND c.day = t.day AND c.subject = t.subject
GROUP BY t.provider, CAST(FLOOR(DATE_DIFF('day', t.day, CAST($last AS DATE)) / 7.0) AS BIGINT)
ORDER BY 1, 2
