package manifests

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// stateVersion is the format that is written and the only one that is read.
const stateVersion = 1

// state is what is known of the past, where a cluster has the objects themselves.
type state struct {
	file   string
	saved  []byte // what the file holds
	folder string // of the manifests

	config  *config.Server     // the last good one, nil: there is none
	tenants map[string]*record // by namespace/name
	purges  []config.Purge     // of deleted tenants, until they are done
}

// record is a tenant that is in the folder, or was a moment ago.
type record struct {
	// UID tells a tenant from a later one of the same name.
	UID            string                  `json:"uid"`
	DeletionPolicy v1alpha1.DeletionPolicy `json:"deletionPolicy"`
	// AbsentSince is when the tenant was missing first; nil: it is there.
	AbsentSince *time.Time `json:"absentSince,omitempty"`
}

// stateFile is the form of the file.
type stateFile struct {
	Version int                `json:"version"`
	Folder  string             `json:"folder"`
	Config  []byte             `json:"config,omitempty"`
	Tenants map[string]*record `json:"tenants,omitempty"`
	Purges  []config.Purge     `json:"purges,omitempty"`
}

// loadState reads the state of the last run. One that cannot be read is nothing to fail for: it holds no user and no token.
func loadState(data, folder string, log *slog.Logger) *state {
	if abs, err := filepath.Abs(folder); err == nil {
		folder = abs
	}
	s := &state{file: filepath.Join(data, "manifests.state"), folder: folder, tenants: map[string]*record{}}
	text, err := os.ReadFile(s.file)
	if err == nil {
		err = s.decode(text)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Warn("state of the last run is lost: data of tenants deleted since then are kept, replaced tokens end now", "file", s.file, "error", err)
	}
	return s
}

func (s *state) decode(text []byte) error {
	var f stateFile
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return err
	}
	if f.Version != stateVersion {
		return fmt.Errorf("version %d, must be %d", f.Version, stateVersion)
	}
	if len(f.Config) > 0 {
		c, err := config.Decode(f.Config)
		if err != nil {
			return err
		}
		s.config = c
	}
	for key, r := range f.Tenants {
		if r == nil {
			return fmt.Errorf("tenant %s is null", key)
		}
		if f.Folder != s.folder { // that a tenant is missing in another folder does not mean that somebody has deleted it
			r.DeletionPolicy = v1alpha1.DeletionPolicyRetain
		}
		s.tenants[key] = r
	}
	s.saved, s.purges = text, f.Purges
	return nil
}

// save writes the state if it has changed.
func (s *state) save() error {
	f := stateFile{Version: stateVersion, Folder: s.folder, Tenants: s.tenants, Purges: s.purges}
	if s.config != nil {
		data, err := config.Encode(s.config)
		if err != nil {
			return err
		}
		f.Config = data
	}
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the state: %w", err)
	}
	if bytes.Equal(text, s.saved) {
		return nil
	}
	if err := replaceFile(s.file, text); err != nil {
		return err
	}
	s.saved = text
	return nil
}
