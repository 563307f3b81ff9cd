package member

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/store"
)

// entryOf begins an entry about an operation.
func entryOf(op directory.Operation, now time.Time) Entry {
	e := Entry{
		Time: now, RequestID: op.RequestID, Operation: op.Method, Resource: op.Type, ResourceID: op.ID,
		Ignored: op.Tolerance.Ignored(),
	}
	for _, r := range op.Tolerance.Applied() {
		e.Tolerances = append(e.Tolerances, string(r))
	}
	if !op.Start.IsZero() {
		e.DurationMS = milliseconds(now.Sub(op.Start))
	}
	return e
}

func milliseconds(d time.Duration) float64 {
	return float64(max(d, 0).Round(10*time.Microsecond)) / float64(time.Millisecond)
}

// about says whom an entry is about.
func (e *Entry) about(w who) {
	e.UserID, e.MemberID, e.Label = w.userID, w.memberID, Label(w.userName)
}

// Label is a userName as the provisioning log shows it: enough to tell a person from others, and no name or address.
func Label(userName string) string {
	local, domain, mail := strings.Cut(userName, "@")
	if local == "" {
		return ""
	}
	_, n := utf8.DecodeRuneInString(local)
	if mail {
		return local[:n] + "…@" + domain
	}
	return local[:n] + "…"
}

// Subject is what rows about a userName are found by, also where the user never came into being. It cannot be turned back.
func Subject(tenant, userName string) int64 {
	if userName == "" {
		return 0
	}
	sum := sha256.Sum256([]byte(tenant + "\x00" + filter.Fold(userName)))
	return int64(binary.BigEndian.Uint64(sum[:8]) | 1)
}

// appendTo writes the entry into the log.
func (e *Entry) appendTo(ctx context.Context, w store.LogWriter, subject int64) error {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	*buffer = e.appendJSON((*buffer)[:0])
	return w.AppendLog(ctx, store.LogRow{Time: e.Time, UserID: e.UserID, Subject: subject, Entry: *buffer})
}

// buffers are for what is rendered and copied at once.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// appendJSON writes what DecodeEntry reads.
func (e *Entry) appendJSON(dst []byte) []byte {
	dst = append(dst, `{"time":"`...)
	dst = append(e.Time.AppendFormat(dst, time.RFC3339Nano), '"')
	dst = appendKnown(dst, "requestId", e.RequestID)
	dst = appendKnown(dst, "operation", e.Operation)
	dst = appendKnown(dst, "resource", e.Resource)
	dst = appendKnown(dst, "resourceId", e.ResourceID)
	dst = appendKnown(dst, "userId", e.UserID)
	dst = appendKnown(dst, "label", e.Label)
	dst = appendList(dst, "tolerances", e.Tolerances)
	dst = appendList(dst, "ignored", e.Ignored)
	dst = appendKnown(dst, "decision", string(e.Decision))
	dst = appendList(dst, "reasons", e.Reasons)
	dst = appendKnown(dst, "memberId", e.MemberID)
	if e.Event != 0 {
		dst = strconv.AppendInt(append(dst, `,"event":`...), e.Event, 10)
	}
	dst = appendList(dst, "fields", e.Fields)
	dst = appendKnown(dst, "reason", e.Reason)
	if e.Status != 0 {
		dst = strconv.AppendInt(append(dst, `,"status":`...), int64(e.Status), 10)
	}
	dst = appendKnown(dst, "detail", e.Detail)
	dst = appendKnown(dst, "nextStep", e.NextStep)
	if e.Count != 0 {
		dst = strconv.AppendInt(append(dst, `,"count":`...), e.Count, 10)
	}
	if e.Answer != nil {
		dst = e.Answer.appendJSON(append(dst, `,"answer":`...))
	}
	return append(appendMS(append(dst, ','), e.DurationMS), '}')
}

func (a *Answer) appendJSON(dst []byte) []byte {
	dst = strconv.AppendBool(append(dst, `{"refused":`...), a.Refused)
	if a.Status != 0 {
		dst = strconv.AppendInt(append(dst, `,"status":`...), int64(a.Status), 10)
	}
	dst = appendKnown(dst, "detail", a.Detail)
	return append(appendMS(append(dst, ','), a.DurationMS), '}')
}

func appendMS(dst []byte, ms float64) []byte {
	return strconv.AppendFloat(append(dst, `"durationMs":`...), ms, 'f', -1, 64)
}

func appendKnown(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	return appendText(append(dst, ','), name, value)
}

func appendList(dst []byte, name string, list []string) []byte {
	if len(list) == 0 {
		return dst
	}
	dst = append(append(append(dst, `,"`...), name...), `":`...)
	return appendStrings(dst, list)
}

func appendStrings(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = resource.AppendString(dst, s)
	}
	return append(dst, ']')
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
