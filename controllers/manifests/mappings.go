package manifests

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// Mappings makes one mapping of a stream of SCIMMappings; a field that there is none of is an error. Objects of other
// kinds are passed over, so that the file that is applied can be given as it is.
func Mappings(text []byte) (*config.Mapping, error) {
	var list []*v1alpha1.SCIMMapping
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		doc, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("mappings: %w", err)
		}
		m, err := readMapping(doc)
		if err != nil {
			return nil, err
		}
		if m != nil {
			list = append(list, m)
		}
	}
	if len(list) == 0 {
		return nil, errors.New("the files hold no SCIMMapping")
	}
	return compile.Layered(list), nil
}

func readMapping(doc []byte) (*v1alpha1.SCIMMapping, error) {
	var head struct{ Kind string }
	if err := yaml.Unmarshal(doc, &head); err != nil {
		return nil, fmt.Errorf("mappings: %w", err)
	}
	if head.Kind != "SCIMMapping" {
		return nil, nil
	}
	m := &v1alpha1.SCIMMapping{}
	if err := yaml.UnmarshalStrict(doc, m); err != nil {
		return nil, fmt.Errorf("mappings: %w", err)
	}
	return m, nil
}
