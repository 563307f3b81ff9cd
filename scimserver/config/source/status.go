package source

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

// statusRecheck is how long an unchanged report is taken to be still there.
const statusRecheck = time.Minute

// StatusConfigMap writes reports under one key of the status ConfigMap, which somebody else creates and in which other
// pods have theirs. It is for one goroutine.
type StatusConfigMap struct {
	Client *Client
	Object
	Key   string // the pod's name
	Clock func() time.Time

	last    string
	checked time.Time
}

// Report makes r the content of the key. An unchanged report costs a read once a minute, since the ConfigMap may have
// been made anew, and no write.
func (m *StatusConfigMap) Report(ctx context.Context, r config.Report) error {
	text, err := config.EncodeReport(r)
	if err != nil {
		return err
	}
	now := m.Clock()
	if string(text) == m.last && now.Sub(m.checked) < statusRecheck {
		return nil
	}
	if err := m.write(ctx, string(text)); err != nil {
		return fmt.Errorf("status ConfigMap %s: %w", m.Object, err)
	}
	m.last, m.checked = string(text), now
	return nil
}

func (m *StatusConfigMap) write(ctx context.Context, text string) error {
	var have struct {
		Data map[string]string `json:"data"`
	}
	if text == m.last {
		if err := m.Client.call(ctx, http.MethodGet, "", nil, &have, m.Namespace, "configmaps", m.Name); err != nil {
			return err
		}
		if have.Data[m.Key] == text {
			return nil
		}
	}
	patch, err := json.Marshal(map[string]any{"data": map[string]string{m.Key: text}})
	if err != nil {
		return err
	}
	return m.Client.call(ctx, http.MethodPatch, "application/merge-patch+json", patch, nil, m.Namespace, "configmaps", m.Name)
}
