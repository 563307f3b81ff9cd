CREATE TABLE block (
    tenant INTEGER NOT NULL,
    type   INTEGER NOT NULL,
    number INTEGER NOT NULL,
    total  INTEGER NOT NULL, stated INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, type, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE event (
    id       INTEGER PRIMARY KEY,
    tenant   INTEGER NOT NULL,
    type     INTEGER NOT NULL,
    state    INTEGER NOT NULL,
    created  INTEGER NOT NULL,
    due      INTEGER,
    next     INTEGER,
    attempts INTEGER NOT NULL,
    error    TEXT,
    member   ANY     NOT NULL,
    body     TEXT    NOT NULL
) STRICT;
CREATE INDEX event_due         ON event (tenant, due) WHERE due IS NOT NULL;
CREATE INDEX event_offboarding ON event (tenant)      WHERE state = 1 AND type >= 4;
CREATE INDEX event_parked      ON event (tenant)      WHERE state = 2;
CREATE TABLE hold (
    tenant  INTEGER NOT NULL,
    member  ANY     NOT NULL,
    name    TEXT    NOT NULL,
    reason  TEXT    NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (tenant, member, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE intent (
    tenant  INTEGER NOT NULL,
    id      TEXT    NOT NULL,
    member  TEXT    NOT NULL,
    user    TEXT    NOT NULL,
    created INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    body    TEXT    NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE log (
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    subject INTEGER NOT NULL,
    user    ANY,
    entry   TEXT    NOT NULL
) STRICT;
CREATE TABLE lookup (
    tenant   INTEGER NOT NULL,
    value    TEXT    NOT NULL,
    attr     INTEGER NOT NULL,
    resource ANY     NOT NULL,
    PRIMARY KEY (tenant, value, attr, resource)
) STRICT, WITHOUT ROWID;
CREATE TABLE member (
    tenant    INTEGER NOT NULL,
    id        ANY     NOT NULL,
    user      ANY,
    active    INTEGER NOT NULL,
    role      TEXT    NOT NULL,
    sequence  INTEGER NOT NULL,
    created   INTEGER NOT NULL,
    modified  INTEGER NOT NULL,
    name      TEXT    NOT NULL,
    external  TEXT,
    lost_name TEXT,
    pending   TEXT,
    keys      BLOB,
    in_groups TEXT,
    fields    TEXT    NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_lost_external ON member (tenant, external, modified)  WHERE user IS NULL;
CREATE INDEX member_lost_name     ON member (tenant, lost_name, modified) WHERE lost_name IS NOT NULL;
CREATE INDEX member_user          ON member (tenant, user)                WHERE user <> id;
CREATE TABLE membership (
    grp    INTEGER NOT NULL REFERENCES resource,
    pos    INTEGER NOT NULL,
    member INTEGER NOT NULL REFERENCES resource,
    PRIMARY KEY (grp, pos)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX membership_member ON membership (member, grp);
CREATE TABLE offboarding (
    tenant INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    total  INTEGER NOT NULL,
    PRIMARY KEY (tenant, at)
) STRICT, WITHOUT ROWID;
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
CREATE INDEX resource_modified ON resource (tenant, type, modified, active);
CREATE UNIQUE INDEX resource_name     ON resource (tenant, type, name, name_unique);
CREATE INDEX resource_no_external ON resource (tenant, type) WHERE external IS NULL;
CREATE INDEX resource_order    ON resource (tenant, type);
CREATE TABLE secret (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE span (
    tenant INTEGER NOT NULL,
    type   INTEGER NOT NULL,
    number INTEGER NOT NULL,
    total  INTEGER NOT NULL,
    stated INTEGER NOT NULL,
    PRIMARY KEY (tenant, type, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE state (
    tenant INTEGER NOT NULL,
    name   TEXT    NOT NULL,
    value  BLOB    NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE stream (
    tenant  INTEGER PRIMARY KEY,
    epoch   TEXT    NOT NULL,
    last    INTEGER NOT NULL,
    pruned  INTEGER NOT NULL,
    pending INTEGER NOT NULL,
    parked  INTEGER NOT NULL,
    logs    INTEGER NOT NULL
) STRICT;
CREATE TABLE symbol (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE tally (
    tenant INTEGER NOT NULL,
    type   INTEGER NOT NULL,
    total  INTEGER NOT NULL,
    active INTEGER NOT NULL, stated INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, type)
) STRICT, WITHOUT ROWID;
CREATE TABLE tenant (
    id  INTEGER PRIMARY KEY,
    key TEXT UNIQUE
, owner TEXT, mark TEXT) STRICT;
CREATE TABLE work (
    tenant INTEGER NOT NULL,
    user   ANY     NOT NULL,
    PRIMARY KEY (tenant, user)
) STRICT, WITHOUT ROWID;
-- block block: 2000 2000 1000 1
-- event event_due: 100000 100000 2
-- event event_offboarding: 1000 1000
-- event event_parked: 1000 1000
-- hold hold: 1000 1000 2 1
-- intent intent: 100 100 1
-- lookup lookup: 2000000 2000000 3 2 1
-- member member: 1000000 1000000 1
-- member member_lost_external: 100000 100000 1 1
-- member member_lost_name: 100000 100000 1 1
-- member member_user: 100000 100000 1
-- membership membership: 1000000 1000 1
-- membership membership_member: 1000000 10 1
-- offboarding offboarding: 1000 1000 1
-- purge purge: 1000 2 1
-- resource resource_created: 1000000 1000000 1000000 3
-- resource resource_external: 1000000 1000000 1000000 1
-- resource resource_id: 1000000 1000000 1
-- resource resource_inactive: 50000 50000 50000
-- resource resource_modified: 1000000 1000000 1000000 3 3
-- resource resource_name: 1000000 1000000 1000000 1 1
-- resource resource_no_external: 50000 50000 50000
-- resource resource_order: 1000000 1000000 1000000
-- secret secret: 2 1
-- span span: 2000 2000 1000 1
-- state state: 1000 3 1
-- symbol sqlite_autoindex_symbol_1: 20 1
-- tally tally: 2000 2 1
-- tenant sqlite_autoindex_tenant_1: 1000 1
-- work work: 100000 100000 1
-- symbol 1: User
-- symbol 2: Group
-- symbol 3: User emails.value
