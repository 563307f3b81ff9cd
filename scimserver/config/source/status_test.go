package source_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/config/source"
)

type recorded struct{ method, path, contentType, body string }

// configMaps answers reads with text and writes with success, and records both.
func configMaps(text *string, log chan<- recorded) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		log <- recorded{r.Method, r.URL.Path, r.Header.Get("Content-Type"), string(body)}
		_, _ = io.WriteString(w, *text)
	}
}

func TestReportWritesOnce(t *testing.T) {
	t.Parallel()
	have, log := `{}`, make(chan recorded, 10)
	a := newAPI(t, configMaps(&have, log))
	now := time.Unix(1000, 0)
	m := &source.StatusConfigMap{Client: a.client(t), Object: source.Object{Namespace: "scim-system", Name: "shared-status"}, Key: "shared-0", Clock: func() time.Time { return now }}
	send := func(hash string) {
		t.Helper()
		if err := m.Report(t.Context(), config.Report{ConfigHash: hash}); err != nil {
			t.Fatal(err)
		}
	}
	const path = "/api/v1/namespaces/scim-system/configmaps/shared-status"
	patch := recorded{http.MethodPatch, path, "application/merge-patch+json", `{"data":{"shared-0":"{\"configHash\":\"1\",\"startedAt\":\"0001-01-01T00:00:00Z\"}"}}`}
	look := recorded{http.MethodGet, path, "", ""}

	send("1")
	if got := receive(t, log); got != patch {
		t.Errorf("%+v, want %+v", got, patch)
	}
	send("1")
	now = now.Add(2 * time.Minute)
	have = `{"data":{"other-0":"x","shared-0":"{\"configHash\":\"1\",\"startedAt\":\"0001-01-01T00:00:00Z\"}"}}`
	send("1")
	if got := receive(t, log); got != look {
		t.Errorf("%+v, want %+v", got, look)
	}
	now, have = now.Add(2*time.Minute), `{"data":{"other-0":"x"}}`
	send("1")
	for _, want := range []recorded{look, patch} {
		if got := receive(t, log); got != want {
			t.Errorf("ConfigMap made anew: %+v, want %+v", got, want)
		}
	}
	send("2")
	if got := receive(t, log); got.method != http.MethodPatch || !strings.Contains(got.body, `\"2\"`) {
		t.Errorf("changed report: %+v", got)
	}
	if len(log) > 0 {
		t.Errorf("one request too many: %+v", <-log)
	}
}

// TestReportFails: a report that was not written is written by the next call.
func TestReportFails(t *testing.T) {
	t.Parallel()
	have, log := `{}`, make(chan recorded, 10)
	a := newAPI(t, status(http.StatusNotFound, `configmaps "shared-status" not found`), configMaps(&have, log))
	m := &source.StatusConfigMap{Client: a.client(t), Object: source.Object{Namespace: "scim-system", Name: "shared-status"}, Key: "shared-0", Clock: time.Now}
	err := m.Report(t.Context(), config.Report{})
	var se *source.StatusError
	if !errors.As(err, &se) || se.Code != http.StatusNotFound || !strings.Contains(err.Error(), "scim-system/shared-status: kubernetes API: 404: configmaps") {
		t.Errorf("error %v", err)
	}
	if err := m.Report(t.Context(), config.Report{}); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, log); got.method != http.MethodPatch {
		t.Errorf("%+v", got)
	}
}
