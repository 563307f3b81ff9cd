-- +goose Up

-- Random keys of the database, by name.
CREATE TABLE secret (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- active is 1 where the document says true, 0 where it says false, and 2 where it says nothing, which counts as active.
UPDATE resource SET active = 2 WHERE active = 1 AND (doc -> '$.active') IS NOT 'true';

-- The sums know how many of the resources say active true, so that a page of those is found like one of all.
ALTER TABLE tally ADD COLUMN stated INTEGER NOT NULL DEFAULT 0;
ALTER TABLE block ADD COLUMN stated INTEGER NOT NULL DEFAULT 0;
UPDATE tally SET stated = (SELECT count(*) FROM resource r WHERE r.tenant = tally.tenant AND r.type = tally.type AND r.active = 1);
UPDATE block SET stated = (SELECT count(*) FROM resource r WHERE r.tenant = block.tenant AND r.type = block.type AND r.active = 1
    AND r.seq BETWEEN block.number << 10 AND (block.number << 10) + 1023);

-- The sums of 32 blocks each, so that few rows lead to a page.
CREATE TABLE span (
    tenant INTEGER NOT NULL,
    type   INTEGER NOT NULL,
    number INTEGER NOT NULL,
    total  INTEGER NOT NULL,
    stated INTEGER NOT NULL,
    PRIMARY KEY (tenant, type, number)
) STRICT, WITHOUT ROWID;
INSERT INTO span SELECT tenant, type, number >> 5, sum(total), sum(stated) FROM block GROUP BY 1, 2, 3;

-- With resource_external, all resources in the order of externalId.
CREATE INDEX resource_no_external ON resource (tenant, type) WHERE external IS NULL;

-- With active, so that both are counted in the index.
DROP INDEX resource_modified;
CREATE INDEX resource_modified ON resource (tenant, type, modified, active);

DELETE FROM sqlite_stat1 WHERE idx = 'resource_modified';
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('secret',   'secret',               '2 1'),
    ('span',     'span',                 '2000 2000 1000 1'),
    ('resource', 'resource_modified',    '1000000 1000000 1000000 3 3'),
    ('resource', 'resource_no_external', '50000 50000 50000');
