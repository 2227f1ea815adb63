-- rule: payment that nobody asks after
-- says: it is %v and has not %v
SELECT p.payment_id, p.status, 'a time to be asked after' FROM payments p
WHERE p.status IN ('creating', 'open', 'pending', 'authorized') AND p.poll_at IS NULL AND p.created_at > now_ms() - {open_age}
AND NOT EXISTS (SELECT 1 FROM payment_notices n WHERE n.mollie_id = p.mollie_id)
