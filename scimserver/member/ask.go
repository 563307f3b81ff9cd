package member

import "context"

// Asker puts a change to the application before it is made. It is called outside of any transaction.
type Asker interface {
	// Ask sends the envelope and waits for the answer, within the application's timeout. An error means that it is not known
	// whether the application has taken the change.
	Ask(ctx context.Context, tenant string, q Question) (Verdict, error)
}

// Question is a change that an application may refuse.
type Question struct {
	ID       string // webhook-id: the same when the same question is put again
	MemberID string
	Type     string // of the event
	Body     []byte // the envelope, as it is committed
}

// Verdict is the application's answer.
type Verdict struct {
	Refused  bool
	Status   int    // of the HTTP answer
	Detail   string // of a refusal, for the identity provider; may be empty
	ScimType string // of a refusal, may be empty
}
