package httpapi

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
)

func TestCheckMediaType(t *testing.T) {
	t.Parallel()
	for value, ok := range map[string]bool{
		"":                                      true,
		"application/scim+json":                 true,
		"application/scim+json; charset=utf-8":  true,
		"application/scim+json;charset=UTF8":    true,
		"Application/JSON":                      true,
		`application/json; charset="utf-8"`:     true,
		"application/json; odata=verbose":       true,
		"application/json;":                     true,
		"application/scim+json; charset=latin1": false,
		"text/json":                             false,
		"application/xml":                       false,
		"application/jsonx":                     false,
		"application/json, text/html":           false,
		"multipart/form-data; boundary=x":       false,
		"nonsense":                              false,
		"/":                                     false,
	} {
		for mode, tol := range map[string]*tolerance.Log{"Compatible": tolerance.Compatible(), "Strict": tolerance.Strict()} {
			ok := ok && (mode == "Compatible" || strings.HasPrefix(value, mediaType))
			err := checkMediaType(http.Header{"Content-Type": {value}}, tol)
			var e *scimerr.Error
			if ok != (err == nil) || err != nil && (!errors.As(err, &e) || e.Status != http.StatusUnsupportedMediaType) {
				t.Errorf("%q, %s: got %v, want ok %t", value, mode, err, ok)
			}
		}
	}
}
