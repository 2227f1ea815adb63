-- rule: money back, returned
-- says: %v was returned instead of %v
SELECT r.reversal_id, COALESCE((SELECT sum(t.amount) FROM transfers t WHERE t.posting_key = 'rev:' || r.reversal_id), 0),
    CASE WHEN r.state = 'returned' THEN r.credits ELSE 0 END
FROM payment_reversals r WHERE COALESCE((SELECT sum(t.amount) FROM transfers t WHERE t.posting_key = 'rev:' || r.reversal_id),
    0) <> CASE WHEN r.state = 'returned' THEN r.credits ELSE 0 END
