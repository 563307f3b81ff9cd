package workload_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scim-operator/scim-operator/controllers/workload"
)

func TestParseDatabase(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]workload.DatabaseHost{
		"postgresql://app:secret@pg-rw.db:5433/app": {{Name: "pg-rw.db", Port: 5433}},
		"postgres://pg":                                     {{Name: "pg", Port: 5432}},
		"  postgres://pg/app?sslmode=require\n":             {{Name: "pg", Port: 5432}},
		"POSTGRES://pg:/app":                                {{Name: "pg", Port: 5432}},
		"postgres://app:a@b:c@pg:6432/app":                  {{Name: "pg", Port: 6432}},
		"postgres://app@a:1,b,[fd00::1]:3,[fd00::2]/app":    {{Name: "a", Port: 1}, {Name: "b", Port: 5432}, {Name: "fd00::1", Port: 3}, {Name: "fd00::2", Port: 5432}},
		"postgres://app@/app?host=10.0.0.1&port=6000":       {{Name: "10.0.0.1", Port: 6000}},
		"postgres:///app?host=a,fd00::1&port=1,2":           {{Name: "a", Port: 1}, {Name: "fd00::1", Port: 2}},
		"postgres://a,b/app?port=7":                         {{Name: "a", Port: 7}, {Name: "b", Port: 7}},
		"postgres://pg%2Drw/app?application_name=x%20y":     {{Name: "pg-rw", Port: 5432}},
		"postgres://app:secret@pg:5432?sslmode=verify-full": {{Name: "pg", Port: 5432}},
	} {
		got, err := workload.ParseDatabase(text)
		if diff := cmp.Diff(want, got.Hosts); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
	}
}

func TestParseDatabaseRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                      "no connection URI",
		"host=pg user=app password=hunter2":     "no connection URI",
		"mysql://app:hunter2@pg/app":            "no connection URI",
		"hunter2":                               "no connection URI",
		"postgres://app:hunter2@/app":           "it names no host",
		"postgres://app:hunter2@pg,/app":        "it names no host",
		"postgres://app:hunter2@%2Ftmp/app":     "it names no host",
		"postgres://app:hunter2@/app?host=/tmp": "it names no host",
		"postgres://app:hunter2@pg:many/app":    "a port in it is no number",
		"postgres://app:hunter2@pg:0/app":       "a port in it is no number",
		"postgres://app:hunter2@pg:65536/app":   "a port in it is no number",
		"postgres://app:hunter2@pg/app?a=%zz":   "its parameters",
	} {
		_, err := workload.ParseDatabase(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error has the password in it: %v", err)
		}
	}
}

func FuzzParseDatabase(f *testing.F) {
	f.Add("postgresql://app:secret@pg-rw.db:5433,b/app?host=a&port=1")
	f.Add("postgres://[fd00::1%25eth0]:1")
	f.Fuzz(func(t *testing.T, text string) {
		db, err := workload.ParseDatabase(text)
		if (err == nil) == (len(db.Hosts) == 0) {
			t.Fatalf("%q: %v, %v", text, db, err)
		}
		for _, h := range db.Hosts {
			if h.Name == "" || h.Port < 1 || h.Port > 65535 {
				t.Fatalf("%q: host %+v", text, h)
			}
		}
	})
}
