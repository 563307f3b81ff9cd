package folder

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// MaxFileBytes is the size of a file up to which it is read.
const MaxFileBytes = 16 << 20

// Files lists the manifests of a folder, not of folders in it: *.yaml, *.yml and *.json. Hidden files and kustomizations
// are none. Links are followed, as in a mounted ConfigMap.
func Files(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("manifests: %w", err)
	}
	var files []string
	for _, e := range entries {
		if !IsManifest(e.Name()) || e.IsDir() {
			continue
		}
		file := filepath.Join(dir, e.Name())
		if info, err := os.Stat(file); err == nil && info.IsDir() {
			continue
		}
		files = append(files, file)
	}
	return files, nil
}

// IsManifest tells from the name of a file whether it is read.
func IsManifest(name string) bool {
	ext := strings.ToLower(filepath.Ext(name))
	base := strings.ToLower(strings.TrimSuffix(name, filepath.Ext(name)))
	return slices.Contains([]string{".yaml", ".yml", ".json"}, ext) && name[0] != '.' && base != "kustomization"
}

// Read reads the manifests of a folder. There are objects or an error, which joins up to ten findings.
func Read(dir string) (*Objects, error) {
	files, err := Files(dir)
	if err != nil {
		return nil, err
	}
	d := &decoder{objects: newObjects()}
	for _, file := range files {
		data, err := readFile(file)
		if err != nil {
			d.errs = append(d.errs, err)
			continue
		}
		d.file(filepath.Base(file), data)
	}
	return d.result()
}

func (d *decoder) file(name string, data []byte) {
	for _, doc := range split(name, data) {
		d.document(doc)
	}
}

func (d *decoder) result() (*Objects, error) {
	if n := len(d.errs) - maxIssues; n > 0 {
		d.errs = append(d.errs[:maxIssues], fmt.Errorf("and %d more", n))
	}
	if len(d.errs) > 0 {
		return nil, errors.Join(d.errs...)
	}
	return d.objects, nil
}

// ReadSecret reads a file that holds a Secret and nothing else.
func ReadSecret(file string) (Secret, error) {
	data, err := readFile(file)
	if err != nil {
		return Secret{}, err
	}
	d := &decoder{objects: newObjects()}
	d.file(filepath.Base(file), data)
	objects, err := d.result()
	if err != nil {
		return Secret{}, err
	}
	if len(objects.Secrets) != 1 || len(objects.places) != 1 {
		return Secret{}, fmt.Errorf("%s: must hold one Secret", file)
	}
	for _, s := range objects.Secrets {
		return s, nil
	}
	return Secret{}, nil
}

// readFile reads a regular file that is not too large.
func readFile(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("manifests: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: file, Err: errors.New("not a regular file")}
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("manifests: %w", err)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, MaxFileBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("manifests: %w", err)
	case len(data) > MaxFileBytes:
		return nil, fmt.Errorf("manifests: %s: more than %d bytes", file, MaxFileBytes)
	}
	return data, nil
}
