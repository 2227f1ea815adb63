-- rule: budget
-- says: the month's budget counts %v, its charges add up to %v
SELECT x.tenant_id || ' ' || x.month, sum(x.counted), sum(x.used) FROM (
    SELECT tenant_id, month, committed AS counted, 0 AS used FROM budget_months
    UNION ALL SELECT tenant_id, month, 0, price FROM charges WHERE billed AND state <> 'released') x
GROUP BY x.tenant_id, x.month HAVING sum(x.counted) <> sum(x.used)
