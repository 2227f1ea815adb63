-- Pictures that were sent to be held against channels' rules. One that waits has its picture,
-- and its mask, in the blob store; they are deleted when it has ended, and the paths
-- with them.

-- +goose Up
CREATE TABLE picture_checks (
    check_id       TEXT PRIMARY KEY, -- UUIDv7
    tenant_id      TEXT   NOT NULL,
    correlation_id TEXT   NOT NULL,
    filename       TEXT   NOT NULL,
    wanted         TEXT   NOT NULL,  -- JSON, see preflight.Wanted
    status         TEXT   NOT NULL CHECK (status IN ('queued', 'processing', 'completed', 'failed')),
    picture_path   TEXT,
    mask_path      TEXT,
    result         TEXT,             -- JSON, see preflight.Result; NULL until it is completed
    attempt        BIGINT NOT NULL DEFAULT 0,
    tries          BIGINT NOT NULL DEFAULT 0,
    rescues        BIGINT NOT NULL DEFAULT 0,
    lease_until    BIGINT,
    due_at         BIGINT,
    error_code     TEXT,
    error_message  TEXT,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    ended_at       BIGINT
);
CREATE INDEX picture_checks_open ON picture_checks (tenant_id) WHERE status IN ('queued', 'processing');
CREATE INDEX picture_checks_due ON picture_checks (due_at) WHERE status = 'queued';
CREATE INDEX picture_checks_leases ON picture_checks (lease_until) WHERE status = 'processing';
CREATE INDEX picture_checks_files ON picture_checks (updated_at) WHERE picture_path IS NOT NULL;
CREATE INDEX picture_checks_age ON picture_checks (created_at);

-- +goose Down
DROP TABLE picture_checks;
