package config

import "time"

// Values of Move.Role.
const (
	// MoveSource: the server has the tenant's data and serves it until the target has them; from then on it passes requests on.
	MoveSource = "Source"
	// MoveTarget: the server fetches the data, and serves the tenant when it has them.
	MoveTarget = "Target"
	// MoveForward: the data are no longer here; requests are passed on.
	MoveForward = "Forward"
)

// Move is one server's part in a tenant's way to another server.
type Move struct {
	ID   string `json:"id"`   // of the move: the same on both sides
	Role string `json:"role"` // MoveSource, MoveTarget, MoveForward
	Peer string `json:"peer"` // base URL of the other server inside the cluster
	// PeerOwner is the Owner of the other server.
	PeerOwner string `json:"peerOwner"`
	// Key proves each server to the other: MoveKeyBytes random bytes in hexadecimal.
	Key string `json:"key"`
}

// MoveKeyBytes is the length of Move.Key before it is encoded.
const MoveKeyBytes = 32

var (
	ownerForm   = newForm(1, 512, `^[0-9A-Za-z./:_-]+$`)
	moveIDForm  = newForm(1, 64, `^[0-9A-Za-z-]+$`)
	moveKeyForm = newForm(2*MoveKeyBytes, 2*MoveKeyBytes, `^[0-9a-f]+$`)
)

func (f *findings) move(m *Move) {
	f.check(moveIDForm.matches(m.ID), "move.id %.80q is none", m.ID)
	f.oneOf("move.role", m.Role, MoveSource, MoveTarget, MoveForward)
	if err := validBaseURL(m.Peer); err != nil {
		f.add("move.peer: %w", err)
	}
	f.check(ownerForm.matches(m.PeerOwner), "move.peerOwner %.80q is none", m.PeerOwner)
	f.check(moveKeyForm.matches(m.Key), "move.key is not %d hexadecimal digits in lower case", 2*MoveKeyBytes)
}

// Values of MoveReport.Phase.
const (
	MoveCopying    = "Copying"    // the target fetches data while the source serves
	MoveSwitching  = "Switching"  // the source is kept still, for seconds
	MoveDone       = "Done"       // of the target: it has all, and owns the tenant
	MoveForwarding = "Forwarding" // of the source: the target owns the tenant, requests are passed on
	MoveWaiting    = "Waiting"    // of the source: it serves. Of the target: it tries again, Error says why
)

// MoveReport is how far a move is.
type MoveReport struct {
	ID    string `json:"id"`
	Phase string `json:"phase"`
	// Done of Total rows are loaded in the present pass.
	Done  int64 `json:"done,omitempty"`
	Total int64 `json:"total,omitempty"`
	// PausedMillis is how long writes were refused, at the end of it all.
	PausedMillis int64 `json:"pausedMillis,omitempty"`
	// Error is why the latest attempt failed.
	Error string `json:"error,omitempty"`
	// LastForwarded is when a request was passed on, to the minute.
	LastForwarded *time.Time `json:"lastForwarded,omitempty"`
}
