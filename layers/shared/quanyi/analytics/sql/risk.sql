-- Risk (风控): what the shop's rules decided, and what became of what they held.
--
--   point         `order`, `delivery`, `redemption` or `refund`: where it was decided
--   rule          `*` for all decisions of the point; else a rule that applied, or failed and so held. A decision counts
--                 with each of its rules, so rows of rules are not added
--   decisions     recorded in the range: `allowed`, `held`, `refused`, and `passed`: held by the rules, and let pass by the
--                 approval of the same before. A request that joins an open review is not recorded
--   refused_bp    refused / decisions, in basis points, rounded half up
--   reviewed      reviews that ended in the range, whenever they were opened; of a rule: those that it had spoken for
--   false_holds   of these, the approved ones; false_hold_bp = false_holds / reviewed, null without a review
--   by_time       of the reviewed, those that nobody decided in time
--   p50_seconds, p90_seconds   from opening to the end of a review, nearest rank; null for rules
--   refunds       are decided on themselves (point `refund`), and change nothing else
-- No money; decisions of all channels and currencies together.
-- $first, $last: the days, both included.
WITH each_decision AS (
    SELECT source AS point, CASE WHEN kind = 'judged' THEN '*' ELSE reason END AS rule,
        CASE WHEN kind = 'judged' THEN reason ELSE medium END AS outcome
    FROM facts
    WHERE kind IN ('judged', 'ruled') AND day BETWEEN $first AND $last
),
decided AS (
    SELECT
        point,
        rule,
        count(*) AS decisions,
        count(CASE WHEN outcome = 'approve' THEN 1 END) AS allowed,
        count(CASE WHEN outcome = 'hold' THEN 1 END) AS held,
        count(CASE WHEN outcome = 'refuse' THEN 1 END) AS refused,
        count(CASE WHEN outcome = 'pass' THEN 1 END) AS passed
    FROM each_decision
    GROUP BY point, rule
),
each_review AS (
    SELECT
        source AS point,
        CASE WHEN kind = 'reviewed' THEN '*' ELSE reason END AS rule,
        CASE WHEN kind = 'reviewed' THEN reason ELSE medium END AS verdict,
        CASE WHEN kind = 'reviewed' AND medium = 'time' THEN 1 ELSE 0 END AS in_vain,
        seconds
    FROM facts
    WHERE kind IN ('reviewed', 'rule_reviewed') AND day BETWEEN $first AND $last
),
reviews AS (
    SELECT
        point,
        rule,
        count(*) AS reviewed,
        count(CASE WHEN verdict = 'approved' THEN 1 END) AS false_holds,
        CASE WHEN rule = '*' THEN CAST(sum(in_vain) AS BIGINT) END AS by_time
    FROM each_review
    GROUP BY point, rule
),
ranked AS (
    SELECT
        point,
        seconds,
        row_number() OVER (PARTITION BY point ORDER BY seconds) AS place,
        count(*) OVER (PARTITION BY point) AS places
    FROM each_review
    WHERE rule = '*' AND seconds IS NOT NULL
),
waits AS (
    SELECT
        point,
        '*' AS rule,
        min(CASE WHEN place * 100 >= places * 50 THEN seconds END) AS p50_seconds,
        min(CASE WHEN place * 100 >= places * 90 THEN seconds END) AS p90_seconds
    FROM ranked
    GROUP BY point
)
SELECT
    COALESCE(d.point, r.point) AS point,
    COALESCE(d.rule, r.rule) AS rule,
    COALESCE(d.decisions, 0) AS decisions,
    COALESCE(d.allowed, 0) AS allowed,
    COALESCE(d.held, 0) AS held,
    COALESCE(d.refused, 0) AS refused,
    COALESCE(d.passed, 0) AS passed,
    CAST(floor(d.refused * 10000.0 / NULLIF(d.decisions, 0) + 0.5) AS BIGINT) AS refused_bp,
    COALESCE(r.reviewed, 0) AS reviewed,
    COALESCE(r.false_holds, 0) AS false_holds,
    CAST(floor(r.false_holds * 10000.0 / NULLIF(r.reviewed, 0) + 0.5) AS BIGINT) AS false_hold_bp,
    CASE WHEN COALESCE(d.rule, r.rule) = '*' THEN COALESCE(r.by_time, 0) END AS by_time,
    w.p50_seconds,
    w.p90_seconds
FROM decided d
FULL JOIN reviews r ON r.point = d.point AND r.rule = d.rule
LEFT JOIN waits w ON w.point = COALESCE(d.point, r.point) AND w.rule = COALESCE(d.rule, r.rule)
ORDER BY 1, 2
