package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxDepth of nested objects and arrays: server, tenants, tenant, extensions, extension, attributes, attribute,
// subAttributes, attribute, canonicalValues.
const maxDepth = 12

// checkObjects finds what encoding/json lets pass: repeated members (also by letter case, since it matches names so),
// deep nesting and data after the end.
func checkObjects(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if err := checkValue(d, "", 0); err != nil {
		return fmt.Errorf("config: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("config: data after the end of the JSON value")
	}
	return nil
}

func checkValue(d *json.Decoder, path string, depth int) error {
	t, err := d.Token()
	if err != nil {
		return fmt.Errorf("%s: %w", at(path), err)
	}
	if depth > maxDepth {
		return fmt.Errorf("%s: nested more than %d deep", at(path), maxDepth)
	}
	switch t {
	case json.Delim('{'):
		return checkMembers(d, path, depth)
	case json.Delim('['):
		return checkElements(d, path, depth)
	case nil:
		return fmt.Errorf("%s: null", at(path))
	}
	return nil
}

// freeForm tells whether the member names of an object are data, in which case matters.
func freeForm(path string) bool {
	return strings.HasSuffix(path, ".values") || strings.HasSuffix(path, ".parameters")
}

func checkMembers(d *json.Decoder, path string, depth int) error {
	seen, free := map[string]bool{}, freeForm(path)
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return fmt.Errorf("%s: %w", at(path), err)
		}
		name, _ := t.(string)
		key := name
		if !free {
			key = strings.ToLower(name)
		}
		if seen[key] {
			return fmt.Errorf("%s: field %q is repeated", at(path), name)
		}
		seen[key] = true
		if err := checkValue(d, path+"."+name, depth+1); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func checkElements(d *json.Decoder, path string, depth int) error {
	for i := 0; d.More(); i++ {
		if err := checkValue(d, fmt.Sprintf("%s[%d]", path, i), depth+1); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func at(path string) string {
	if path == "" {
		return "top level"
	}
	return strings.TrimPrefix(path, ".")
}
