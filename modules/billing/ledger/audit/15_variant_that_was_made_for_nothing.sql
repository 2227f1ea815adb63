-- rule: variant that was made for nothing
-- says: its charge is %v instead of %v
SELECT e.item_id || ' ' || e.preset, c.state, 'captured' FROM exports e JOIN charges c ON c.item_id = e.item_id
    AND c.kind = 'preset' AND c.name = e.preset
WHERE e.status = 'completed' AND NOT COALESCE(e.rejected_first, e.rejected IS NOT NULL) AND c.state <> 'captured'
    AND NOT EXISTS (SELECT 1 FROM charges o WHERE o.photo_id = c.photo_id AND o.kind = 'preset' AND o.name = c.name AND o.state = 'captured') -- paid once for the photo
