-- +goose Up

PRAGMA application_id = 1396918605; -- "SCIM"

-- A purged tenant has no key. Its rows go in batches, then it goes itself.
CREATE TABLE tenant (
    id  INTEGER PRIMARY KEY,
    key TEXT UNIQUE
) STRICT;

-- The purges that were done, so that each is done once.
CREATE TABLE purge (
    tenant TEXT NOT NULL,
    uid    TEXT NOT NULL,
    PRIMARY KEY (tenant, uid)
) STRICT, WITHOUT ROWID;

-- Names of resource types and of indexed attributes, which rows refer to by number.
CREATE TABLE symbol (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

INSERT INTO symbol (name) VALUES ('User'), ('Group'), ('User emails.value');

-- seq is the order of creation. id is a UUID in 16 bytes, or another text. Times are milliseconds
-- since 1970. name_unique is NULL where the name need not be unique, as NULLs differ from each
-- other in an index. keys repeats the rows of lookup that belong to the resource.
CREATE TABLE resource (
    seq         INTEGER PRIMARY KEY,
    tenant      INTEGER NOT NULL REFERENCES tenant,
    type        INTEGER NOT NULL,
    id          ANY     NOT NULL,
    version     INTEGER NOT NULL,
    created     INTEGER NOT NULL,
    modified    INTEGER NOT NULL,
    active      INTEGER NOT NULL,
    name        TEXT,
    name_unique INTEGER,
    external    TEXT,
    display     TEXT,
    keys        BLOB,
    doc         TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX resource_id       ON resource (tenant, id);
CREATE UNIQUE INDEX resource_name     ON resource (tenant, type, name, name_unique);
CREATE INDEX        resource_external ON resource (tenant, type, external) WHERE external IS NOT NULL;
CREATE INDEX        resource_order    ON resource (tenant, type);
CREATE INDEX        resource_created  ON resource (tenant, type, created);
CREATE INDEX        resource_modified ON resource (tenant, type, modified);
CREATE INDEX        resource_inactive ON resource (tenant, type) WHERE active = 0;

-- Values that resources are found by, or that must be unique; attr is the symbol of type and path.
CREATE TABLE lookup (
    tenant   INTEGER NOT NULL,
    attr     INTEGER NOT NULL,
    value    TEXT    NOT NULL,
    resource INTEGER NOT NULL,
    PRIMARY KEY (tenant, attr, value, resource)
) STRICT, WITHOUT ROWID;

-- Members in the order of their addition.
CREATE TABLE membership (
    grp    INTEGER NOT NULL REFERENCES resource,
    pos    INTEGER NOT NULL,
    member INTEGER NOT NULL REFERENCES resource,
    PRIMARY KEY (grp, pos)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX membership_member ON membership (member, grp);

-- How many resources there are, and how many of each 1024 consecutive seq, to find a page by
-- its offset without counting rows.
CREATE TABLE tally (
    tenant INTEGER NOT NULL,
    type   INTEGER NOT NULL,
    total  INTEGER NOT NULL,
    active INTEGER NOT NULL,
    PRIMARY KEY (tenant, type)
) STRICT, WITHOUT ROWID;

CREATE TABLE block (
    tenant INTEGER NOT NULL,
    type   INTEGER NOT NULL,
    number INTEGER NOT NULL,
    total  INTEGER NOT NULL,
    PRIMARY KEY (tenant, type, number)
) STRICT, WITHOUT ROWID;

-- One row, written to find out whether the database can be written to.
CREATE TABLE probe (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    at INTEGER NOT NULL
) STRICT;

-- What the query planner is to assume. It cannot know without statistics that a tenant and a type
-- select most of the rows, and measured ones would make its plans depend on the day.
ANALYZE;
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('tenant',     'sqlite_autoindex_tenant_1', '1000 1'),
    ('symbol',     'sqlite_autoindex_symbol_1', '20 1'),
    ('purge',      'purge',                     '1000 2 1'),
    ('resource',   'resource_id',               '1000000 1000000 1'),
    ('resource',   'resource_name',             '1000000 1000000 1000000 1 1'),
    ('resource',   'resource_external',         '1000000 1000000 1000000 1'),
    ('resource',   'resource_order',            '1000000 1000000 1000000'),
    ('resource',   'resource_created',          '1000000 1000000 1000000 3'),
    ('resource',   'resource_modified',         '1000000 1000000 1000000 3'),
    ('resource',   'resource_inactive',         '50000 50000 50000'),
    ('lookup',     'lookup',                    '1000000 1000000 1000000 2 1'),
    ('membership', 'membership',                '1000000 1000 1'),
    ('membership', 'membership_member',         '1000000 10 1'),
    ('tally',      'tally',                     '2000 2 1'),
    ('block',      'block',                     '2000 2000 1000 1');
