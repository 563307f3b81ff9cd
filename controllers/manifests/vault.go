package manifests

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/credentials"
	"github.com/scim-operator/scim-operator/controllers/manifests/folder"
)

// vault keeps credentials Secrets as files that only their owner may read: namespace/name.yaml is the Secret,
// namespace/name.header the HTTP header for curl. Keys are namespace/name, whose form the folder has checked.
type vault struct {
	dir string
	// name of the Secret for the name of what it belongs to.
	name func(string) string
	// comment stands above the Secret; %s is what it belongs to.
	comment string
}

func newVault(data string) vault {
	return vault{
		dir: filepath.Join(data, "credentials"), name: v1alpha1.CredentialsSecretName,
		comment: "What the identity provider of SCIMTenant %s is given. Delete this file to replace the token.",
	}
}

// newFeedVault is for the feed credentials of applications.
func newFeedVault(data string) vault {
	return vault{
		dir: filepath.Join(data, "feed-credentials"), name: v1alpha1.FeedCredentialsSecretName,
		comment: "With this SCIMApplication %s reads its member feeds. Delete this file to replace the token.",
	}
}

func (v vault) secretFile(key string) string {
	return filepath.Join(v.dir, filepath.FromSlash(key)+".yaml")
}

func (v vault) headerFile(key string) string {
	return filepath.Join(v.dir, filepath.FromSlash(key)+".header")
}

// read returns a tenant's Secret; nil without an error: there is none.
func (v vault) read(key string) (*folder.Secret, error) {
	s, err := folder.ReadSecret(v.secretFile(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("credentials %s: %w", v.secretFile(key), err)
	}
	return &s, nil
}

// write keeps a tenant's Secret, where it differs from the current one.
func (v vault) write(key string, current *folder.Secret, next folder.Secret) error {
	if current == nil || !credentials.Same(current.Data, next.Data) || !maps.Equal(current.Annotations, next.Annotations) {
		text, err := v.render(key, next)
		if err != nil {
			return err
		}
		if err := replaceFile(v.secretFile(key), text); err != nil {
			return fmt.Errorf("keep credentials: %w", err)
		}
	}
	return v.writeHeader(key, next)
}

// writeHeader keeps the header that curl takes; of a tenant without a token there is none.
func (v vault) writeHeader(key string, next folder.Secret) error {
	if len(next.Data[v1alpha1.SecretKeyAuthorization]) == 0 {
		if err := os.Remove(v.headerFile(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("keep credentials: %w", err)
		}
		return nil
	}
	header := "Authorization: " + string(next.Data[v1alpha1.SecretKeyAuthorization]) + "\n"
	if have, err := os.ReadFile(v.headerFile(key)); err == nil && string(have) == header {
		return nil
	}
	if err := replaceFile(v.headerFile(key), []byte(header)); err != nil {
		return fmt.Errorf("keep credentials: %w", err)
	}
	return nil
}

// render writes a Secret so that people can read it, and kubectl.
func (v vault) render(key string, s folder.Secret) ([]byte, error) {
	namespace, name, _ := strings.Cut(key, "/")
	metadata := map[string]any{"namespace": namespace, "name": v.name(name)}
	if len(s.Annotations) > 0 {
		metadata["annotations"] = s.Annotations
	}
	data := map[string]string{}
	for _, k := range slices.Collect(maps.Keys(s.Data)) {
		data[k] = string(s.Data[k])
	}
	text, err := yaml.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": v1alpha1.SecretTypeCredentials, "metadata": metadata, "stringData": data,
	})
	if err != nil {
		return nil, fmt.Errorf("credentials of %s: %w", key, err)
	}
	return append(fmt.Appendf(nil, "# "+v.comment+"\n", key), text...), nil
}

// remove deletes a tenant's credentials.
func (v vault) remove(key string) error {
	var errs []error
	for _, f := range []string{v.secretFile(key), v.headerFile(key)} {
		if err := os.Remove(f); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	_ = os.Remove(filepath.Dir(v.secretFile(key))) // if it was the last one of its namespace
	return errors.Join(errs...)
}
