-- Variants that are made again from another source, after their job may have ended: a
-- new version of a cut-out. A remake has a lease of its own, so that the variant stays
-- finished, with its former file, until the new file is there. Remakes cost nothing.

-- +goose Up
CREATE TABLE remakes (
    item_id        TEXT   NOT NULL,
    preset         TEXT   NOT NULL,
    job_id         TEXT   NOT NULL,
    tenant_id      TEXT   NOT NULL,
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
    PRIMARY KEY (item_id, preset)
);
CREATE INDEX remakes_by_job ON remakes (job_id);
CREATE INDEX remakes_open ON remakes (due_at) WHERE status IN ('pending', 'processing');
-- whether the channel refused the file that was first made, which decided the price; NULL: it is still that file
ALTER TABLE exports ADD COLUMN rejected_first BOOLEAN;

-- +goose Down
ALTER TABLE exports DROP COLUMN rejected_first;
DROP TABLE remakes;
