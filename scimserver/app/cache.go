package app

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// cache is a file with the last good configuration. It holds hashes of tokens, so nobody else may read it.
type cache struct {
	file string // empty: nothing is kept
}

func (c cache) load() ([]byte, error) {
	if c.file == "" {
		return nil, fs.ErrNotExist
	}
	data, err := os.ReadFile(c.file)
	if err != nil {
		return nil, fmt.Errorf("cached configuration: %w", err)
	}
	return data, nil
}

// save replaces the file as a whole: after a crash it holds the old content or the new one.
func (c cache) save(data []byte) error {
	if c.file == "" {
		return nil
	}
	if have, err := os.ReadFile(c.file); err == nil && bytes.Equal(have, data) {
		return nil
	}
	if err := replaceFile(c.file, data); err != nil {
		return fmt.Errorf("cached configuration: %w", err)
	}
	return nil
}

func replaceFile(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(filepath.Dir(name))
}

func syncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
