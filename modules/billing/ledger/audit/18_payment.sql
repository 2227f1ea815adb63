-- rule: payment
-- says: %v was credited instead of %v
SELECT p.payment_id, COALESCE((SELECT sum(t.amount) FROM transfers t WHERE t.posting_key = 'buy:' || p.payment_id), 0),
    CASE WHEN p.status = 'paid' THEN p.credits ELSE 0 END FROM payments p
WHERE COALESCE((SELECT sum(t.amount) FROM transfers t WHERE t.posting_key = 'buy:' || p.payment_id),
    0) <> CASE WHEN p.status = 'paid' THEN p.credits ELSE 0 END
