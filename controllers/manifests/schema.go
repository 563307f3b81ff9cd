package manifests

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"regexp"
	"sync"

	apiyaml "sigs.k8s.io/yaml"

	"github.com/scim-operator/scim-operator/config/crd"
)

// schema is the part of a CRD's schema that can be checked without CEL. What CEL rules say beyond it is checked, where it
// matters, when the tenants are compiled.
type schema struct {
	Type                 string             `json:"type"`
	Properties           map[string]*schema `json:"properties"`
	AdditionalProperties *schema            `json:"additionalProperties"`
	Items                *schema            `json:"items"`
	Required             []string           `json:"required"`
	Enum                 []any              `json:"enum"`
	Default              json.RawMessage    `json:"default"`
	Pattern              string             `json:"pattern"`
	MinLength            *int               `json:"minLength"`
	MaxLength            *int               `json:"maxLength"`
	Minimum              *float64           `json:"minimum"`
	Maximum              *float64           `json:"maximum"`
	MinItems             *int               `json:"minItems"`
	MaxItems             *int               `json:"maxItems"`
	MinProperties        *int               `json:"minProperties"`
	MaxProperties        *int               `json:"maxProperties"`
	IntOrString          bool               `json:"x-kubernetes-int-or-string"`
	PreserveUnknown      bool               `json:"x-kubernetes-preserve-unknown-fields"`
	ListType             string             `json:"x-kubernetes-list-type"`
	ListMapKeys          []string           `json:"x-kubernetes-list-map-keys"`

	pattern *regexp.Regexp
}

type definition struct {
	Spec struct {
		Names    struct{ Kind string }
		Versions []struct {
			Schema struct {
				OpenAPIV3Schema *schema `json:"openAPIV3Schema"`
			}
		}
	}
}

// schemas are those of the four kinds, read when they are first needed.
var schemas = sync.OnceValues(func() (map[string]*schema, error) {
	out := map[string]*schema{}
	files, err := fs.Glob(crd.Bases, "bases/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		text, err := crd.Bases.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var d definition
		if err := apiyaml.Unmarshal(text, &d); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		root := d.Spec.Versions[0].Schema.OpenAPIV3Schema
		if err := root.compile(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[d.Spec.Names.Kind] = root
	}
	return out, nil
})

// compile prepares the patterns of the schema and all below it.
func (s *schema) compile() (err error) {
	if s == nil {
		return nil
	}
	if s.Pattern != "" {
		if s.pattern, err = regexp.Compile(s.Pattern); err != nil {
			return err
		}
	}
	for _, p := range s.Properties {
		if err := p.compile(); err != nil {
			return err
		}
	}
	if err := s.AdditionalProperties.compile(); err != nil {
		return err
	}
	return s.Items.compile()
}

// withDefaults fills in what the API server would.
func (s *schema) withDefaults(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, p := range s.Properties {
			if _, ok := v[name]; !ok && p.Default != nil {
				var value any
				_ = json.Unmarshal(p.Default, &value) // it comes from a document that was read
				v[name] = value
			}
		}
		for name, value := range v {
			if p := s.property(name); p != nil {
				v[name] = p.withDefaults(value)
			}
		}
	case []any:
		if s.Items != nil {
			for i := range v {
				v[i] = s.Items.withDefaults(v[i])
			}
		}
	}
	return v
}

// property is the schema of a member, nil if there is none.
func (s *schema) property(name string) *schema {
	if p, ok := s.Properties[name]; ok {
		return p
	}
	return s.AdditionalProperties
}
