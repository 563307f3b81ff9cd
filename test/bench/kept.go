package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// kept is a populated database that is kept for later runs. A measurement works on a copy of it.
type kept struct {
	dir string // empty: nothing is kept
}

const (
	keptDatabase = "data"
	keptIDs      = "ids.txt" // written last: without it the copy is not whole
)

func keptFor(s settings, users int) kept {
	if s.keep == "" {
		return kept{}
	}
	name := fmt.Sprintf("users-%d", users)
	if s.store != "sqlite" {
		name = s.store + "-" + name
	}
	return kept{filepath.Join(s.keep, name)}
}

// load copies the database to data and returns the users' ids, none where nothing is kept.
func (k kept) load(data string, users int) ([]string, error) {
	if k.dir == "" {
		return nil, nil
	}
	text, err := os.ReadFile(filepath.Join(k.dir, keptIDs))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ids := strings.Fields(string(text))
	if len(ids) != users {
		return nil, fmt.Errorf("%s holds %d users instead of %d: delete it", k.dir, len(ids), users)
	}
	if err := os.CopyFS(data, os.DirFS(filepath.Join(k.dir, keptDatabase))); err != nil {
		return nil, err
	}
	return ids, warm(data)
}

// warm reads all files of a folder, as the system may copy them without keeping them in memory, where a database is that
// was just populated.
func warm(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(io.Discard, struct{ io.Reader }{f})
		return err
	})
}

// save keeps the database of a server that has stopped.
func (k kept) save(data string, ids []string) error {
	if k.dir == "" {
		return nil
	}
	if err := os.RemoveAll(k.dir); err != nil {
		return err
	}
	if err := os.MkdirAll(k.dir, 0o700); err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(k.dir, keptDatabase), os.DirFS(data)); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(k.dir, keptIDs), []byte(strings.Join(ids, "\n")), 0o600)
}

// sizeOf is the sum of the sizes of all files in a folder.
func sizeOf(dir string) (size int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	return size, err
}
