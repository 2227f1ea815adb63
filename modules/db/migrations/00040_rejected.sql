-- Why a channel refuses a variant, in words; NULL when it doesn't. Such a variant is
-- made, and its file is there, but it costs nothing.

-- +goose Up
ALTER TABLE exports ADD COLUMN rejected TEXT;

-- +goose Down
ALTER TABLE exports DROP COLUMN rejected;
