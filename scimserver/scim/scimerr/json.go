package scimerr

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// body is the wire form; the status is a string (RFC 7644 §3.12).
type body struct {
	Schemas  []string `json:"schemas"`
	Status   string   `json:"status"`
	ScimType Type     `json:"scimType,omitempty"`
	Detail   string   `json:"detail,omitempty"`
}

// AppendJSON appends the body of the answer.
func (e *Error) AppendJSON(dst []byte) []byte {
	out := bytes.NewBuffer(dst)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	// A struct of strings always encodes.
	_ = enc.Encode(body{Schemas: []string{Schema}, Status: strconv.Itoa(e.Status), ScimType: e.ScimType, Detail: e.Detail})
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}
