-- A brand's changes that are not live yet, how often it changed, and its logo.

-- +goose Up
ALTER TABLE brand_profiles ADD COLUMN version BIGINT NOT NULL DEFAULT 1; -- counts what went live
ALTER TABLE brand_profiles ADD COLUMN draft TEXT;     -- JSON, as profile; NULL: none
ALTER TABLE brand_profiles ADD COLUMN logo TEXT;      -- a PNG in base64; NULL: none
ALTER TABLE brand_profiles ADD COLUMN logo_hash TEXT; -- changes with it

-- +goose Down
ALTER TABLE brand_profiles DROP COLUMN logo_hash;
ALTER TABLE brand_profiles DROP COLUMN logo;
ALTER TABLE brand_profiles DROP COLUMN draft;
ALTER TABLE brand_profiles DROP COLUMN version;
