package config_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

const minimal = `{"version":1,"name":"a/b","baseURL":"http://x","tenants":[{"key":"n/t","identityProvider":"Okta",` +
	`"protocol":"Strict","uniqueIdentifier":"email","limits":{"bodyBytes":1000}}]}`

func TestDecodeRefusesText(t *testing.T) {
	t.Parallel()
	edit := func(from, to string) string {
		if !strings.Contains(minimal, from) {
			t.Fatalf("%s is not in the text", from)
		}
		return strings.Replace(minimal, from, to, 1)
	}
	for name, tc := range map[string]struct{ text, want string }{
		"empty":                  {"", "unexpected end"},
		"not JSON":               {"hello", "invalid character"},
		"cut":                    {minimal[:100], "unexpected end"},
		"array":                  {"[]", "cannot unmarshal array"},
		"null":                   {"null", "version is missing"},
		"no version":             {edit(`"version":1,`, ``), "version is missing"},
		"newer version":          {edit(`"version":1`, `"version":3,"shiny":true`), "version 3, this server reads 1 and 2"},
		"trailing value":         {minimal + `{}`, "after top-level value"},
		"unknown field":          {edit(`"name"`, `"shiny":1,"name"`), `unknown field "shiny"`},
		"unknown tenant field":   {edit(`"protocol"`, `"shiny":1,"protocol"`), `tenants[0] "n/t": json: unknown field "shiny"`},
		"repeated field":         {edit(`"name"`, `"baseURL":"http://y","name"`), `field "baseURL" is repeated`},
		"repeated by case":       {edit(`"protocol"`, `"Suspended":true,"suspended":false,"protocol"`), `tenants[0]: field "suspended" is repeated`},
		"repeated key":           {edit(`"key":"n/t"`, `"key":"n/t","key":"n/u"`), `tenants[0]: field "key" is repeated`},
		"null field":             {edit(`"a/b"`, `null`), "name: null"},
		"wrong type":             {edit(`"Okta"`, `7`), `tenants[0] "n/t": json: cannot unmarshal number`},
		"deep":                   {edit(`"key":"n/t"`, `"key":`+strings.Repeat("[", 20)+strings.Repeat("]", 20)), "nested more than"},
		"not UTF-8":              {edit(`a/b`, "a/\xff"), "not UTF-8"},
		"number beyond an int64": {edit(`1000`, `1e30`), "cannot unmarshal number"},
		"tenants out of order":   {edit(`"tenants":[`, `"tenants":[`+strings.Replace(minimalTenant, "n/t", "z/z", 1)+","), "out of order"},
		"tenant twice":           {edit(`"tenants":[`, `"tenants":[`+minimalTenant+","), `tenants[1] "n/t" is repeated`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Decode(zip(t, []byte(tc.text)))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

const minimalTenant = `{"key":"n/t","identityProvider":"Okta","protocol":"Strict","uniqueIdentifier":"email","limits":{"bodyBytes":1}}`

func TestDecodeRefusesBytes(t *testing.T) {
	t.Parallel()
	good := zip(t, []byte(minimal))
	flip := bytes.Clone(good)
	flip[len(flip)-6] ^= 1
	for name, tc := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":        {nil, "nothing under the key config.json.gz"},
		"not compressed": {[]byte(minimal), "gzip: invalid header"},
		"truncated":      {good[:len(good)-9], "unexpected EOF"},
		"bad checksum":   {flip, "checksum"},
		"second stream":  {append(bytes.Clone(good), good...), "after the end of the gzip stream"},
		"garbage behind": {append(bytes.Clone(good), "xyz"...), "3 bytes after"},
		"bomb":           {zip(t, make([]byte, config.MaxDecodedBytes+1)), "when unpacked"},
		"too long":       {make([]byte, config.MaxEncodedBytes+1), "at most"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Decode(tc.data)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
	if _, err := config.Decode(good); err != nil {
		t.Errorf("the sound one: %v", err)
	}
}

// FuzzDecode: never panics, and what is accepted survives Encode and Decode.
func FuzzDecode(f *testing.F) {
	data, err := config.Encode(full())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(unzip(f, data))
	f.Add([]byte(minimal))
	f.Add([]byte(`{"version":1,"name":"a/b","baseURL":"http://x","purges":[{"tenant":"a/b","uid":"1"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		_, _ = config.Decode(text) // as gzip
		s, err := config.Decode(zip(t, text))
		if err != nil {
			return
		}
		data, err := config.Encode(s)
		if err != nil {
			t.Fatalf("accepted but not encoded: %v", err)
		}
		again, err := config.Decode(data)
		if err != nil {
			t.Fatalf("encoded but not accepted: %v", err)
		}
		if diff := cmp.Diff(s, again, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-first +second):\n%s", diff)
		}
	})
}
