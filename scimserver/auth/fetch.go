package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Bounds on what an issuer is asked for.
const (
	fetchTimeout = 10 * time.Second
	maxDocument  = 512 << 10 // bytes, of a key set or of an issuer's metadata
	maxKeys      = 100
	maxRedirects = 3
)

// Source is where the keys of an issuer are.
type Source struct {
	Issuer  string
	JWKSURL string // "": where the metadata of the issuer say (OpenID Connect Discovery 1.0 §4)
}

// NewKeySet makes a KeySet that is empty until it is used. client is one of NewClient, or a test's.
func NewKeySet(src Source, client *http.Client, clock func() time.Time) *KeySet {
	return &KeySet{clock: clock, fetch: func(ctx context.Context) ([]jose.JSONWebKey, error) {
		ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
		defer cancel()
		keys, err := fetchKeys(ctx, client, src)
		if err != nil {
			return nil, fmt.Errorf("keys of issuer %s: %w", src.Issuer, err)
		}
		return keys, nil
	}}
}

// NewClient returns a client that follows few redirects, none of them away from TLS, and keeps few connections.
func NewClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 1
	transport.ResponseHeaderTimeout = fetchTimeout
	return &http.Client{Transport: transport, CheckRedirect: checkRedirect}
}

func checkRedirect(next *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects || next.URL.Scheme != "https" {
		return errors.New("too many redirects, or one away from https")
	}
	return nil
}

func fetchKeys(ctx context.Context, client *http.Client, src Source) ([]jose.JSONWebKey, error) {
	from := src.JWKSURL
	if from == "" {
		var err error
		if from, err = discover(ctx, client, src.Issuer); err != nil {
			return nil, err
		}
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := getJSON(ctx, client, from, &set); err != nil {
		return nil, err
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("%s: more than %d keys", from, maxKeys)
	}
	keys := parseKeys(set.Keys)
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s: %w", from, errNoKeys)
	}
	return keys, nil
}

// parseKeys leaves out keys of kinds it does not know (RFC 7517 §5).
func parseKeys(texts []json.RawMessage) (keys []jose.JSONWebKey) {
	for _, text := range texts {
		var k jose.JSONWebKey
		if json.Unmarshal(text, &k) == nil {
			keys = append(keys, k)
		}
	}
	return usable(keys)
}

// discover reads the issuer's metadata, which must be of that very issuer.
func discover(ctx context.Context, client *http.Client, issuer string) (string, error) {
	var metadata struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	from := strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
	if err := getJSON(ctx, client, from, &metadata); err != nil {
		return "", err
	}
	if metadata.Issuer != issuer {
		return "", fmt.Errorf("%s: is the metadata of another issuer; set jwksURL", from)
	}
	if u, err := url.Parse(metadata.JWKSURI); err != nil || u.Scheme != "https" {
		return "", fmt.Errorf("%s: jwks_uri is no https URL", from)
	}
	return metadata.JWKSURI, nil
}

func getJSON(ctx context.Context, client *http.Client, from string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, http.NoBody)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: answered %s", from, res.Status)
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxDocument+1))
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", from, err)
	case len(text) > maxDocument:
		return fmt.Errorf("%s: more than %d bytes", from, maxDocument)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return nil
}
