package manifests

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/credentials"
	"github.com/scim-operator/scim-operator/controllers/manifests/folder"
)

// issueFeeds looks after the feed credentials of all applications. Those of an application that is gone stay, so that it has
// the same token when it comes back.
func (p *pass) issueFeeds() {
	p.feedKeys = slices.Sorted(maps.Keys(p.applications))
	for _, key := range p.feedKeys {
		a := p.applications[key]
		facts, err := p.issueFeed(key, a)
		if err != nil { // the tokens that are accepted stay
			p.next = earlier(p.next, p.now.Add(retry))
		}
		p.diary.credentials("of the feeds of "+key, err)
		a.Feed = facts
	}
}

// issueFeed keeps an application's feed credentials; only the first token waits for acceptance.
func (p *pass) issueFeed(key string, a *compile.Application) (*credentials.Facts, error) {
	current, err := p.feeds.read(key)
	if err != nil || (current == nil && !a.Finding.OK()) {
		return nil, err
	}
	request := credentials.Request{Every: compile.FeedEvery(a.Object), Now: p.now, Rand: p.Rand}
	if request.Feeds, err = p.feedsOf(key); err != nil {
		return nil, err
	}
	if current != nil {
		request.Current, request.Rotate = current.Data, credentials.RotationDue(a.Object.Annotations, current.Annotations)
	}
	data, cause, err := credentials.Next(request)
	if err != nil {
		return nil, err
	}
	next := folder.Secret{Data: data, Annotations: credentials.Annotations(a.Object.Annotations, "")}
	if err := p.feeds.write(key, current, next); err != nil {
		return nil, err
	}
	facts, err := credentials.Parse(data)
	if err != nil {
		return nil, err
	}
	if cause != credentials.Kept {
		p.Log.Info("feed token issued", "application", key, "cause", string(cause), "tokenID", facts.TokenID, "file", p.feeds.secretFile(key))
	}
	p.next = earlier(p.next, facts.ExpiresAt)
	return &facts, nil
}

// feedsOf are the addresses of the feeds of an application's tenants, as JSON.
func (p *pass) feedsOf(key string) (string, error) {
	addresses := map[string]string{}
	for _, c := range p.candidates {
		if c.finding.OK() && compile.ApplicationKey(c.tenant) == key && len(addresses) < v1alpha1.MaxFeeds {
			addresses[compile.Key(c.tenant)] = p.base + v1alpha1.FeedPath(c.tenant.Namespace, c.tenant.Name)
		}
	}
	text, err := json.Marshal(addresses)
	if err != nil {
		return "", fmt.Errorf("encode the addresses of feeds: %w", err)
	}
	return string(text), nil
}

func feedPath(key string) string {
	namespace, name, _ := strings.Cut(key, "/")
	return v1alpha1.FeedPath(namespace, name)
}
