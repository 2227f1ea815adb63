-- What a person calls a job.

-- +goose Up
ALTER TABLE jobs ADD COLUMN name TEXT NOT NULL DEFAULT ''; -- '': none

-- +goose Down
ALTER TABLE jobs DROP COLUMN name;
