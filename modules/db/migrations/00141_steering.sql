-- Wishes for single pictures, and pictures that are made again with others.

-- +goose Up
ALTER TABLE items ADD COLUMN steering TEXT;  -- JSON, see picture.Steering; NULL: nothing is wished
ALTER TABLE items ADD COLUMN remake_of TEXT; -- the finished item that this one makes again
CREATE INDEX items_remade ON items (remake_of) WHERE remake_of IS NOT NULL;
ALTER TABLE export_sources ADD COLUMN replaced_by TEXT; -- the item whose picture the ZIP holds in the place of this one's

-- +goose Down
ALTER TABLE export_sources DROP COLUMN replaced_by;
DROP INDEX items_remade;
ALTER TABLE items DROP COLUMN remake_of;
ALTER TABLE items DROP COLUMN steering;
