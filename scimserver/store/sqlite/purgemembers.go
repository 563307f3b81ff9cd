package sqlite

// sweepMemberSQL delete some rows each of what a tenant has of members and their events. The last parameter is a number
// of rows.
var sweepMemberSQL = []string{
	"DELETE FROM event WHERE id IN (SELECT id FROM event WHERE id >= ?1 << 40 AND id < (?1 + 1) << 40 LIMIT ?2)",
	"DELETE FROM log WHERE id IN (SELECT id FROM log WHERE id >= ?1 << 40 AND id < (?1 + 1) << 40 LIMIT ?2)",
	"DELETE FROM member WHERE tenant = ?1 AND id IN (SELECT id FROM member WHERE tenant = ?1 LIMIT ?2)",
	"DELETE FROM hold WHERE tenant = ?1 AND (member, name) IN (SELECT member, name FROM hold WHERE tenant = ?1 LIMIT ?2)",
	"DELETE FROM work WHERE tenant = ?1 AND user IN (SELECT user FROM work WHERE tenant = ?1 LIMIT ?2)",
	"DELETE FROM intent WHERE tenant = ?1 AND id IN (SELECT id FROM intent WHERE tenant = ?1 LIMIT ?2)",
	"DELETE FROM offboarding WHERE tenant = ?1 AND at IN (SELECT at FROM offboarding WHERE tenant = ?1 LIMIT ?2)",
	"DELETE FROM state WHERE tenant = ?1 AND name IN (SELECT name FROM state WHERE tenant = ?1 LIMIT ?2)",
	"DELETE FROM stream WHERE tenant = ?1 AND ?2 > 0",
}

// sweepMembers deletes some rows. It tells whether there were any.
func (t *tx) sweepMembers(tenant int64) (any bool, err error) {
	for _, sql := range sweepMemberSQL {
		if err := t.writeInts(sql, tenant, sweepRows); err != nil || t.session.conn.Changes() > 0 {
			return true, err
		}
	}
	return false, nil
}
