-- rule: balance
-- says: the balance is %v, its transfers add up to %v
SELECT a.tenant_id || ' ' || a.kind, a.balance, COALESCE(sum(CASE WHEN t.credit = a.kind THEN t.amount ELSE -t.amount END), 0)
FROM accounts a LEFT JOIN transfers t ON t.tenant_id = a.tenant_id AND (t.credit = a.kind OR t.debit = a.kind)
GROUP BY a.tenant_id, a.kind, a.balance
    HAVING a.balance <> COALESCE(sum(CASE WHEN t.credit = a.kind THEN t.amount ELSE -t.amount END), 0)
