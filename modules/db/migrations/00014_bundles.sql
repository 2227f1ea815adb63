-- A job's ZIP is export's: one a round, in parts, held by a lease as variants are.
-- Its owner is a job, or a collection of several jobs' pictures. The columns bundle
-- and bundle_asked_at of jobs are no longer written. They stay for the workers of
-- the version before, which run on while a new one is rolled out.

-- +goose Up
CREATE TABLE bundles (
    bundle_id      TEXT PRIMARY KEY,
    owner_kind     TEXT   NOT NULL CHECK (owner_kind IN ('job', 'collection')),
    owner_id       TEXT   NOT NULL,
    round          BIGINT NOT NULL,
    tenant_id      TEXT   NOT NULL,
    job_id         TEXT   NOT NULL, -- with item_id, what its message names beside it
    item_id        TEXT   NOT NULL,
    correlation_id TEXT   NOT NULL,
    status         TEXT   NOT NULL CHECK (status IN ('pending', 'processing', 'completed', 'failed')),
    attempt        BIGINT NOT NULL DEFAULT 0,
    tries          BIGINT NOT NULL DEFAULT 0,
    rescues        BIGINT NOT NULL DEFAULT 0,
    lease_until    BIGINT,
    due_at         BIGINT NOT NULL,
    error_code     TEXT,
    error_message  TEXT,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    UNIQUE (owner_kind, owner_id, round)
);
CREATE INDEX bundles_open ON bundles (due_at) WHERE status IN ('pending', 'processing');

CREATE TABLE bundle_parts (
    bundle_id  TEXT   NOT NULL REFERENCES bundles (bundle_id) ON DELETE CASCADE,
    part       BIGINT NOT NULL, -- from 1
    blob_path  TEXT   NOT NULL,
    files      BIGINT NOT NULL,
    bytes      BIGINT NOT NULL, -- 0: not recorded
    created_at BIGINT NOT NULL,
    PRIMARY KEY (bundle_id, part)
);

-- jobs whose items and variants have ended, and which wait for their ZIP
CREATE INDEX jobs_unsettled ON jobs (updated_at) WHERE finished_at IS NULL AND open_items = 0 AND open_exports = 0;

-- what was asked for is overdue, so that the sweep asks for it again under the new kind of message
INSERT INTO bundles (bundle_id, owner_kind, owner_id, round, tenant_id, job_id, item_id, correlation_id, status, due_at, created_at, updated_at)
    SELECT j.job_id, 'job', j.job_id, j.round, j.tenant_id, j.job_id, i.item_id, j.correlation_id,
        CASE j.bundle WHEN 'done' THEN 'completed' WHEN 'failed' THEN 'failed' ELSE 'pending' END, now_ms() - 86400000, now_ms(), j.updated_at
    FROM jobs j JOIN (SELECT job_id, min(item_id) AS item_id FROM items WHERE status = 'completed' GROUP BY job_id) i ON i.job_id = j.job_id
    WHERE j.bundle IN ('requested', 'done', 'failed');
INSERT INTO bundle_parts (bundle_id, part, blob_path, files, bytes, created_at)
    SELECT b.bundle_id, 1, j.export_blob_path, 0, 0, b.updated_at FROM bundles b JOIN jobs j ON j.job_id = b.owner_id
    WHERE b.status = 'completed' AND j.export_blob_path IS NOT NULL;

-- +goose Down
DROP INDEX jobs_unsettled;
DROP TABLE bundle_parts;
DROP TABLE bundles;
