-- +goose Up

-- One tree for the values that resources and members are found by, or that must be unique, in the order of the values: most
-- unique fields of a member have a value of its user, so that both lie in the same page. resource is the seq of a resource,
-- or the id of a member; attr, the symbol of type and path, tells which.
ALTER TABLE lookup RENAME TO resource_key;
CREATE TABLE lookup (
    tenant   INTEGER NOT NULL,
    value    TEXT    NOT NULL,
    attr     INTEGER NOT NULL,
    resource ANY     NOT NULL,
    PRIMARY KEY (tenant, value, attr, resource)
) STRICT, WITHOUT ROWID;
INSERT INTO lookup (tenant, value, attr, resource)
    SELECT tenant, value, attr, resource FROM resource_key UNION ALL SELECT tenant, value, field, member FROM member_key;
DROP TABLE resource_key;
DROP TABLE member_key;

DELETE FROM sqlite_stat1 WHERE tbl IN ('lookup', 'resource_key', 'member_key');
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('lookup', 'lookup', '2000000 2000000 3 2 1');
