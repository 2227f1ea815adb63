-- rule: refund that was forgotten
-- says: of payment %v, %v cents: Mollie neither made nor refused it
SELECT q.request_id, q.payment_id, q.amount FROM refund_requests q WHERE q.retry_at IS NULL AND q.reversal_id IS NULL
    AND q.problem IS NULL
