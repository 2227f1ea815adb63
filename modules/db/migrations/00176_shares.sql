-- Links by which people without an account look at pictures, comment on them and approve them.

-- +goose Up
CREATE TABLE share_links (
    share_id     TEXT PRIMARY KEY, -- UUIDv7
    tenant_id    TEXT    NOT NULL,
    digest       TEXT    NOT NULL UNIQUE, -- base64 of SHA-256 over the link's token, which is 256 random bits
    name         TEXT    NOT NULL,
    kind         TEXT    NOT NULL CHECK (kind IN ('job', 'collection', 'items')),
    target       TEXT    NOT NULL, -- the job's or the collection's id; '' where share_items has the pictures
    may_comment  BOOLEAN NOT NULL,
    may_approve  BOOLEAN NOT NULL,
    may_download BOOLEAN NOT NULL,
    made_by      TEXT    NOT NULL, -- a person's or a key's name
    created_at   BIGINT  NOT NULL,
    expires_at   BIGINT  NOT NULL,
    revoked_at   BIGINT,
    opened_at    BIGINT -- when a guest last came
);
CREATE INDEX share_links_by_tenant ON share_links (tenant_id, share_id);
CREATE INDEX share_links_by_target ON share_links (target) WHERE target <> '';
CREATE INDEX share_links_by_expiry ON share_links (expires_at);

CREATE TABLE share_items (
    share_id TEXT NOT NULL REFERENCES share_links (share_id) ON DELETE CASCADE,
    item_id  TEXT NOT NULL,
    job_id   TEXT NOT NULL,
    PRIMARY KEY (share_id, item_id)
);
CREATE INDEX share_items_by_job ON share_items (job_id);

-- A comment belongs to its picture: it stays when the link goes, and goes with the job.
CREATE TABLE share_comments (
    comment_id TEXT PRIMARY KEY, -- UUIDv7
    tenant_id  TEXT   NOT NULL,
    job_id     TEXT   NOT NULL,
    item_id    TEXT   NOT NULL,
    share_id   TEXT, -- the guest's link; NULL: somebody of the tenant wrote it
    author     TEXT   NOT NULL,
    text       TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX share_comments_by_item ON share_comments (item_id, comment_id);
CREATE INDEX share_comments_by_job ON share_comments (job_id);

CREATE TABLE share_log (
    log_id   TEXT PRIMARY KEY, -- UUIDv7
    share_id TEXT   NOT NULL REFERENCES share_links (share_id) ON DELETE CASCADE,
    act      TEXT   NOT NULL CHECK (act IN ('opened', 'commented', 'approved', 'rejected', 'downloaded')),
    item_id  TEXT   NOT NULL, -- '' of an opened link
    guest    TEXT   NOT NULL, -- the name that the guest gave
    address  TEXT   NOT NULL,
    at       BIGINT NOT NULL
);
CREATE INDEX share_log_by_share ON share_log (share_id, log_id);

-- +goose Down
DROP TABLE share_log;
DROP TABLE share_comments;
DROP TABLE share_items;
DROP TABLE share_links;
