-- An item's photo may be fetched from an address instead of being uploaded. Its
-- raw_blob_path is NULL until a worker has fetched it.

-- +goose Up
ALTER TABLE items ADD COLUMN source_url TEXT;

-- +goose Down
ALTER TABLE items DROP COLUMN source_url;
