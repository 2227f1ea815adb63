-- rule: capture
-- says: %v was captured, its captured charges add up to %v
SELECT x.item_id, sum(x.moved), sum(x.due) FROM (
    SELECT item_id, amount AS moved, 0 AS due FROM transfers WHERE kind = 'capture'
    UNION ALL SELECT item_id, 0, from_free + from_paid FROM charges WHERE state = 'captured') x
GROUP BY x.item_id HAVING sum(x.moved) <> sum(x.due)
