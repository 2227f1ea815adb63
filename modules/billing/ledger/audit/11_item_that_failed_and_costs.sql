-- rule: item that failed and costs
-- says: %v was captured instead of %v
SELECT c.item_id, sum(c.price), 0 FROM charges c JOIN items i ON i.item_id = c.item_id
WHERE i.status IN ('failed', 'cancelled', 'created', 'uploaded') AND c.state = 'captured' GROUP BY c.item_id
