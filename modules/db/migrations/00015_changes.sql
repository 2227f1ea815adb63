-- A counter of what changed in a job that its watchers see, so that each of them
-- asks for one number and not for the whole job.

-- +goose Up
ALTER TABLE jobs ADD COLUMN changes BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE jobs DROP COLUMN changes;
