-- Sessions of people who signed in with a browser, and the scope between write and admin.

-- +goose Up
CREATE TABLE sessions (
    session_id TEXT PRIMARY KEY, -- UUIDv7
    digest     TEXT   NOT NULL UNIQUE, -- base64 of HMAC-SHA256 over the cookie's text
    tenant_id  TEXT   NOT NULL REFERENCES tenants (tenant_id),
    key_id     TEXT REFERENCES api_keys (key_id) ON DELETE CASCADE, -- the API key that was exchanged; NULL: signed in with the issuer
    subject    TEXT   NOT NULL, -- who it is, as the issuer says; '' with a key
    name       TEXT   NOT NULL, -- for people
    scopes     TEXT   NOT NULL, -- comma-separated; with a key those of the key count
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL, -- to the minute
    idle_ms    BIGINT NOT NULL, -- how long after seen_at it ends
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_tenant ON sessions (tenant_id, session_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE INDEX sessions_by_key ON sessions (key_id) WHERE key_id IS NOT NULL;

-- Until now a key of scope write could approve. Those that are there keep that.
UPDATE api_keys SET scopes = scopes || ',approve' WHERE ',' || scopes || ',' LIKE '%,write,%';

-- +goose Down
UPDATE api_keys SET scopes = replace(scopes, ',approve', '');
DROP TABLE sessions;
