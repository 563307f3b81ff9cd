package storetest

import (
	"slices"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Open makes an empty store, which the test closes.
type Open func(tb testing.TB) store.Store

// Run runs the conformance suite, or only parts of it. Each test gets a store of its own.
func Run(t *testing.T, open Open, only ...string) {
	suites := map[string]map[string]func(*testing.T, *bench){
		"Resources":    resourceTests,
		"Uniqueness":   uniquenessTests,
		"Transactions": transactionTests,
		"Snapshots":    snapshotTests,
		"Members":      memberTests,
		"Lists":        listTests,
		"Passwords":    passwordTests,
		"Walks":        walkTests,
		"Tenants":      tenantTests,
		"Application":  applicationTests,
		"Outbox":       outboxTests,
		"Log":          logTests,
		"Work":         workTests,
		"Claims":       claimTests,
		"Owners":       ownerTests,
		"Transfer":     transferTests,
	}
	for name, tests := range suites {
		if len(only) > 0 && !slices.Contains(only, name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for name, test := range tests {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					test(t, newBench(t, open(t)))
				})
			}
		})
	}
}
