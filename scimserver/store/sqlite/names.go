package sqlite

import (
	"maps"
	"sync"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"
)

// names mirrors the committed rows of symbol, which are never changed or deleted, and of those of tenant that have a key.
type names struct {
	mu      sync.RWMutex
	symbols map[string]int64
	text    map[int64]string
	tenants map[string]int64
	owners  map[string]store.Ownership // of those that somebody owns
	self    map[string]string          // whom the process acts as, by tenant
}

// mirrored are the tables, which everybody reads who asks for a name.
var mirrored = conn.TablesNamed("symbol", "tenant")

// load reads the tables.
func (n *names) load(s *session) error {
	symbols, err := readNames(s, "SELECT name, id FROM symbol")
	if err != nil {
		return err
	}
	tenants, err := readNames(s, "SELECT key, id FROM tenant WHERE key IS NOT NULL")
	if err != nil {
		return err
	}
	owners, err := readOwners(s)
	if err != nil {
		return err
	}
	n.symbols, n.text, n.tenants = make(map[string]int64), make(map[int64]string), make(map[string]int64)
	n.owners, n.self = make(map[string]store.Ownership), make(map[string]string)
	n.publish(&ledger{symbols: symbols, tenants: tenants, owners: owners})
	return nil
}

func readNames(s *session, sql string) (map[string]int64, error) {
	st, err := s.prepare(sql)
	if err != nil {
		return nil, err
	}
	defer st.Reset()
	ids := make(map[string]int64)
	for {
		row, err := st.Step()
		if err != nil || !row {
			return ids, err
		}
		ids[st.Text(0)] = st.Int64(1)
	}
}

// symbol returns the number of a symbol, 0 if there is none.
func (n *names) symbol(name string) int64 {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.symbols[name]
}

// symbolText is the reverse of symbol.
func (n *names) symbolText(id int64) string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.text[id]
}

// tenant returns the number of the tenant with the key, 0 if there is none.
func (n *names) tenant(key string) int64 {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.tenants[key]
}

// publish takes in what a commit has made, and of tenants also what it has taken away.
func (n *names) publish(l *ledger) {
	if len(l.symbols)+len(l.tenants)+len(l.owners) == 0 {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	maps.Copy(n.symbols, l.symbols)
	for name, id := range l.symbols {
		n.text[id] = name
	}
	maps.Copy(n.tenants, l.tenants)
	maps.DeleteFunc(n.tenants, func(_ string, id int64) bool { return id == 0 })
	maps.Copy(n.owners, l.owners)
	maps.DeleteFunc(n.owners, func(_ string, o store.Ownership) bool { return o == store.Ownership{} })
}
