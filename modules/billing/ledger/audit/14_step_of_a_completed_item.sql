-- rule: step of a completed item
-- says: its charge is %v instead of %v
SELECT c.item_id || ' ' || c.name, c.state, 'captured' FROM charges c JOIN items i ON i.item_id = c.item_id
WHERE i.status = 'completed' AND c.kind = 'step' AND c.state <> 'captured'
