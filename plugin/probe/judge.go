package probe

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// maxAnswer is how much of an answer is read.
const maxAnswer = 8 << 20

type answer struct {
	status int
	header http.Header
	body   map[string]any // nil: it is no JSON object
	text   string
}

func readAnswer(response *http.Response) (*answer, error) {
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	out := &answer{status: response.StatusCode, header: response.Header, text: string(data)}
	if json.Unmarshal(data, &out.body) != nil {
		out.body = nil
	}
	return out, nil
}

// judge tells what is wrong with an answer whatever was asked.
func judge(a *answer, want []int) string {
	kind, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	isJSON := kind == "application/scim+json" || kind == "application/json"
	switch {
	case slices.Contains(want, a.status) && a.status == http.StatusNoContent:
		return ""
	case slices.Contains(want, a.status) && isJSON && a.body != nil:
		return ""
	case !isJSON || a.body == nil:
		return fmt.Sprintf("the answer is %q and not SCIM: something between here and the server answers in its place; look at Ingress or proxy", kind)
	}
	detail, _ := a.body["detail"].(string)
	return advice(a.status, want, detail)
}

func advice(status int, want []int, detail string) string {
	text := fmt.Sprintf("answered %d, wanted %d", status, want[0])
	if detail != "" {
		text += " (" + detail + ")"
	}
	switch status {
	case http.StatusUnauthorized:
		return text + ": the token is not accepted; if it was replaced a moment ago, try again"
	case http.StatusNotFound:
		return text + ": the tenant is not served under this address; see kubectl describe scimtenant"
	case http.StatusConflict:
		return text + ": there is one already; choose another --test-email"
	case http.StatusTooManyRequests:
		return text + ": the tenant's limit of requests is reached"
	case http.StatusServiceUnavailable:
		return text + ": the tenant is suspended, waits for its readiness gates, or its brake is engaged; see kubectl describe scimtenant"
	}
	return text
}

// unreachable says why there was no answer at all.
func unreachable(address string, err error) string {
	host := address
	if u, parseErr := url.Parse(address); parseErr == nil {
		host = u.Hostname()
	}
	unknown, dns, certificate := x509.UnknownAuthorityError{}, new(net.DNSError), new(tls.CertificateVerificationError)
	switch {
	case strings.HasSuffix(host, ".svc"):
		return fmt.Sprintf("%v: %s is a name inside the cluster; give the SCIMServer a public address in spec.endpoint, or try kubectl port-forward and --url", err, host)
	case errors.As(err, &dns):
		return fmt.Sprintf("%v: the name is not known; look at the DNS record of %s", err, host)
	case errors.As(err, &unknown):
		return fmt.Sprintf("%v: identity providers accept certificates of public authorities only; with one of your own, try --ca-file", err)
	case errors.As(err, &certificate):
		return fmt.Sprintf("%v: the certificate is not valid for %s", err, host)
	}
	return fmt.Sprintf("%v: nobody answers at %s", err, host)
}

// isList checks a ListResponse (RFC 7644 §3.4.2). Identity providers want the numbers to be numbers.
func isList(_ *run, body map[string]any) string {
	if _, ok := body["totalResults"].(float64); !ok {
		return "the answer has no totalResults that is a number"
	}
	if resources, ok := body["Resources"]; ok {
		if _, ok := resources.([]any); !ok {
			return "Resources is no list"
		}
	}
	return ""
}

func isEmpty(r *run, body map[string]any) string {
	if problem := isList(r, body); problem != "" {
		return problem
	}
	if body["totalResults"] != float64(0) {
		return "a filter for what nobody has gives results"
	}
	return ""
}

func isFree(r *run, body map[string]any) string {
	if problem := isList(r, body); problem != "" {
		return problem
	}
	if body["totalResults"] != float64(0) {
		return "there is a user with this address; choose another --test-email"
	}
	return ""
}

func isConfig(_ *run, body map[string]any) string {
	if _, ok := body["patch"].(map[string]any); !ok {
		return "the answer is no ServiceProviderConfig"
	}
	return ""
}

// keep notes the id of what was made.
func keep(where func(*run) *string) func(*run, map[string]any) string {
	return func(r *run, body map[string]any) string {
		id, _ := body["id"].(string)
		if id == "" {
			return "the answer has no id"
		}
		*where(r) = id
		return ""
	}
}
