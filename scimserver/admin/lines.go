package admin

import (
	"encoding/json"
	"net/http"
)

// lines writes one JSON value a line.
type lines struct {
	w   http.ResponseWriter
	enc *json.Encoder
}

func newLines(w http.ResponseWriter) *lines {
	w.Header().Set("Content-Type", "application/x-ndjson")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return &lines{w: w, enc: enc}
}

func (l *lines) write(v any) error { return l.enc.Encode(v) }

// flush sends what there is, for whoever follows.
func (l *lines) flush() error { return http.NewResponseController(l.w).Flush() }
