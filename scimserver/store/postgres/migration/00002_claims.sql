-- Which process has which work of a tenant, until when. The tenant need not exist. Rows that have run out are of no meaning.
CREATE TABLE claim (
    tenant text   COLLATE "C" NOT NULL,
    work   text   COLLATE "C" NOT NULL,
    holder text   NOT NULL,
    until  bigint NOT NULL,
    PRIMARY KEY (tenant, work)
);

-- Tokens that all processes take from. at is in microseconds; granted is what was taken last.
CREATE TABLE bucket (
    tenant  text             COLLATE "C" NOT NULL,
    name    text             COLLATE "C" NOT NULL,
    tokens  double precision NOT NULL,
    at      bigint           NOT NULL,
    granted bigint           NOT NULL,
    PRIMARY KEY (tenant, name)
) WITH (fillfactor = 50);
