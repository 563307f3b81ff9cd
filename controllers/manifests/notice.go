package manifests

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// maxBlocks are told to people at once; of more tenants they see the number and the folder.
const maxBlocks = 20

// announcement is what people should know of a tenant.
type announcement struct {
	url, curl  string
	file       string // with the credentials; "": there are none
	tokenID    string
	state      string // why requests are refused; "": they are not
	hash       string // of the entry
	headerFile string
	feed       string // a curl line's URL of the member feed; "": there is none
	feedHeader string // file with the header for it
}

// notice tells people what is served, as soon as the server has reported it. Reports come from another goroutine than
// changes.
type notice struct {
	out    io.Writer
	log    *slog.Logger
	purged chan struct{} // holds one signal: purges are done

	mu       sync.Mutex
	expected map[string]announcement
	told     map[string]announcement
	done     map[string]bool // UIDs of purges
}

func newNotice(o Options) *notice {
	return &notice{
		out: o.Out, log: o.Log, purged: make(chan struct{}, 1),
		expected: map[string]announcement{}, told: map[string]announcement{}, done: map[string]bool{},
	}
}

// announcements are what the configuration promises.
func (p *pass) announcements(c *config.Server) map[string]announcement {
	out := make(map[string]announcement, len(c.Tenants))
	for _, entry := range c.Tenants {
		path := "/" + entry.Key + "/scim/v2"
		a := announcement{url: c.BaseURL + path, curl: p.local + path + "/Users", hash: entry.Hash()}
		switch {
		case entry.Suspended:
			a.state = "suspended"
		case entry.Gated:
			a.state = "waiting for its readiness gates"
		}
		out[entry.Key] = a
	}
	for _, t := range p.candidates {
		key := compile.Key(t.tenant)
		if a, ok := out[key]; ok && t.facts != nil {
			a.tokenID, a.file, a.headerFile = t.facts.TokenID, p.vault.secretFile(key), p.vault.headerFile(key)
			out[key] = a
		}
	}
	for _, entry := range c.Tenants {
		if entry.Application != nil && len(entry.Application.FeedTokens) > 0 {
			a := out[entry.Key]
			a.feed, a.feedHeader = p.local+feedPath(entry.Key)+"/members", p.feeds.headerFile(entry.Application.Name)
			out[entry.Key] = a
		}
	}
	return out
}

// expect says what the server is about to be told.
func (n *notice) expect(list map[string]announcement) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.expected = list
	for _, key := range slices.Sorted(maps.Keys(n.told)) {
		if _, ok := list[key]; !ok {
			delete(n.told, key)
			n.log.Info("tenant is not served any more", "tenant", key)
		}
	}
}

// takePurged returns the UIDs of the purges that are done.
func (n *notice) takePurged() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Collect(maps.Keys(n.done))
}

// Report implements the reporter of scimserver/app.
func (s *Source) Report(_ context.Context, r config.Report) error {
	s.notice.report(r)
	return nil
}

func (n *notice) report(r config.Report) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.purges(r.Purged)
	var blocks []string
	for _, key := range slices.Sorted(maps.Keys(n.expected)) {
		a, before := n.expected[key], n.told[key]
		if t := r.Tenants[key]; t.Hash != a.hash || t.Error != "" {
			continue
		}
		n.told[key] = a
		if before.url == a.url && before.tokenID == a.tokenID && before.state == a.state && before.feed == a.feed {
			continue
		}
		n.log.Info("tenant is served", "tenant", key, "url", a.url, "credentials", a.file, "state", a.state)
		blocks = append(blocks, a.block(key))
	}
	n.print(blocks)
}

// purges notes those that are done; n.mu is held.
func (n *notice) purges(uids []string) {
	fresh := map[string]bool{}
	for _, uid := range uids {
		fresh[uid] = true
		if !n.done[uid] {
			signal(n.purged)
		}
	}
	n.done = fresh
}

func (n *notice) print(blocks []string) {
	if n.out == nil || len(blocks) == 0 {
		return
	}
	text := strings.Join(blocks[:min(len(blocks), maxBlocks)], "")
	if more := len(blocks) - maxBlocks; more > 0 {
		text += fmt.Sprintf("\n%d more tenants are served; their credentials are beside those above.\n", more)
	}
	_, _ = io.WriteString(n.out, text+"\n")
}

// block is the announcement as people read it; the last line can be pasted into a shell.
func (a announcement) block(key string) string {
	state := "is served"
	if a.state != "" {
		state = "is " + a.state + " and answers 503"
	}
	text := fmt.Sprintf("\nSCIMTenant %s %s.\n  Base URL  %s\n", key, state, a.url)
	if a.feed != "" {
		text += fmt.Sprintf("  Members   curl -H @%s %s\n", quote(a.feedHeader), quote(a.feed))
	}
	if a.file == "" {
		return text
	}
	return text + fmt.Sprintf("  Token     in %s\n  Try it    curl -H @%s %s\n", a.file, quote(a.headerFile), quote(a.curl))
}

// quote makes a text one word of a shell.
func quote(s string) string {
	if strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:@%+=,") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
