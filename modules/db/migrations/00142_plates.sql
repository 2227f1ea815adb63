-- Photographs of tenants' own sets and places, in which products are stood.

-- +goose Up
CREATE TABLE plates (
    plate_id   TEXT   PRIMARY KEY,
    tenant_id  TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    filename   TEXT   NOT NULL,
    blob_path  TEXT   NOT NULL,
    width      BIGINT NOT NULL,
    height     BIGINT NOT NULL,
    bytes      BIGINT NOT NULL,
    guess      TEXT   NOT NULL, -- JSON, see picture.Plate: what was estimated
    plate      TEXT   NOT NULL, -- the same, as people corrected it
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    gone_at    BIGINT           -- since when nobody sees it, and its file is to be deleted; also while it is stored
);
CREATE INDEX plates_by_tenant ON plates (tenant_id, plate_id);
CREATE INDEX plates_gone ON plates (gone_at) WHERE gone_at IS NOT NULL;

-- +goose Down
DROP TABLE plates;
