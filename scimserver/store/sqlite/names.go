package sqlite

import (
	"maps"
	"sync"
)

// names mirrors the committed rows of symbol, which are never changed or deleted.
type names struct {
	mu      sync.RWMutex
	symbols map[string]int64
	text    map[int64]string
}

// load reads the table.
func (n *names) load(s *session) error {
	st, err := s.prepare("SELECT name, id FROM symbol")
	if err != nil {
		return err
	}
	defer st.Reset()
	symbols := make(map[string]int64)
	for {
		row, err := st.Step()
		if err != nil {
			return err
		}
		if !row {
			break
		}
		symbols[st.Text(0)] = st.Int64(1)
	}
	n.symbols, n.text = make(map[string]int64), make(map[int64]string)
	n.publish(symbols)
	return nil
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

// publish takes in what a commit has made.
func (n *names) publish(symbols map[string]int64) {
	if len(symbols) == 0 {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	maps.Copy(n.symbols, symbols)
	for name, id := range symbols {
		n.text[id] = name
	}
}
