-- rule: notice of the payment provider's
-- says: the payment is %v; it waits for an hour and has been looked at %v times: does opal billing run?
SELECT n.mollie_id, COALESCE((SELECT p.status FROM payments p WHERE p.mollie_id = n.mollie_id), 'of no payment'), n.tries
    FROM payment_notices n
WHERE n.due_at < now_ms() - {patience}
