package config

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// Decode reads what Encode wrote, and nothing else: damaged or oversized data, another version, unknown or repeated
// fields and invalid values are errors that name the tenant and the field.
func Decode(data []byte) (*Server, error) {
	text, err := decompress(data)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(text) {
		return nil, errors.New("config: not UTF-8")
	}
	if err := checkVersion(text); err != nil {
		return nil, err
	}
	if err := checkObjects(text); err != nil {
		return nil, err
	}
	s, err := decodeServer(text)
	if err != nil {
		return nil, err
	}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return canonical(s), nil
}

func decompress(data []byte) ([]byte, error) {
	if len(data) == 0 {
		return nil, fmt.Errorf("config: there is nothing under the key %s", SecretKey)
	}
	if len(data) > MaxEncodedBytes {
		return nil, fmt.Errorf("config: %d bytes, at most %d", len(data), MaxEncodedBytes)
	}
	src := bytes.NewReader(data)
	z, err := gzip.NewReader(src)
	if err != nil {
		return nil, fmt.Errorf("config: damaged: %w", err)
	}
	z.Multistream(false)
	text, err := io.ReadAll(io.LimitReader(z, MaxDecodedBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("config: damaged: %w", err)
	case len(text) > MaxDecodedBytes:
		return nil, fmt.Errorf("config: more than %d bytes when unpacked", MaxDecodedBytes)
	case src.Len() > 0:
		return nil, fmt.Errorf("config: %d bytes after the end of the gzip stream", src.Len())
	}
	return text, nil
}

// checkVersion comes before everything else: of another version nothing can be said but that.
func checkVersion(text []byte) error {
	var v struct {
		Version *int `json:"version"`
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return fmt.Errorf("config: %w", err)
	}
	switch {
	case v.Version == nil:
		return errors.New("config: version is missing")
	case *v.Version != Version:
		return fmt.Errorf("config: version %d, this server reads %d: run server and operator of one release", *v.Version, Version)
	}
	return nil
}

// wire is Server with its tenants unread, so that an error can name the tenant.
type wire struct {
	Version int               `json:"version"`
	Name    string            `json:"name"`
	BaseURL string            `json:"baseURL"`
	Owner   string            `json:"owner"`
	Tenants []json.RawMessage `json:"tenants"`
	Purges  []Purge           `json:"purges"`

	AllowedNetworks []string `json:"allowedNetworks"`
}

func decodeServer(text []byte) (*Server, error) {
	var w wire
	if err := strict(text, &w); err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	s := &Server{Version: w.Version, Name: w.Name, BaseURL: w.BaseURL, Owner: w.Owner, Purges: w.Purges, AllowedNetworks: w.AllowedNetworks}
	if len(w.Tenants) > MaxTenants {
		return nil, fmt.Errorf("config: %d tenants, at most %d", len(w.Tenants), MaxTenants)
	}
	for i, raw := range w.Tenants {
		var t Tenant
		if err := strict(raw, &t); err != nil {
			return nil, fmt.Errorf("config: tenants[%d] %q: %w", i, t.Key, err)
		}
		s.Tenants = append(s.Tenants, t)
	}
	return s, nil
}

func strict(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(v)
}
