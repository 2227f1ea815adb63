-- How the product in a variant's file differs from the product in the photo: JSON, see
-- export.Proof. NULL: it was not measured.

-- +goose Up
ALTER TABLE exports ADD COLUMN proof TEXT;

-- +goose Down
ALTER TABLE exports DROP COLUMN proof;
