-- rule: notice of the payment provider's
-- says: the payment is %v; it waits for an hour and has been looked at %v times: does opal billing run?
SELECT n.mollie_id, p.status, n.tries
FROM payment_notices n JOIN payments p ON p.mollie_id = n.mollie_id -- others are anybody's invention
WHERE n.due_at < now_ms() - {patience}
