-- +goose Up

-- Who may write a tenant, NULL: anybody; and why nobody may, NULL: the owner may.
ALTER TABLE tenant ADD COLUMN owner TEXT;
ALTER TABLE tenant ADD COLUMN mark TEXT;
