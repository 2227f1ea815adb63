-- rule: charge of another's item
-- says: charged to %v, the item is %v's
SELECT c.item_id, c.tenant_id, i.tenant_id FROM charges c JOIN items i ON i.item_id = c.item_id WHERE c.tenant_id <> i.tenant_id
