package move

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// remote is the source as the target sees it; it implements transfer.Source.
type remote struct {
	Party
	http *http.Client
}

// post sends an order; the caller closes the body.
func (r *remote) post(ctx context.Context, what string, o order) (*http.Response, error) {
	body, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.Peer+Path+what, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set(headerMove, r.ID)
	req.Header.Set(headerKey, r.Key)
	answer, err := r.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask the other server for %s: %w", what, err)
	}
	if answer.StatusCode/100 != 2 {
		defer func() { _ = answer.Body.Close() }()
		return nil, refusal(answer)
	}
	return answer, nil
}

func (r *remote) order(ctx context.Context, what string, o order) error {
	answer, err := r.post(ctx, what, o)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

func (r *remote) standing(ctx context.Context) (st standing, err error) {
	answer, err := r.post(ctx, "standing", order{})
	if err != nil {
		return st, err
	}
	defer func() { _ = answer.Body.Close() }()
	err = json.NewDecoder(answer.Body).Decode(&st)
	return st, err
}

// Sums implements transfer.Source.
func (r *remote) Sums(ctx context.Context, yield func(store.RowSum) error) error {
	answer, err := r.post(ctx, "sums", order{})
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	return readLines(answer.Body, func(l *line) error {
		s, err := l.sum()
		if err != nil {
			return err
		}
		return yield(s)
	})
}

// Rows implements transfer.Source.
func (r *remote) Rows(ctx context.Context, kind string, keys []string, yield func(store.Row) error) error {
	answer, err := r.post(ctx, "rows", order{Kind: kind, Keys: keys})
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	return readLines(answer.Body, func(l *line) error {
		if l.Row == nil {
			return errCut
		}
		if err := l.Row.Check(); err != nil {
			return err
		}
		return yield(*l.Row)
	})
}
