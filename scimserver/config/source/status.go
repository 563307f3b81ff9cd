package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

// statusRecheck is how long an unchanged report is taken to be still there.
const statusRecheck = time.Minute

// StatusConfigMap writes reports under a pod's keys of the status ConfigMap, and of those with a number behind the name where
// the configuration has several shards. Somebody else creates them, and other pods have theirs in them. It is for one
// goroutine.
type StatusConfigMap struct {
	Client *Client
	Object
	Key   string // the pod's name
	Clock func() time.Time

	written map[int]written // by number
}

// written is what a ConfigMap has of this pod.
type written struct {
	data    map[string]string
	checked time.Time
}

// Report makes r the content of the pod's keys. What has not changed costs a read once a minute, since a ConfigMap may have
// been made anew, and no write; a change writes the pages that it concerns.
func (m *StatusConfigMap) Report(ctx context.Context, r config.Report) error {
	data, err := config.ReportData(r, m.Key)
	if err != nil {
		return err
	}
	if m.written == nil {
		m.written = map[int]written{}
	}
	numbers := make([]int, 0, len(data))
	for n := range data {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	slices.Reverse(numbers) // the head comes last: it says that all is there
	var errs []error
	for _, n := range numbers {
		if err := m.update(ctx, m.object(n), n, data[n]); err != nil {
			errs = append(errs, fmt.Errorf("status ConfigMap %s: %w", m.object(n), err))
		}
	}
	for n := range m.written {
		if data[n] == nil {
			delete(m.written, n) // what it holds counts no longer
		}
	}
	return errors.Join(errs...)
}

func (m *StatusConfigMap) object(n int) Object {
	o := m.Object
	if n > 0 {
		o.Name = fmt.Sprintf("%s-%d", o.Name, n)
	}
	return o
}

func (m *StatusConfigMap) update(ctx context.Context, o Object, n int, want map[string]string) error {
	now, have := m.Clock(), m.written[n]
	patch := changes(have.data, want)
	switch recheck := now.Sub(have.checked) >= statusRecheck; {
	case len(patch) == 0 && !recheck:
		return nil
	case have.data != nil && recheck, have.data == nil && len(want) > 1: // what an earlier process has left may be in the way
		there, err := m.read(ctx, o)
		if err != nil {
			return err
		}
		patch = changes(there, want)
	}
	if err := m.write(ctx, o, patch); err != nil {
		delete(m.written, n)
		return err
	}
	m.written[n] = written{data: want, checked: now}
	return nil
}

// changes are the keys to be written, nil for those to be removed.
func changes(have, want map[string]string) map[string]*string {
	patch := map[string]*string{}
	for key, text := range want {
		if was, ok := have[key]; !ok || was != text {
			patch[key] = &text
		}
	}
	for key := range have {
		if _, ok := want[key]; !ok {
			patch[key] = nil
		}
	}
	return patch
}

// read returns what the ConfigMap has of this pod.
func (m *StatusConfigMap) read(ctx context.Context, o Object) (map[string]string, error) {
	var have struct {
		Data map[string]string `json:"data"`
	}
	if err := m.Client.call(ctx, http.MethodGet, "", nil, &have, o.Namespace, "configmaps", o.Name); err != nil {
		return nil, err
	}
	for key := range have.Data {
		if config.PodOf(key) != m.Key {
			delete(have.Data, key)
		}
	}
	return have.Data, nil
}

func (m *StatusConfigMap) write(ctx context.Context, o Object, data map[string]*string) error {
	if len(data) == 0 {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"data": data})
	if err != nil {
		return err
	}
	return m.Client.call(ctx, http.MethodPatch, "application/merge-patch+json", patch, nil, o.Namespace, "configmaps", o.Name)
}
