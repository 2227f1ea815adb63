-- Photographs that become plates once they have been PUT to the store and completed.

-- +goose Up
CREATE TABLE plate_uploads (
    plate_id   TEXT   PRIMARY KEY, -- of the plate to be
    tenant_id  TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    filename   TEXT   NOT NULL,
    blob_path  TEXT   NOT NULL,
    taken_at   BIGINT NOT NULL, -- when a call last began to complete it; 0: none did
    created_at BIGINT NOT NULL
);
CREATE INDEX plate_uploads_by_tenant ON plate_uploads (tenant_id, created_at);
CREATE INDEX plate_uploads_by_age ON plate_uploads (created_at);

-- +goose Down
DROP TABLE plate_uploads;
