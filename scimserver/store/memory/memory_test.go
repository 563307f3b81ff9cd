package memory_test

import (
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/memory"
	"github.com/scim-operator/scim-operator/scimserver/store/storetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(testing.TB) store.Store { return memory.New() })
}

func TestModel(t *testing.T) {
	t.Parallel()
	storetest.RunModel(t, func(testing.TB) store.Store { return memory.New() })
}

func TestOutboxModel(t *testing.T) {
	t.Parallel()
	storetest.RunOutboxModel(t, func(testing.TB) store.Store { return memory.New() })
}
