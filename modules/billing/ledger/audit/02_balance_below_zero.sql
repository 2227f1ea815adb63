-- rule: balance below zero
-- says: the balance is %v, at least %v is allowed
SELECT tenant_id || ' ' || kind, balance, 0 FROM accounts WHERE kind <> 'world' AND balance < 0
