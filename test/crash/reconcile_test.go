package crash

import (
	"errors"
	"fmt"
	"strings"
)

// reconcile compares what the writer knows with what was found after a crash, and goes on from there.
func (w *writer) reconcile(f *found) (err error) {
	own := f.of(w)
	if err := compare(w.acknowledged, w.pending, own); err != nil {
		return fmt.Errorf("writer %s: %w", w.name, err)
	}
	for _, name := range w.refused {
		if _, ok := f.names[userName(name)]; !ok {
			err = errors.Join(err, fmt.Errorf("writer %s was refused the userName %s, which nobody has", w.name, name))
		}
	}
	w.adopt(f, own)
	return err
}

// adopt takes over what was found. Versions that were acknowledged are kept, as they must still be true.
func (w *writer) adopt(f *found, own cells) {
	for key := range w.pending {
		delete(w.versions, strings.TrimPrefix(key, "user/"))
	}
	w.acknowledged, w.pending, w.refused, w.newcomers, w.people = own, nil, nil, nil, nil
	clear(w.names)
	clear(w.ids)
	for external, id := range f.ids {
		if strings.HasPrefix(external, "shared.") || w.owns(external) {
			w.ids[external] = id
		}
	}
	for key, cell := range own {
		if external, ok := strings.CutPrefix(key, "user/"); ok {
			w.people = append(w.people, external)
			w.names[external], _, _ = strings.Cut(cell, " ")
			if w.versions[external] == "" {
				w.versions[external] = f.versions[external]
			}
		}
	}
	w.freed = nil // some of them may be taken again by the change that was under way
}
