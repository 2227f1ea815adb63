-- What an item says of its product: the numbers by which shops know it, the photo's
-- place in a listing, and a title for people. NULL: it says nothing.

-- +goose Up
ALTER TABLE items ADD COLUMN sku TEXT;
ALTER TABLE items ADD COLUMN gtin TEXT;
ALTER TABLE items ADD COLUMN asin TEXT;
ALTER TABLE items ADD COLUMN slot TEXT;
ALTER TABLE items ADD COLUMN title TEXT;
CREATE INDEX items_by_sku ON items (tenant_id, sku) WHERE sku IS NOT NULL;

-- +goose Down
DROP INDEX items_by_sku;
ALTER TABLE items DROP COLUMN title;
ALTER TABLE items DROP COLUMN slot;
ALTER TABLE items DROP COLUMN asin;
ALTER TABLE items DROP COLUMN gtin;
ALTER TABLE items DROP COLUMN sku;
