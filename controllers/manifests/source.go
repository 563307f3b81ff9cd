package manifests

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/manifests/folder"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// Options are what a Source is made of. All fields but BaseURL and Out are needed.
type Options struct {
	Dir  string // of the manifests; it is watched
	Data string // folder in which state and credentials are kept
	// BaseURL is what identity providers see; "": what the SCIMServers say, else the address on which the server listens.
	BaseURL string
	Log     *slog.Logger
	Out     io.Writer // gets, for people, what each tenant's URL is and where its token; nil: nobody is told
	Clock   func() time.Time
	Rand    io.Reader

	timing timing // zero: the defaults
}

// timing is what tests shorten.
type timing struct {
	quiet  time.Duration // without a change, before the folder is read
	within time.Duration // after the first change, at the latest
	poll   time.Duration // between two looks at the files, for changes that nobody has announced
	grace  time.Duration // in which a tenant may come back before it counts as deleted
}

func (t timing) orDefaults() timing {
	if t == (timing{}) {
		return timing{quiet: 200 * time.Millisecond, within: 2 * time.Second, poll: 3 * time.Second, grace: 10 * time.Second}
	}
	return t
}

// Source follows a folder of manifests. It implements what scimserver/app wants of a source and of a reporter.
//
// The folder counts as a whole: while a file of it cannot be read, nothing changes. A tenant that is not accepted keeps its
// last good entry.
type Source struct {
	Options
	local  string // base URL of this machine
	state  *state
	vault  vault // of tenants
	feeds  vault // of applications
	diary  diary
	notice *notice
	offer  func([]byte) error
	rules  compile.Rules
	// feedKeys are namespace/name of the applications whose feed credentials are kept.
	feedKeys []string
	// offered is the hash of the configuration that the server has taken in this run.
	offered string
}

// New checks the options, so that what is wrong with them is told at once.
func New(o Options) (*Source, error) {
	info, err := os.Stat(o.Dir)
	switch {
	case err != nil:
		return nil, fmt.Errorf("manifests: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("manifests: %s is not a folder", o.Dir)
	case o.Data == "":
		return nil, errors.New("manifests: a folder for the data is needed")
	}
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	if o.BaseURL != "" {
		if err := checkBaseURL(o.BaseURL); err != nil {
			return nil, err
		}
	}
	o.timing = o.timing.orDefaults()
	return &Source{
		Options: o, vault: newVault(o.Data), feeds: newFeedVault(o.Data),
		diary: diary{log: o.Log, told: map[string]string{}}, notice: newNotice(o),
	}, nil
}

func checkBaseURL(url string) error {
	return (&config.Server{Version: config.Version, Name: serverName, BaseURL: url}).Validate()
}

// Listening tells on which address the server listens; it is called before Run.
func (s *Source) Listening(address string, tls bool) {
	s.local = localURL(address, tls)
}

// Run reads the folder and offers what becomes of it, whenever it changes, until ctx ends.
func (s *Source) Run(ctx context.Context, offer func([]byte) error) error {
	s.offer = offer
	s.state = loadState(s.Data, s.Dir, s.Log)
	w := newWatcher(s.Log)
	defer w.close()
	due := time.NewTimer(0)
	defer due.Stop()
	poll := time.NewTicker(s.timing.poll)
	defer poll.Stop()
	var changedAt time.Time // zero: no change is waiting
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.events():
			if changedAt.IsZero() {
				changedAt = time.Now()
			}
			due.Reset(max(0, min(s.timing.quiet, s.timing.within-time.Since(changedAt))))
		case <-poll.C:
			w.add(s.folders()...)
			if w.differs(s.files()) {
				due.Reset(0)
			}
		case <-s.notice.purged:
			due.Reset(0)
		case <-due.C:
			changedAt = time.Time{}
			w.add(s.folders()...)
			w.differs(s.files())
			if next := s.pass(); !next.IsZero() {
				due.Reset(max(next.Sub(s.Clock()), time.Second/10))
			}
			w.add(s.folders()...)
		}
	}
}

// pass brings the configuration in line with the folder, and returns when it changes without the folder changing; zero:
// never.
func (s *Source) pass() (next time.Time) {
	p := &pass{Source: s, now: s.Clock()}
	err := p.run()
	if err != nil && s.offered == "" {
		s.offerLast()
	}
	if err != nil {
		p.next = earlier(p.next, p.now.Add(retry))
	}
	s.diary.manifests(err)
	if err := s.state.save(); err != nil {
		s.Log.Error("state was not kept for the next start", "error", err)
	}
	return p.next
}

// retry is after what time something is tried again that has failed.
const retry = 10 * time.Second

// folders are those to watch.
func (s *Source) folders() []string {
	list := []string{s.Dir, s.vault.dir}
	for key := range s.state.tenants {
		list = append(list, filepath.Dir(s.vault.secretFile(key)))
	}
	for _, key := range s.feedKeys {
		list = append(list, filepath.Dir(s.feeds.secretFile(key)))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// files are those on which the configuration depends.
func (s *Source) files() []string {
	list, err := folder.Files(s.Dir)
	if err != nil {
		list = []string{s.Dir}
	}
	for _, key := range slices.Sorted(maps.Keys(s.state.tenants)) {
		list = append(list, s.vault.secretFile(key), s.vault.headerFile(key))
	}
	for _, key := range s.feedKeys {
		list = append(list, s.feeds.secretFile(key), s.feeds.headerFile(key))
	}
	return list
}

// offerLast offers the configuration of the last run: the folder gives none.
func (s *Source) offerLast() {
	if s.state.config == nil {
		return
	}
	data, err := config.Encode(s.state.config)
	if err == nil {
		err = s.offer(data)
	}
	if err != nil {
		s.Log.Error("configuration of the last run was refused", "error", err)
		return
	}
	s.offered = s.state.config.Hash()
	s.Log.Warn("serving the configuration of the last run")
}
