-- A collection groups jobs: one progress, one ZIP, one event at the end. Its ZIP is a
-- row of bundles whose owner_kind is 'collection'.

-- +goose Up
CREATE TABLE collections (
    collection_id  TEXT PRIMARY KEY, -- UUIDv7
    tenant_id      TEXT   NOT NULL,
    correlation_id TEXT   NOT NULL,
    name           TEXT   NOT NULL,
    status         TEXT   NOT NULL CHECK (status IN ('open', 'processing', 'completed', 'partial', 'failed', 'cancelled', 'deleted')),
    zip            TEXT   NOT NULL DEFAULT 'none' CHECK (zip IN ('none', 'pending', 'ready', 'failed')),
    zip_round      BIGINT NOT NULL DEFAULT 0,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    finished_at    BIGINT,
    tidy_at        BIGINT,            -- when files that nobody names are looked for; NULL: nothing to do
    tidy_looks     BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX collections_by_age ON collections (tenant_id, created_at, collection_id);
CREATE INDEX collections_processing ON collections (updated_at) WHERE status = 'processing';
CREATE INDEX collections_tidy ON collections (tidy_at) WHERE tidy_at IS NOT NULL;

CREATE TABLE collection_jobs (
    collection_id TEXT   NOT NULL REFERENCES collections (collection_id) ON DELETE CASCADE,
    job_id        TEXT   NOT NULL,
    position      BIGINT NOT NULL, -- in the order in which they were added
    PRIMARY KEY (collection_id, job_id)
);
CREATE INDEX collection_jobs_by_job ON collection_jobs (job_id);
CREATE UNIQUE INDEX collection_jobs_order ON collection_jobs (collection_id, position);

-- events of collections and imports have their id in job_id; each of these types comes once
CREATE UNIQUE INDEX events_group_finished_once ON events (job_id, round) WHERE type IN ('collection.finished', 'import.finished');

-- +goose Down
DROP INDEX events_group_finished_once;
DROP TABLE collection_jobs;
DROP TABLE collections;
