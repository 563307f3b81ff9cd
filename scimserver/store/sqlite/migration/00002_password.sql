-- +goose Up

-- Hashes of passwords, apart from the documents, which are read for every answer.
CREATE TABLE password (
    resource INTEGER PRIMARY KEY REFERENCES resource ON DELETE CASCADE,
    hash     TEXT NOT NULL
) STRICT;
