-- rule: variant that wasn't made and costs
-- says: its charge is captured and it is %v instead of %v
SELECT c.item_id || ' ' || c.name, CASE WHEN COALESCE(e.rejected_first, e.rejected IS NOT NULL) THEN 'rejected' ELSE COALESCE(e.status, 'missing') END, 'completed' FROM charges c JOIN items i ON i.item_id = c.item_id
LEFT JOIN exports e ON c.item_id = e.item_id AND c.name = e.preset
WHERE c.kind = 'preset' AND c.state = 'captured' AND (COALESCE(e.status, '') <> 'completed' OR COALESCE(e.rejected_first, e.rejected IS NOT NULL))
