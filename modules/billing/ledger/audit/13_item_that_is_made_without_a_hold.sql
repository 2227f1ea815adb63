-- rule: item that is made without a hold
-- says: it has %v open charges, at least %v is due
SELECT i.item_id, count(c.item_id), 1 FROM items i LEFT JOIN charges c ON c.item_id = i.item_id AND c.kind = 'step'
    AND c.state = 'held'
WHERE i.status IN ('queued', 'processing') AND NOT i.taken_over AND i.created_at >= (SELECT min(f.created_at) FROM items f
    JOIN charges n ON n.item_id = f.item_id) GROUP BY i.item_id HAVING count(c.item_id) = 0
