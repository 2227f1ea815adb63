-- rule: held
-- says: %v is held, its open charges add up to %v
SELECT a.tenant_id, a.balance, COALESCE((SELECT sum(c.from_free + c.from_paid) FROM charges c WHERE c.tenant_id = a.tenant_id
    AND c.state = 'held'), 0)
FROM accounts a WHERE a.kind = 'held' AND a.balance <> COALESCE((SELECT sum(c.from_free + c.from_paid) FROM charges c
    WHERE c.tenant_id = a.tenant_id AND c.state = 'held'), 0)
