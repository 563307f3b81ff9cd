package wire

import "strconv"

// Target is a server and the tenant that is spoken to.
type Target struct {
	Address string // host:port
	Base    string // path of the SCIM base URL, such as /ns/name/scim/v2
	Token   string
}

// Append appends a request. The path is relative to Base and escaped as needed; without a body there is no Content-Length.
func (t Target) Append(dst []byte, method string, path, body []byte) []byte {
	dst = append(append(dst, method...), ' ')
	dst = append(append(dst, t.Base...), path...)
	dst = append(append(dst, " HTTP/1.1\r\nHost: "...), t.Address...)
	dst = append(append(dst, "\r\nAuthorization: Bearer "...), t.Token...)
	dst = append(dst, "\r\nAccept: application/scim+json\r\nUser-Agent: bench\r\n"...)
	if body != nil {
		dst = append(dst, "Content-Type: application/scim+json\r\nContent-Length: "...)
		dst = strconv.AppendInt(dst, int64(len(body)), 10)
		dst = append(dst, "\r\n"...)
	}
	dst = append(dst, "\r\n"...)
	return append(dst, body...)
}
