-- Which picture counts of those that were made again of one.

-- +goose Up
ALTER TABLE items ADD COLUMN superseded_by TEXT; -- the item whose picture counts in the place of this one's; NULL: its own does
CREATE INDEX items_by_superseded ON items (superseded_by) WHERE superseded_by IS NOT NULL;
UPDATE items SET superseded_by = (SELECT s.replaced_by FROM export_sources s WHERE s.item_id = items.item_id)
WHERE EXISTS (SELECT 1 FROM export_sources s WHERE s.item_id = items.item_id AND s.replaced_by IS NOT NULL);
UPDATE items SET superseded_by = (SELECT o.superseded_by FROM items o WHERE o.item_id = items.superseded_by)
WHERE EXISTS (SELECT 1 FROM items o WHERE o.item_id = items.superseded_by AND o.superseded_by IS NOT NULL);

-- +goose Down
DROP INDEX items_by_superseded;
ALTER TABLE items DROP COLUMN superseded_by;
