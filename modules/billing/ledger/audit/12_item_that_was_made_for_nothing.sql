-- rule: item that was made for nothing
-- says: it has %v charges, at least %v is due
SELECT i.item_id, count(c.item_id), 1 FROM items i LEFT JOIN charges c ON c.item_id = i.item_id AND c.kind = 'step'
WHERE i.status = 'completed' AND NOT i.taken_over AND i.created_at >= (SELECT min(f.created_at) FROM items f
    JOIN charges n ON n.item_id = f.item_id) GROUP BY i.item_id HAVING count(c.item_id) = 0
