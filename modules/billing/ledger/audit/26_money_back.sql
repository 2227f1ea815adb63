-- rule: money back
-- says: %v was taken back instead of %v
SELECT r.reversal_id, COALESCE((SELECT sum(t.amount) FROM transfers t
    WHERE t.posting_key = CASE WHEN r.kind = 'refund' THEN 'refund:' ELSE 'cb:' END || r.reversal_id), 0), r.credits
FROM payment_reversals r WHERE r.credits <> COALESCE((SELECT sum(t.amount) FROM transfers t
    WHERE t.posting_key = CASE WHEN r.kind = 'refund' THEN 'refund:' ELSE 'cb:' END || r.reversal_id), 0)
