package store

import (
	"context"
	"time"
)

// LogRow is one entry of the provisioning log.
type LogRow struct {
	Sequence int64     // of the tenant, set by the store: it grows, and may have gaps
	Time     time.Time // UTC, milliseconds
	UserID   string    // of the SCIM user; empty where there is none
	Subject  int64     // hash of who is meant, to find the rows of a user that never came into being; 0: nobody
	Entry    []byte    // JSON
}

// LogQuery selects rows of the provisioning log. With a UserID or a Subject, rows with either are selected.
type LogQuery struct {
	UserID  string
	Subject int64
	Since   time.Time // rows that are not older; zero: all
	After   int64     // rows behind this sequence
	Newest  bool      // of more than Limit rows the newest ones, else the oldest; both in their order
	Limit   int
}

// LogWriter is the part of a Writer that concerns the provisioning log.
type LogWriter interface {
	// AppendLog adds a row, whose Entry it copies.
	AppendLog(ctx context.Context, r LogRow) error
}

// Log is the part of a Store that concerns the provisioning log.
type Log interface {
	QueryLog(ctx context.Context, tenant string, q LogQuery) ([]LogRow, error)

	// PruneLog removes rows that are older than before, and those beyond the newest keep. It returns how many it removed,
	// at most limit.
	PruneLog(ctx context.Context, tenant string, before time.Time, keep int64, limit int) (n int64, err error)
}
