-- rule: tenant
-- says: its balances add up to %v instead of %v
SELECT tenant_id, sum(balance), 0 FROM accounts GROUP BY tenant_id HAVING sum(balance) <> 0
