-- rule: reservation
-- says: %v was reserved, its charges add up to %v
SELECT x.item_id, sum(x.moved), sum(x.due) FROM (
    SELECT item_id, amount AS moved, 0 AS due FROM transfers WHERE kind = 'reserve'
    UNION ALL SELECT item_id, 0, from_free + from_paid FROM charges WHERE TRUE) x
GROUP BY x.item_id HAVING sum(x.moved) <> sum(x.due)
