-- All rows of a tenant begin with its number, so that data can be spread by it. Texts are compared by their bytes, as Go
-- does. Times are milliseconds since 1970. Numbers are given by the program that holds the lock of the tenant's row.

-- A purged tenant has no key. Its rows go in batches, then it goes itself. seq is the number of resources ever made, epoch
-- tells the events of a tenant from those of one that was purged under the same key, last, pruned and logs are sequences
-- of events and log rows, version and token tell whether a commit whose answer was lost has happened. owner is who may write
-- the tenant, NULL: anybody; mark why nobody may, NULL: the owner may.
CREATE TABLE tenant (
    id             bigint PRIMARY KEY,
    key            text COLLATE "C" UNIQUE,
    owner          text,
    mark           text,
    epoch          text   NOT NULL,
    version        bigint NOT NULL,
    token          bigint NOT NULL,
    seq            bigint NOT NULL,
    users          bigint NOT NULL,
    active_users   bigint NOT NULL,
    stated_users   bigint NOT NULL,
    groups         bigint NOT NULL,
    members        bigint NOT NULL,
    active_members bigint NOT NULL,
    last           bigint NOT NULL,
    pruned         bigint NOT NULL,
    pending        bigint NOT NULL,
    parked         bigint NOT NULL,
    logs           bigint NOT NULL
) WITH (fillfactor = 50);

-- The purges that were done, so that each is done once.
CREATE TABLE purge (
    tenant text NOT NULL,
    uid    text NOT NULL,
    PRIMARY KEY (tenant, uid)
);

-- Random keys of the database, by name.
CREATE TABLE secret (
    name  text PRIMARY KEY,
    value bytea NOT NULL
);

-- One row, written to find out whether the database can be written to.
CREATE TABLE probe (
    id int PRIMARY KEY,
    at bigint NOT NULL
);

-- seq is the order of creation, with the kind in its upper bits. name_unique is NULL where the name need not be unique, as
-- NULLs differ from each other in an index. active is 1 where the document says true, 0 where it says false, and 2 where it
-- says nothing, which counts as active. keys has, by turns, attributes and values of the rows of lookup that belong to the
-- resource. display_key is display without regard to case.
CREATE TABLE resource (
    tenant      bigint   NOT NULL,
    seq         bigint   NOT NULL,
    kind        smallint NOT NULL,
    active      smallint NOT NULL,
    name_unique smallint,
    version     bigint   NOT NULL,
    created     bigint   NOT NULL,
    modified    bigint   NOT NULL,
    id          text     COLLATE "C" NOT NULL,
    name        text     COLLATE "C",
    external    text     COLLATE "C",
    display     text     COLLATE "C",
    display_key text     COLLATE "C",
    keys        text[],
    type        text, -- of resources that are neither users nor groups
    doc         text     NOT NULL,
    PRIMARY KEY (tenant, seq)
);

CREATE UNIQUE INDEX resource_id       ON resource (tenant, id);
CREATE UNIQUE INDEX resource_name     ON resource (tenant, kind, name, name_unique);
CREATE INDEX        resource_external ON resource (tenant, kind, external) WHERE external IS NOT NULL;
CREATE INDEX        resource_created  ON resource (tenant, kind, created);
CREATE INDEX        resource_modified ON resource (tenant, kind, modified);
CREATE INDEX        resource_inactive ON resource (tenant, kind, seq) WHERE active = 0;

-- How many resources there are of each 1024 consecutive seq, to find a page by its offset without counting rows.
CREATE TABLE block (
    tenant bigint   NOT NULL,
    kind   smallint NOT NULL,
    number bigint   NOT NULL,
    total  bigint   NOT NULL,
    stated bigint   NOT NULL,
    PRIMARY KEY (tenant, kind, number)
) WITH (fillfactor = 50);

-- Values that resources are found by, or that must be unique; attr is type and path.
CREATE TABLE lookup (
    tenant   bigint NOT NULL,
    attr     text   COLLATE "C" NOT NULL,
    value    text   COLLATE "C" NOT NULL,
    resource bigint NOT NULL,
    PRIMARY KEY (tenant, attr, value, resource)
);

CREATE TABLE password (
    tenant   bigint NOT NULL,
    resource bigint NOT NULL,
    hash     text   NOT NULL,
    PRIMARY KEY (tenant, resource)
);

-- Members in the order of their addition.
CREATE TABLE membership (
    tenant bigint NOT NULL,
    grp    bigint NOT NULL,
    pos    bigint NOT NULL,
    member bigint NOT NULL,
    PRIMARY KEY (tenant, grp, pos)
);

CREATE UNIQUE INDEX membership_member ON membership (tenant, member, grp);

-- Members of applications. usr is NULL where the member has no user any more; lost_name is then its folded userName. keys
-- has, by turns, fields and values of the rows of member_key.
CREATE TABLE member (
    tenant    bigint  NOT NULL,
    id        text    COLLATE "C" NOT NULL,
    usr       text    COLLATE "C",
    active    boolean NOT NULL,
    role      text    NOT NULL,
    sequence  bigint  NOT NULL,
    created   bigint  NOT NULL,
    modified  bigint  NOT NULL,
    name      text    NOT NULL,
    external  text    COLLATE "C",
    lost_name text    COLLATE "C",
    pending   text,
    in_groups text,
    keys      text[],
    fields    text    NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE UNIQUE INDEX member_usr           ON member (tenant, usr);
CREATE INDEX        member_lost_name     ON member (tenant, lost_name, modified) WHERE lost_name IS NOT NULL;
CREATE INDEX        member_lost_external ON member (tenant, external, modified)  WHERE usr IS NULL;

CREATE TABLE member_key (
    tenant bigint NOT NULL,
    field  text   COLLATE "C" NOT NULL,
    value  text   COLLATE "C" NOT NULL,
    member text   COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, field, value, member)
);

CREATE TABLE hold (
    tenant  bigint NOT NULL,
    member  text   COLLATE "C" NOT NULL,
    name    text   COLLATE "C" NOT NULL,
    reason  text   NOT NULL,
    created bigint NOT NULL,
    PRIMARY KEY (tenant, member, name)
);

-- type is a number, from 4 on of those that take access away. state: 0 done, 1 pending, 2 parked. due is NULL unless it is
-- pending and no earlier pending event of its member is before it; next is the sequence of the one that waits for it.
CREATE TABLE event (
    tenant   bigint   NOT NULL,
    sequence bigint   NOT NULL,
    type     smallint NOT NULL,
    state    smallint NOT NULL,
    attempts int      NOT NULL,
    created  bigint   NOT NULL,
    due      bigint,
    next     bigint,
    error    text,
    member   text     NOT NULL,
    body     text     NOT NULL,
    PRIMARY KEY (tenant, sequence)
);

CREATE INDEX event_due         ON event (tenant, due, sequence) WHERE due IS NOT NULL;
CREATE INDEX event_parked      ON event (tenant, sequence)      WHERE state = 2;
CREATE INDEX event_offboarding ON event (tenant, sequence)      WHERE state = 1 AND type >= 4;

CREATE TABLE log (
    tenant   bigint NOT NULL,
    sequence bigint NOT NULL,
    at       bigint NOT NULL,
    subject  bigint NOT NULL,
    usr      text   COLLATE "C",
    entry    text   NOT NULL,
    PRIMARY KEY (tenant, sequence)
);

CREATE TABLE intent (
    tenant  bigint NOT NULL,
    id      text   COLLATE "C" NOT NULL,
    member  text   NOT NULL,
    usr     text   NOT NULL,
    created bigint NOT NULL,
    seq     bigint NOT NULL,
    body    text   NOT NULL,
    PRIMARY KEY (tenant, id)
);

-- Users that are to be looked at again.
CREATE TABLE work (
    tenant bigint NOT NULL,
    usr    text   COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, usr)
);

CREATE TABLE offboarding (
    tenant bigint NOT NULL,
    at     bigint NOT NULL,
    total  bigint NOT NULL,
    PRIMARY KEY (tenant, at)
);

CREATE TABLE state (
    tenant bigint NOT NULL,
    name   text   COLLATE "C" NOT NULL,
    value  bytea  NOT NULL,
    PRIMARY KEY (tenant, name)
);
