-- A retried item is a new row that names the failed one, which stays as it is.
-- Its job opens again, and ends once a round. A deleted job leaves a receipt.

-- +goose Up
ALTER TABLE items ADD COLUMN retry_of TEXT;
CREATE UNIQUE INDEX items_retried_once ON items (retry_of) WHERE retry_of IS NOT NULL;

ALTER TABLE jobs ADD COLUMN round BIGINT NOT NULL DEFAULT 1;
ALTER TABLE events ADD COLUMN round BIGINT NOT NULL DEFAULT 1;
DROP INDEX events_finished_once;
CREATE UNIQUE INDEX events_finished_once ON events (job_id, round) WHERE type = 'job.finished';

CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE deletions (
    deletion_id  TEXT PRIMARY KEY, -- UUIDv7
    tenant_id    TEXT   NOT NULL,
    job_id       TEXT   NOT NULL UNIQUE,
    reason       TEXT   NOT NULL CHECK (reason IN ('request', 'retention')),
    items        BIGINT NOT NULL,
    variants     BIGINT NOT NULL,
    files        BIGINT NOT NULL DEFAULT 0,
    bytes        BIGINT NOT NULL DEFAULT 0,
    created_at   BIGINT NOT NULL, -- the rows went with it
    files_at     BIGINT,          -- all files that were there had gone
    completed_at BIGINT,          -- no URL or worker could write another one any more, and none was there
    due_at       BIGINT           -- NULL: nothing more to do
);
CREATE INDEX deletions_by_tenant ON deletions (tenant_id, deletion_id);
CREATE INDEX deletions_due ON deletions (due_at) WHERE due_at IS NOT NULL;

-- what one process of all does now and then
CREATE TABLE chores (
    name   TEXT PRIMARY KEY,
    due_at BIGINT NOT NULL
);
INSERT INTO chores (name, due_at) VALUES ('orphan_files', 0);

-- +goose Down
DROP TABLE chores;
DROP TABLE deletions;
DROP INDEX jobs_finished;
DROP INDEX events_finished_once;
CREATE UNIQUE INDEX events_finished_once ON events (job_id) WHERE type = 'job.finished';
ALTER TABLE events DROP COLUMN round;
ALTER TABLE jobs DROP COLUMN round;
DROP INDEX items_retried_once;
ALTER TABLE items DROP COLUMN retry_of;
