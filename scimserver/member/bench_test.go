package member_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
	"github.com/scim-operator/scim-operator/scimserver/directory"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite"
)

// openBench is a world over SQLite.
func openBench(b *testing.B, s spec) *world {
	b.Helper()
	st, err := sqlite.Open(b.Context(), sqlite.Options{Path: filepath.Join(b.TempDir(), "scim.db")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := st.Close(); err != nil {
			b.Error(err)
		}
	})
	s.store = st
	return buildWorld(b.Context(), b, s)
}

// eight has 8 fields, 2 of them CEL, and a role by group.
func eight() spec {
	s := plain()
	s.app.Fields = nil
	s.mapping.Attributes = nil
	add := func(name, from, expression string) {
		s.app.Fields = append(s.app.Fields, config.Field{Name: name, Type: "String", Unique: name == "email"})
		s.mapping.Attributes = append(s.mapping.Attributes, config.AttributeRule{Field: name, From: from, Expression: expression})
	}
	add("email", `emails[type eq "work"].value`, "")
	add("fullName", "", `user.name.givenName + " " + user.name.familyName`)
	add("login", "", `user.userName.lowerAscii()`)
	add("title", "title", "")
	add("department", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "")
	add("number", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber", "")
	add("phone", `phoneNumbers[type eq "work"].value`, "")
	add("locale", "locale", "")
	s.mapping.Role.From, s.mapping.Role.Unknown = "", config.UseDefault
	return s
}

func benchUser(n int64) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
		"userName":"user%d@example.com","externalId":"00u%d","active":true,"displayName":"User %d","title":"Engineer","locale":"en-US",
		"name":{"givenName":"User","familyName":"No %d"},"emails":[{"type":"work","value":"user%d@example.com","primary":true}],
		"phoneNumbers":[{"type":"work","value":"+1 555 %d"}],
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"R&D","employeeNumber":"%d"}}`, n, n, n, n, n, n, n)
}

// BenchmarkCreate compares the creation of users with and without an application behind.
func BenchmarkCreate(b *testing.B) {
	for _, name := range []string{"directory", "application"} {
		b.Run(name, func(b *testing.B) {
			w := openBench(b, eight())
			if name == "directory" { // with its provisioning log
				w.scim.Provisioner = w.engine.Journal(w.scim.Key)
			}
			var n atomic.Int64
			var serial atomic.Int64
			d := directory.New(directory.Deps{Store: w.store, NewID: func() string {
				return fmt.Sprintf("01900000-0000-7000-8000-%012x", serial.Add(1))
			}})
			b.SetParallelism(32 / runtime.GOMAXPROCS(0))
			b.ReportAllocs()
			start, wrote := cpu(b), written()
			defer func() {
				b.ReportMetric(float64((cpu(b)-start).Microseconds())/float64(b.N), "cpu-µs/op")
				b.ReportMetric(float64(written()-wrote)/float64(b.N), "written-B/op")
			}()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					body, err := resource.Decode([]byte(benchUser(n.Add(1))), resource.Limits{})
					if err == nil {
						err = d.Create(context.Background(), w.call("User", ""), body, &directory.Answer{})
					}
					if err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// cpu is the processor time of this process so far.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// written is what this process has written into files so far, in bytes; 0 where the system does not tell.
func written() (n int64) {
	text, _ := os.ReadFile("/proc/self/io")
	for line := range strings.Lines(string(text)) {
		_, _ = fmt.Sscanf(line, "wchar: %d", &n)
	}
	return n
}

// BenchmarkRemap maps all users again: the first time each of them gets a member, the second time nothing comes of it, and the
// third time every member changes.
func BenchmarkRemap(b *testing.B) {
	w := openBench(b, eight())
	provisioner := w.scim.Provisioner
	w.scim.Provisioner = nil
	var n, serial atomic.Int64
	d := directory.New(directory.Deps{Store: w.store, NewID: func() string {
		return fmt.Sprintf("01900000-0000-7000-8000-%012x", serial.Add(1))
	}})
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			body, err := resource.Decode([]byte(benchUser(n.Add(1))), resource.Limits{})
			if err == nil {
				err = d.Create(context.Background(), w.call("User", ""), body, &directory.Answer{})
			}
			if err != nil {
				b.Error(err)
				return
			}
		}
	})
	w.scim.Provisioner = provisioner
	for _, what := range []string{"members", "unchanged", "changed"} {
		w.spec.app.DisplayName = what
		if what == "changed" {
			w.spec.mapping.Attributes[1].Expression += ` + " of " + user.locale`
		}
		w.configure(w.spec)
		start, began := cpu(b), time.Now()
		w.tend()
		b.ReportMetric(float64((cpu(b)-start).Microseconds())/float64(b.N), what+"-cpu-µs/user")
		b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), what+"-users/s")
	}
}
