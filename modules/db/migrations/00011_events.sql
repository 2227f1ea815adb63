-- A job's events are read by job, and their last id is looked up with each new one.

-- +goose Up
CREATE INDEX events_by_job ON events (job_id, event_id);

-- +goose Down
DROP INDEX events_by_job;
