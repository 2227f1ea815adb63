-- What doesn't depend on a scene, a product on white or on nothing, is made, stored and
-- charged once for a photo, however many scenes it is placed in.

-- +goose Up
ALTER TABLE exports ADD COLUMN photo_key TEXT; -- digest of the picture without its scene; NULL: the file depends on the scene
CREATE INDEX exports_by_photo ON exports (job_id, photo_key) WHERE photo_key IS NOT NULL;
ALTER TABLE charges ADD COLUMN photo_id TEXT;  -- the upload whose items share the charge; NULL: it is the item's alone
CREATE INDEX charges_by_photo ON charges (photo_id) WHERE photo_id IS NOT NULL;

-- +goose Down
DROP INDEX charges_by_photo;
ALTER TABLE charges DROP COLUMN photo_id;
DROP INDEX exports_by_photo;
ALTER TABLE exports DROP COLUMN photo_key;
