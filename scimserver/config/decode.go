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

// Decode is Decoder.Decode for a single configuration.
func Decode(data []byte) (*Server, error) {
	l, err := new(Decoder).Decode(data)
	if err != nil {
		return nil, err
	}
	return l.Server, nil
}

// readShard reads JSON strictly.
func readShard(text []byte) (*wireShard, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("config: not UTF-8")
	}
	if err := checkVersion(text); err != nil {
		return nil, err
	}
	if err := checkObjects(text); err != nil {
		return nil, err
	}
	return decodeShard(text)
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
	case *v.Version != Version && *v.Version != shardVersion:
		return fmt.Errorf("config: version %d, this server reads %d and %d: run server and operator of one release", *v.Version, Version, shardVersion)
	}
	return nil
}

// unread is wireShard with its tenants unread, so that an error can name the tenant.
type unread struct {
	wireShard
	Tenants []json.RawMessage `json:"tenants"`
}

func decodeShard(text []byte) (*wireShard, error) {
	var w unread
	if err := strict(text, &w); err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	if w.Version == Version && (w.Layout != nil || w.Place != nil || !w.Parts.empty()) {
		return nil, fmt.Errorf("config: shards and parts need version %d", shardVersion)
	}
	if len(w.Tenants) > MaxTenants {
		return nil, fmt.Errorf("config: %d tenants, at most %d", len(w.Tenants), MaxTenants)
	}
	out := &w.wireShard
	out.Tenants = make([]wireTenant, len(w.Tenants))
	for i, raw := range w.Tenants {
		t := &out.Tenants[i]
		err := strict(raw, t)
		if err == nil {
			err = t.resolve(w.Parts)
		}
		if err != nil {
			return nil, fmt.Errorf("config: tenants[%d] %q: %w", i, t.Key, err)
		}
	}
	return out, nil
}

func strict(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(v)
}
