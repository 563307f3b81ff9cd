package manifests

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/credentials"
)

// fileBrought marks credentials whose token comes from a Secret of the manifests.
const fileBrought = "token-from"

// folder is where the credentials of a tenant are: one file for each key that a credentials Secret has.
func (l *Loader) folder(t *v1alpha1.SCIMTenant) string {
	return filepath.Join(l.Data, "credentials", t.Namespace, t.Name)
}

// credentials keeps the credentials of a tenant, as the operator keeps its Secret. Deleting the file of the token issues
// a new one.
func (l *Loader) credentials(t *v1alpha1.SCIMTenant, url, brought string) (*credentials.Facts, error) {
	dir := l.folder(t)
	current, err := readFolder(dir)
	if err != nil {
		return nil, err
	}
	request := credentials.Request{
		Current: current, URL: url, Brought: brought, WasBrought: len(current[fileBrought]) > 0,
		Every: compile.Every(t), Now: l.Now(), Rand: l.Rand,
	}
	data, cause, err := credentials.Next(request)
	if err != nil {
		return nil, err
	}
	if brought != "" {
		data[fileBrought] = []byte(t.Spec.Auth.Bearer.SecretRef.Name)
	}
	if !credentials.Same(current, data) {
		if err := writeFolder(dir, data); err != nil {
			return nil, err
		}
	}
	if cause != credentials.Kept {
		l.Log.Info("issued credentials", "tenant", compile.Key(t), "cause", string(cause), "folder", dir, "baseURL", url)
	}
	facts, err := credentials.Parse(data)
	return &facts, err
}

// readFolder reads the files of a folder, which need not be there.
func readFolder(dir string) (map[string][]byte, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("credentials: %w", err)
	}
	out := map[string][]byte{}
	for _, e := range entries {
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("credentials: %w", err)
		}
		out[e.Name()] = data
	}
	return out, nil
}

// writeFolder makes the files of a folder what data says, readable for nobody else. The token is written last: a crash in
// between leaves the earlier one, or none, and then another is issued.
func writeFolder(dir string, data map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("credentials: %w", err)
	}
	have, err := readFolder(dir)
	if err != nil {
		return err
	}
	for name := range have {
		if _, ok := data[name]; !ok {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				return fmt.Errorf("credentials: %w", err)
			}
		}
	}
	for name, value := range data {
		if name != v1alpha1.SecretKeyToken {
			err = errors.Join(err, replace(dir, name, value))
		}
	}
	if err == nil {
		err = replace(dir, v1alpha1.SecretKeyToken, data[v1alpha1.SecretKeyToken])
	}
	if err != nil {
		return fmt.Errorf("credentials: %w", err)
	}
	return nil
}

// replace writes a file as a whole.
func replace(dir, name string, value []byte) error {
	f, err := os.CreateTemp(dir, ".new-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(value)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
