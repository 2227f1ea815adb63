-- rule: purchase without payment
-- says: %v was credited instead of %v
SELECT t.posting_key, t.amount, 0 FROM transfers t WHERE t.kind = 'buy'
AND NOT EXISTS (SELECT 1 FROM payments p WHERE t.posting_key = 'buy:' || p.payment_id AND t.tenant_id = p.tenant_id
    AND t.payment_id = p.payment_id)
