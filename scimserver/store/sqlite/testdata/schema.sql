CREATE TABLE block (
    tenant INTEGER NOT NULL,
    type   INTEGER NOT NULL,
    number INTEGER NOT NULL,
    total  INTEGER NOT NULL,
    PRIMARY KEY (tenant, type, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE lookup (
    tenant   INTEGER NOT NULL,
    attr     INTEGER NOT NULL,
    value    TEXT    NOT NULL,
    resource INTEGER NOT NULL,
    PRIMARY KEY (tenant, attr, value, resource)
) STRICT, WITHOUT ROWID;
CREATE TABLE membership (
    grp    INTEGER NOT NULL REFERENCES resource,
    pos    INTEGER NOT NULL,
    member INTEGER NOT NULL REFERENCES resource,
    PRIMARY KEY (grp, pos)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX membership_member ON membership (member, grp);
CREATE TABLE password (
    resource INTEGER PRIMARY KEY REFERENCES resource ON DELETE CASCADE,
    hash     TEXT NOT NULL
) STRICT;
CREATE TABLE probe (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    at INTEGER NOT NULL
) STRICT;
CREATE TABLE purge (
    tenant TEXT NOT NULL,
    uid    TEXT NOT NULL,
    PRIMARY KEY (tenant, uid)
) STRICT, WITHOUT ROWID;
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
CREATE INDEX resource_created  ON resource (tenant, type, created);
CREATE INDEX resource_external ON resource (tenant, type, external) WHERE external IS NOT NULL;
CREATE UNIQUE INDEX resource_id       ON resource (tenant, id);
CREATE INDEX resource_inactive ON resource (tenant, type) WHERE active = 0;
CREATE INDEX resource_modified ON resource (tenant, type, modified);
CREATE UNIQUE INDEX resource_name     ON resource (tenant, type, name, name_unique);
CREATE INDEX resource_order    ON resource (tenant, type);
CREATE TABLE symbol (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE tally (
    tenant INTEGER NOT NULL,
    type   INTEGER NOT NULL,
    total  INTEGER NOT NULL,
    active INTEGER NOT NULL,
    PRIMARY KEY (tenant, type)
) STRICT, WITHOUT ROWID;
CREATE TABLE tenant (
    id  INTEGER PRIMARY KEY,
    key TEXT UNIQUE
) STRICT;
-- block block: 2000 2000 1000 1
-- lookup lookup: 1000000 1000000 1000000 2 1
-- membership membership: 1000000 1000 1
-- membership membership_member: 1000000 10 1
-- purge purge: 1000 2 1
-- resource resource_created: 1000000 1000000 1000000 3
-- resource resource_external: 1000000 1000000 1000000 1
-- resource resource_id: 1000000 1000000 1
-- resource resource_inactive: 50000 50000 50000
-- resource resource_modified: 1000000 1000000 1000000 3
-- resource resource_name: 1000000 1000000 1000000 1 1
-- resource resource_order: 1000000 1000000 1000000
-- symbol sqlite_autoindex_symbol_1: 20 1
-- tally tally: 2000 2 1
-- tenant sqlite_autoindex_tenant_1: 1000 1
-- symbol 1: User
-- symbol 2: Group
-- symbol 3: User emails.value
