package architecture

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// rule says what packages may import. A package of `of` that is not in `except` may not import what is in `forbid`, unless
// it is in `allow`. Every rule names an import that breaks it, which proves that the rule can fail.
type rule struct {
	of, except    []string
	forbid, allow []string
	ownOnly       bool // forbid means every package of this module (but `allow`)
	foreignOnly   bool // forbid means every package of other modules (but `allow`)
	transitive    bool // also what the imports import
	tests         bool // also what the tests import
	why           string
	breaks        edge
}

// edge is an import: from imports to.
type edge struct{ from, to string }

var (
	testTools = []string{
		"testing", "testing/...", "github.com/onsi/...", "github.com/google/go-cmp/...", "pgregory.net/rapid",
		"sigs.k8s.io/controller-runtime/pkg/envtest/...", "sigs.k8s.io/controller-runtime/pkg/client/fake",
	}
	testCode = []string{"scimserver/scim/scimtest/...", "scimserver/servertest/...", "scimserver/config/source/sourcetest/...", "scimserver/store/storetest/...", "scimserver/store/postgres/pgtest/...", "controllers/envtest/...", "test/...", "hack/..."}
)

var rules = map[string]rule{
	"the API imports apimachinery only": {
		of: []string{"api/..."}, foreignOnly: true, allow: []string{"k8s.io/apimachinery/..."},
		why:    "who imports the types must not get a client or a server with them",
		breaks: edge{"api/v1alpha1", "k8s.io/client-go/rest"},
	},
	"the API imports nothing of the product": {
		of: []string{"api/..."}, ownOnly: true, allow: []string{"api/..."},
		why:    "everything may depend on the API",
		breaks: edge{"api/v1alpha1", "controllers/compile"},
	},
	"the operator knows the server's wire format, mapping and schema only": {
		of: []string{"controllers/..."}, forbid: []string{"scimserver/..."},
		allow:  []string{"scimserver/config", "scimserver/mapping", "scimserver/scim/schema"},
		why:    "operator and server meet in the config Secret",
		breaks: edge{"controllers/tenant", "scimserver/store"},
	},
	"no database, listener or log of the server in the operator": {
		of: []string{"controllers/...", "cmd/operator"}, transitive: true,
		forbid: []string{
			"scimserver/app/...", "scimserver/store/...", "scimserver/directory/...", "scimserver/httpapi/...", "scimserver/auth/...",
			"scimserver/limit/...", "scimserver/outbox/...", "scimserver/admin/...", "scimserver/telemetry/...", "modernc.org/sqlite/...",
			"github.com/pressly/goose/...", "github.com/jackc/...",
		},
		why:    "an allowed package must not bring them in",
		breaks: edge{"controllers/compile", "modernc.org/sqlite"},
	},
	"the server knows neither the API nor the operator": {
		of: []string{"scimserver/..."}, transitive: true, forbid: []string{"api/...", "controllers/...", "cmd/...", "sigs.k8s.io/controller-runtime/..."},
		why:    "the server also runs without a cluster, and is small",
		breaks: edge{"scimserver/app", "sigs.k8s.io/controller-runtime/pkg/client"},
	},
	"Kubernetes clients are in config/source only": {
		of: []string{"scimserver/..."}, except: []string{"scimserver/config/source/..."}, forbid: []string{"k8s.io/..."},
		why:    "a change of where the config comes from touches one package",
		breaks: edge{"scimserver/app", "k8s.io/client-go/kubernetes"},
	},
	"the protocol core does no I/O": {
		of: []string{"scimserver/scim/..."}, except: testCode,
		allow:  []string{"net/http"}, // for the names of status codes, which another test holds
		forbid: []string{"os/...", "net", "net/http/...", "net/rpc/...", "net/smtp", "database/...", "syscall/...", "log/...", "io/ioutil"},
		why:    "it is fuzzed and tested as pure functions",
		breaks: edge{"scimserver/scim/filter", "net/http/httptest"},
	},
	"the protocol core stands alone": {
		of: []string{"scimserver/scim/..."}, ownOnly: true, allow: []string{"scimserver/scim/..."},
		why:    "it implements the RFCs, not the product",
		breaks: edge{"scimserver/scim/patch", "scimserver/config"},
	},
	"one package reads JSON by token": {
		of: []string{"scimserver/...", "controllers/...", "api/...", "cmd/..."}, except: []string{"scimserver/scim/resource"},
		forbid: []string{"github.com/go-json-experiment/..."},
		why:    "the library becomes the standard one; the change must stay in one package",
		breaks: edge{"scimserver/httpapi", "github.com/go-json-experiment/json/jsontext"},
	},
	"one package runs CEL": {
		of: []string{"scimserver/...", "controllers/...", "api/...", "cmd/..."}, except: []string{"scimserver/mapping/..."},
		forbid: []string{"cel.dev/cel-go/...", "github.com/google/cel-go/..."},
		why:    "cost limits and environment are set in one place",
		breaks: edge{"controllers/compile", "cel.dev/cel-go/cel"},
	},
	"HTTP speaks to the directory, not to the store": {
		of: []string{"scimserver/httpapi/..."}, forbid: []string{"scimserver/store/...", "database/..."},
		why:    "use cases own the transactions",
		breaks: edge{"scimserver/httpapi", "scimserver/store"},
	},
	"use cases don't know HTTP": {
		of: []string{"scimserver/directory/..."}, forbid: []string{"net/http/...", "scimserver/httpapi/..."},
		why:    "admin, bulk and resync use them as well",
		breaks: edge{"scimserver/directory", "net/http"},
	},
	"a store depends on the protocol core only": {
		of: []string{"scimserver/store/..."}, ownOnly: true, allow: []string{"scimserver/store/...", "scimserver/scim/..."},
		why:    "a backend is chosen, not known",
		breaks: edge{"scimserver/store/sqlite", "scimserver/directory"},
	},
	"only app names a store backend": {
		of: []string{"scimserver/...", "controllers/...", "cmd/...", "hack/..."}, except: []string{"scimserver/app", "scimserver/servertest", "scimserver/store/sqlite/...", "scimserver/store/postgres/..."},
		forbid: []string{"scimserver/store/sqlite/...", "scimserver/store/postgres/..."},
		why:    "composition is in one place",
		breaks: edge{"scimserver/directory", "scimserver/store/sqlite"},
	},
	"only a store backend speaks to a database": {
		of: []string{"scimserver/...", "controllers/...", "cmd/..."}, except: []string{"scimserver/store/sqlite/...", "scimserver/store/postgres/..."},
		forbid: []string{"database/...", "modernc.org/...", "github.com/jackc/...", "github.com/pressly/..."},
		why:    "the store's interface is what everybody else has",
		breaks: edge{"scimserver/app", "database/sql"},
	},
	"the wire format stands alone": {
		of: []string{"scimserver/config"}, ownOnly: true, allow: []string{"scimserver/scim/schema"},
		why:    "both sides depend on it",
		breaks: edge{"scimserver/config", "scimserver/auth"},
	},
	"nothing depends on the programs, tests and tools": {
		of: []string{"api/...", "controllers/...", "scimserver/...", "plugin/...", "cmd/..."}, forbid: []string{"cmd/...", "test/...", "hack/..."},
		why:    "they are at the end of the graph",
		breaks: edge{"scimserver/app", "hack/run"},
	},
	"no test tools in programs": {
		of: []string{"api/...", "controllers/...", "scimserver/...", "plugin/...", "cmd/..."}, except: testCode, forbid: slices.Concat(testTools, testCode),
		why:    "they grow the programs and add flags to them",
		breaks: edge{"controllers/workload", "github.com/onsi/gomega"},
	},
	"Ginkgo is for the suites on an API server": {
		of: []string{"api/...", "scimserver/...", "plugin/...", "cmd/...", "hack/...", "test/..."}, except: []string{"test/e2e/...", "test/crd/..."}, tests: true,
		forbid: []string{"github.com/onsi/..."},
		why:    "unit tests are the standard library's, with go-cmp",
		breaks: edge{"scimserver/scim/filter", "github.com/onsi/ginkgo/v2"},
	},
	"the plugin is a client": {
		of: []string{"plugin/..."}, ownOnly: true, allow: []string{"api/...", "plugin/...", "controllers/workload"}, // for the names of container and folder
		why:    "it works with what the cluster holds, and runs the server's own program",
		breaks: edge{"plugin", "scimserver/directory"},
	},
	"nothing depends on the plugin": {
		of: []string{"api/...", "controllers/...", "scimserver/..."}, forbid: []string{"plugin/..."},
		why:    "it is one of several clients",
		breaks: edge{"controllers/tenant", "plugin/guide"},
	},
	"the server logs with slog, the operator with logr": {
		of: []string{"scimserver/...", "cmd/scimserver"}, except: []string{"scimserver/config/source/..."}, // which tames client-go's own
		forbid: []string{"log", "github.com/go-logr/...", "k8s.io/klog/...", "go.uber.org/zap/..."},
		why:    "one format and one place for what must not be logged",
		breaks: edge{"scimserver/auth", "log"},
	},
}

// violations are the imports that break a rule.
func (r rule) violations(all []pkg) []edge {
	var found []edge
	for _, p := range all {
		if !in(p.ImportPath, r.of) || in(p.ImportPath, r.except) {
			continue
		}
		for _, to := range r.imports(p) {
			if to != p.ImportPath && r.forbids(to) {
				found = append(found, edge{p.ImportPath, to})
			}
		}
	}
	return found
}

func (r rule) imports(p pkg) []string {
	list := p.Imports
	if r.transitive {
		list = p.Deps
	}
	if r.tests {
		list = slices.Concat(list, p.TestImports, p.XTestImports)
	}
	return list
}

func (r rule) forbids(to string) bool {
	switch {
	case in(to, r.allow):
		return false
	case r.ownOnly:
		return own(to)
	case r.foreignOnly:
		return !own(to) && !standard(to)
	}
	return in(to, r.forbid)
}

func TestImports(t *testing.T) {
	t.Parallel()
	all := packages(t)
	for name, r := range rules {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, e := range r.violations(all) {
				t.Errorf("%s imports %s: %s", e.from, e.to, r.why)
			}
		})
	}
}

// TestRulesCanFail breaks each rule on purpose.
func TestRulesCanFail(t *testing.T) {
	t.Parallel()
	for name, r := range rules {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			broken := pkg{ImportPath: r.breaks.from, Imports: []string{"fmt", r.breaks.to}, Deps: []string{"fmt", "errors", r.breaks.to}}
			if diff := cmp.Diff([]edge{r.breaks}, r.violations([]pkg{broken}), cmp.AllowUnexported(edge{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			fine := pkg{ImportPath: r.breaks.from, Imports: []string{"fmt"}, Deps: []string{"fmt", "errors"}}
			if got := r.violations([]pkg{fine}); len(got) > 0 {
				t.Errorf("an import of fmt breaks the rule: %v", got)
			}
			if r.why == "" {
				t.Error("the rule has no reason")
			}
		})
	}
}

// TestRulesReach: a rule for packages that are named otherwise now would hold nothing.
func TestRulesReach(t *testing.T) {
	t.Parallel()
	all := packages(t)
	for _, tree := range []string{"api/...", "scimserver/...", "scimserver/scim/..."} {
		if !slices.ContainsFunc(all, func(p pkg) bool { return in(p.ImportPath, []string{tree}) && len(p.Deps) > 0 }) {
			t.Errorf("there is no package %s", tree)
		}
	}
	for _, p := range all {
		if !own(p.ImportPath) {
			t.Errorf("%s: the rules know no such top folder", p.ImportPath)
		}
	}
}
