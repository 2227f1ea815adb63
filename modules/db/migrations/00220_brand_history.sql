-- A brand's profiles that were live before the one that is.

-- +goose Up
CREATE TABLE brand_versions (
    tenant_id        TEXT   NOT NULL,
    brand_profile_id TEXT   NOT NULL,
    version          BIGINT NOT NULL,
    profile          TEXT   NOT NULL, -- JSON, as brand_profiles has it
    live_from        BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, brand_profile_id, version),
    FOREIGN KEY (tenant_id, brand_profile_id) REFERENCES brand_profiles (tenant_id, brand_profile_id) ON DELETE CASCADE
);

-- +goose Down
DROP TABLE brand_versions;
