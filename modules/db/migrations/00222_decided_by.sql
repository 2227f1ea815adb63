-- Who decided about a picture.

-- +goose Up
ALTER TABLE reviews ADD COLUMN decided_by TEXT NOT NULL DEFAULT ''; -- a person's, a key's or a guest's name; '': not known
ALTER TABLE reviews ADD COLUMN by_guest BOOLEAN NOT NULL DEFAULT FALSE; -- by a share link

-- +goose Down
ALTER TABLE reviews DROP COLUMN decided_by;
ALTER TABLE reviews DROP COLUMN by_guest;
