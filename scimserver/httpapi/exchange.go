package httpapi

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

// exchange is one request on its way to an answer. It is pooled with its buffers.
type exchange struct {
	h *handler
	w http.ResponseWriter
	r *http.Request

	start      time.Time
	id         string   // of the request
	values     []string // of headers
	tenant     *Tenant
	gate       Gate   // to be left at the end, nil: none
	share      Gate   // as well
	subject    string // whom the credential names, "": nobody
	credential string
	route      string
	tol        *tolerance.Log
	call       directory.Call
	body       []byte // of the request
	ans        directory.Answer

	streaming bool // a large answer is under way

	status int // sent, 0: nothing yet
	intent int // status of a success, sent with the first bytes
	err    *scimerr.Error
	// kind and summary are those of the error.
	kind, summary string
	refusals      []Refusal // operations of a Bulk request
}

// keptBuffer is the largest buffer that stays with a pooled exchange.
const keptBuffer = 256 << 10

func newExchange(h *handler) *exchange {
	x := &exchange{h: h}
	x.ans.Spill = x.spill
	return x
}

func (x *exchange) begin(w http.ResponseWriter, r *http.Request) {
	x.w, x.r, x.start = w, r, x.h.Clock()
	x.id = requestID(r)
	x.values = make([]string, 0, commonHeaders)
	x.set("X-Request-Id", x.id)
}

// commonHeaders is how many headers most answers have with a value of their own: X-Request-Id, Etag, Content-Length.
const commonHeaders = 3

// set sets a header, by its canonical name. The values share memory, which stays with the answer until it is sent.
func (x *exchange) set(header, value string) {
	x.values = append(x.values, value)
	n := len(x.values)
	x.w.Header()[header] = x.values[n-1 : n : n]
}

// end tells the observers and gives the exchange back. It must be deferred: it turns a panic into an answer, or ends the
// connection where a part of one was sent.
func (x *exchange) end() {
	p := recover()
	if p != nil && p != http.ErrAbortHandler {
		p = x.recovered(p)
	}
	x.endStream()
	x.leave()
	x.observe()
	if p != nil {
		panic(p)
	}
	x.reset()
	x.h.exchanges.Put(x)
}

func (x *exchange) recovered(p any) (again any) {
	err := fmt.Errorf("panic: %v\n%s", p, debug.Stack())
	if x.status != 0 {
		x.logFault(err)
		return http.ErrAbortHandler
	}
	x.fail(err)
	return nil
}

func (x *exchange) reset() {
	spill, body, out := x.ans.Spill, x.body[:0], x.ans.Body[:0]
	if cap(body) > keptBuffer {
		body = nil
	}
	if cap(out) > keptBuffer {
		out = nil
	}
	*x = exchange{h: x.h, body: body, ans: directory.Answer{Body: out, Spill: spill}}
}

func (x *exchange) observe() {
	e := Exchange{
		Credential: x.credential,
		Method:     methodLabel(x.r.Method),
		Route:      x.route,
		Status:     x.status,
		Start:      x.start,
		Duration:   x.h.Clock().Sub(x.start),
		RequestID:  x.id,
		Err:        x.err,
		Kind:       x.kind,
		Summary:    x.summary,
		Refused:    x.refusals,
	}
	if x.tol != nil {
		e.Tolerances = x.tol.Applied()
	}
	if x.tenant != nil {
		e.Tenant, e.Client = x.tenant.Directory.Key, x.tenant.Client
		if x.tenant.Observe != nil {
			x.tenant.Observe.Observe(e)
		}
	}
	if x.h.Observe != nil {
		x.h.Observe.Observe(e)
	}
	x.logAccess(e)
}

func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "OTHER"
}

// maxRequestID is the longest id that is taken over from a proxy.
const maxRequestID = 64

// requestID is the one a proxy gave, if it is harmless, else a new one.
func requestID(r *http.Request) string {
	if given := r.Header["X-Request-Id"]; len(given) == 1 && harmless(given[0]) {
		return given[0]
	}
	const digits = "0123456789abcdef"
	var id [16]byte
	for i, n := 0, rand.Uint64(); i < len(id); i, n = i+1, n>>4 {
		id[i] = digits[n&15]
	}
	return string(id[:])
}

func harmless(id string) bool {
	for _, c := range []byte(id) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return id != "" && len(id) <= maxRequestID
}
