-- +goose Up

-- Members of applications. user is NULL where the member has no user any more; lost_name is then its folded userName.
-- keys repeats the rows of member_key. The member made for a new user has the user's id, which needs no second index.
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

CREATE INDEX member_user          ON member (tenant, user)                WHERE user <> id;
CREATE INDEX member_lost_name     ON member (tenant, lost_name, modified) WHERE lost_name IS NOT NULL;
CREATE INDEX member_lost_external ON member (tenant, external, modified)  WHERE user IS NULL;

-- Values of unique fields; field is a symbol.
CREATE TABLE member_key (
    tenant INTEGER NOT NULL,
    field  INTEGER NOT NULL,
    value  TEXT    NOT NULL,
    member ANY     NOT NULL,
    PRIMARY KEY (tenant, field, value, member)
) STRICT, WITHOUT ROWID;

CREATE TABLE hold (
    tenant  INTEGER NOT NULL,
    member  ANY     NOT NULL,
    name    TEXT    NOT NULL,
    reason  TEXT    NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (tenant, member, name)
) STRICT, WITHOUT ROWID;

-- The numbers of a tenant's events and log rows, and how many events there are in which state. epoch tells the events of a
-- tenant from those of one that was purged under the same key.
CREATE TABLE stream (
    tenant  INTEGER PRIMARY KEY,
    epoch   TEXT    NOT NULL,
    last    INTEGER NOT NULL,
    pruned  INTEGER NOT NULL,
    pending INTEGER NOT NULL,
    parked  INTEGER NOT NULL,
    logs    INTEGER NOT NULL
) STRICT;

-- id is the tenant's number in the upper bits and the sequence in the lower 40. type is a number, from 4 on of those that
-- take access away. state: 0 done, 1 pending, 2 parked. due is NULL unless it is pending and no earlier pending event of
-- its member is before it; next is the sequence of the one that waits for it.
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
CREATE INDEX event_parked      ON event (tenant)      WHERE state = 2;
CREATE INDEX event_offboarding ON event (tenant)      WHERE state = 1 AND type >= 4;

-- id is made as that of event.
CREATE TABLE log (
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    subject INTEGER NOT NULL,
    user    ANY,
    entry   TEXT    NOT NULL
) STRICT;

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

-- Users that are to be looked at again.
CREATE TABLE work (
    tenant INTEGER NOT NULL,
    user   ANY     NOT NULL,
    PRIMARY KEY (tenant, user)
) STRICT, WITHOUT ROWID;

CREATE TABLE offboarding (
    tenant INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    total  INTEGER NOT NULL,
    PRIMARY KEY (tenant, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE state (
    tenant INTEGER NOT NULL,
    name   TEXT    NOT NULL,
    value  BLOB    NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('member',      'member',               '1000000 1000000 1'),
    ('member',      'member_user',          '100000 100000 1'),
    ('member',      'member_lost_name',     '100000 100000 1 1'),
    ('member',      'member_lost_external', '100000 100000 1 1'),
    ('member_key',  'member_key',           '1000000 1000000 1000000 1 1'),
    ('event',       'event_due',            '100000 100000 2'),
    ('event',       'event_parked',         '1000 1000'),
    ('event',       'event_offboarding',    '1000 1000'),
    ('hold',        'hold',                 '1000 1000 2 1'),
    ('work',        'work',                 '100000 100000 1'),
    ('intent',      'intent',               '100 100 1'),
    ('offboarding', 'offboarding',          '1000 1000 1'),
    ('state',       'state',                '1000 3 1');
