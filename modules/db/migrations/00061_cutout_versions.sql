-- The versions of an item's cut-out: what people's hints made of it, and which one
-- counts. Version 1 is the engine's. The item, which has ended, stays as it is: its
-- answers show the paths of the version that counts.

-- +goose Up
CREATE TABLE cutout_versions (
    version_id       TEXT PRIMARY KEY,
    item_id          TEXT    NOT NULL REFERENCES items (item_id) ON DELETE CASCADE,
    version          BIGINT  NOT NULL CHECK (version >= 1),
    job_id           TEXT    NOT NULL,
    tenant_id        TEXT    NOT NULL,
    correlation_id   TEXT    NOT NULL,
    status           TEXT    NOT NULL CHECK (status IN ('queued', 'processing', 'completed', 'failed')),
    is_current       BOOLEAN NOT NULL DEFAULT FALSE,
    base             BIGINT,           -- the version that the hints are about; NULL: the engine's own
    hints            TEXT,             -- JSON, see picture.Hints
    checkpoint       TEXT,             -- JSON, see pipeline.Checkpoint
    layers           TEXT,             -- JSON, see picture.Layers; NULL until it is completed
    cutout_blob_path TEXT,
    output_blob_path TEXT,
    fidelity         TEXT,             -- JSON, see pipeline.Fidelity
    attempt          BIGINT  NOT NULL DEFAULT 0,
    tries            BIGINT  NOT NULL DEFAULT 0,
    rescues          BIGINT  NOT NULL DEFAULT 0,
    lease_until      BIGINT,
    due_at           BIGINT,
    error_code       TEXT,
    error_message    TEXT,
    created_at       BIGINT  NOT NULL,
    updated_at       BIGINT  NOT NULL,
    ended_at         BIGINT,
    UNIQUE (item_id, version)
);
CREATE UNIQUE INDEX cutout_versions_current ON cutout_versions (item_id) WHERE is_current;
CREATE UNIQUE INDEX cutout_versions_one_open ON cutout_versions (item_id) WHERE status IN ('queued', 'processing');
CREATE INDEX cutout_versions_by_job ON cutout_versions (job_id);
CREATE INDEX cutout_versions_due ON cutout_versions (due_at) WHERE status IN ('queued', 'processing');

-- +goose Down
DROP TABLE cutout_versions;
