-- +goose Up
CREATE TABLE api_keys (
    key_id       TEXT PRIMARY KEY, -- UUIDv7
    tenant_id    TEXT   NOT NULL REFERENCES tenants (tenant_id),
    prefix       TEXT   NOT NULL UNIQUE, -- the key's public part, which finds its row
    digest       TEXT   NOT NULL,        -- base64 of HMAC-SHA256 over the whole key
    name         TEXT   NOT NULL,
    scopes       TEXT   NOT NULL,        -- comma-separated
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,                 -- NULL: never
    last_used_at BIGINT,
    revoked_at   BIGINT
);
CREATE INDEX api_keys_by_tenant ON api_keys (tenant_id, key_id);

CREATE TABLE idempotency_keys (
    tenant_id   TEXT   NOT NULL,
    digest      TEXT   NOT NULL, -- base64 of HMAC-SHA256 over the caller's key
    request     TEXT   NOT NULL, -- digest of the request that the key stands for
    token       TEXT   NOT NULL, -- the fence: who works on it
    lease_until BIGINT NOT NULL, -- when another may take it over
    reply       TEXT,            -- base64, sealed with a key made of the caller's; NULL: in flight
    expires_at  BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, digest)
);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);

-- +goose Down
DROP TABLE idempotency_keys;
DROP TABLE api_keys;
