-- rule: refund at the payment provider
-- says: %v cents were asked for, Mollie's has %v
SELECT q.request_id, q.amount, r.amount FROM refund_requests q JOIN payment_reversals r ON r.reversal_id = q.reversal_id
WHERE r.amount <> q.amount OR r.payment_id <> q.payment_id OR r.kind <> 'refund'
