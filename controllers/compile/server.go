package compile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/credentials"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// Input is what the configuration of a server is made of.
type Input struct {
	Server  *v1alpha1.SCIMServer
	BaseURL string
	// Tenants that want to run on the server, and those that have their data there. One that was deleted lately may be
	// among them.
	Tenants []Candidate
	// Previous is the configuration that is in effect, nil if there is none.
	Previous *config.Server
	// Purged are the UIDs of purges that are done.
	Purged []string
	// Frozen keeps the entries as they are: new and changed ones do not fit.
	Frozen bool
	// Unfit are tenants whose new entries do not fit; they keep the earlier ones.
	Unfit map[string]bool
	Now   time.Time
	// Watched tells whether tenants of a namespace would be among Tenants; nil: those of every one. What the configuration has
	// of other namespaces stays as it is, so that a narrower operator takes nobody's tenant away.
	Watched func(namespace string) bool
	// Applications by namespace/name: those that the tenants name, and those of the entries in Previous.
	Applications map[string]*Application
	// Owner is whom the tenants' data belong to in the server's database.
	Owner string
}

// Candidate is a tenant that may get an entry.
type Candidate struct {
	Tenant          *v1alpha1.SCIMTenant
	NamespaceLabels map[string]string
	// Accepted: Tenant found nothing wrong with this generation, and the tenant's data are on this server.
	Accepted bool
	// Credentials are nil if the tenant has none.
	Credentials *credentials.Facts
	// References are what the tenant refers to.
	References References
	// Move is the server's part in the tenant's way to another server, nil if it has none, or it cannot be said yet.
	Move *config.Move
	// TakeFrom is the owner, gone for good, that the tenant's data may be taken from.
	TakeFrom string
}

// Result is a configuration.
type Result struct {
	Config *config.Server
	// Next is when an earlier token ends and leaves the configuration; zero: never.
	Next time.Time
	// Problems are of tenants that were accepted and yet have no valid entry; they keep the earlier one.
	Problems []error
}

// Server makes the configuration of a server. A tenant that isn't accepted keeps its entry in Previous, so that what
// runs goes on; only its tokens follow the credentials Secrets, which have their own validity, and its brake is released.
// A tenant of a namespace that the server or the application doesn't allow loses its entry: that is the decision of their
// owners, not a mistake in the tenant.
func Server(in Input) Result {
	c := compilation{in: in, previous: map[string]config.Tenant{}}
	if in.Previous != nil {
		for _, t := range in.Previous.Tenants {
			c.previous[t.Key] = t
		}
	}
	out := &config.Server{Version: config.Version, Name: in.Server.Namespace + "/" + in.Server.Name, BaseURL: in.BaseURL, Owner: in.Owner}
	for _, n := range in.Server.Spec.Webhooks.AllowedNetworks {
		out.AllowedNetworks = append(out.AllowedNetworks, string(n))
	}
	for _, t := range in.Tenants {
		if entry, ok := c.placed(t); ok {
			out.Tenants = append(out.Tenants, entry)
		}
	}
	out.Tenants = append(out.Tenants, c.unwatched()...)
	out.Purges = c.purges()
	slices.SortFunc(out.Tenants, func(a, b config.Tenant) int { return strings.Compare(a.Key, b.Key) })
	return Result{Config: out, Next: c.next, Problems: c.problems}
}

// unwatched are the earlier entries of namespaces that are not watched.
func (c *compilation) unwatched() (out []config.Tenant) {
	if c.in.Watched == nil {
		return nil
	}
	for key, entry := range c.previous {
		if namespace, _, _ := strings.Cut(key, "/"); !c.in.Watched(namespace) {
			out = append(out, entry)
		}
	}
	return out
}

type compilation struct {
	in       Input
	previous map[string]config.Tenant
	next     time.Time
	problems []error
}

// placed is the entry with the server's part in the tenant's way. The data of a tenant are on one server alone: another one has
// an entry for it only with a part.
func (c *compilation) placed(t Candidate) (config.Tenant, bool) {
	_, role, _, absent := Part(t.Tenant, c.in.Server.Namespace+"/"+c.in.Server.Name)
	entry, ok := c.entry(t)
	if !ok || absent {
		return config.Tenant{}, false
	}
	here := t.Tenant.Annotations[v1alpha1.AnnotationBoundServer] == c.in.Server.Namespace+"/"+c.in.Server.Name
	if entry.Move = t.Move; entry.Move == nil && role != "" && !here {
		return config.Tenant{}, false
	}
	entry.TakeFrom = t.TakeFrom
	return entry, true
}

func (c *compilation) entry(t Candidate) (config.Tenant, bool) {
	if !t.Tenant.DeletionTimestamp.IsZero() || !c.allows(t) {
		return config.Tenant{}, false
	}
	previous, had := c.previous[Key(t.Tenant)]
	if had && previous.UID != string(t.Tenant.UID) {
		previous, had = config.Tenant{}, false
	}
	if had && !c.stillAllowed(t, previous) {
		previous, had = config.Tenant{}, false
	}
	tokens := Tokens{Tenant: c.tokens(t, previous.Tokens), Feed: c.feedTokens(t.References.Application, previous)}
	if t.Accepted && (t.Credentials != nil || !WantsToken(t.Tenant)) && !c.in.Frozen && !c.in.Unfit[Key(t.Tenant)] {
		entry, err := c.build(t, tokens)
		if err == nil {
			return entry, true
		}
		c.problems = append(c.problems, fmt.Errorf("tenant %s: %w", Key(t.Tenant), err))
	}
	return c.carry(t, previous, tokens.Tenant), had
}

func (c *compilation) build(t Candidate, tokens Tokens) (config.Tenant, error) {
	if err := allowedByApplication(t.Tenant, t.References, t.NamespaceLabels).asError(); err != nil {
		return config.Tenant{}, err
	}
	return Entry(t.Tenant, t.References, tokens)
}

// carry is an earlier entry that stays, with what follows nevertheless: tokens, and the release of the brake.
func (c *compilation) carry(t Candidate, previous config.Tenant, tokens []config.Token) config.Tenant {
	previous.Tokens = tokens
	if previous.Application != nil {
		a := *previous.Application
		a.FeedTokens = c.feedTokens(c.in.Applications[a.Name], previous)
		previous.Application = &a
		previous.Lifecycle.BrakeRelease = release(t.Tenant)
	}
	return previous
}

// stillAllowed tells whether the application of an earlier entry allows the tenant. One that is gone has not said no.
func (c *compilation) stillAllowed(t Candidate, previous config.Tenant) bool {
	if previous.Application == nil || c.in.Applications[previous.Application.Name] == nil {
		return true
	}
	a := c.in.Applications[previous.Application.Name].Object
	ok, err := Allows(a.Spec.AllowedTenants, a.Namespace, t.Tenant.Namespace, t.NamespaceLabels)
	return ok && err == nil
}

func (c *compilation) allows(t Candidate) bool {
	if t.Tenant.OwnServer() {
		return true
	}
	ok, err := Allows(c.in.Server.Spec.AllowedTenants, c.in.Server.Namespace, t.Tenant.Namespace, t.NamespaceLabels)
	return ok && err == nil
}

// tokens are the current one and those before it that have not ended yet. A tenant that does without has none at once,
// even where its Secret still has one.
func (c *compilation) tokens(t Candidate, previous []config.Token) []config.Token {
	current := t.Credentials
	switch {
	case t.Accepted && !WantsToken(t.Tenant):
		return nil
	case current == nil:
		return previous
	}
	return c.rotate(current, Overlap(t.Tenant), previous)
}

// feedTokens are those of an application's feed credentials.
func (c *compilation) feedTokens(a *Application, previous config.Tenant) []config.Token {
	var earlier []config.Token
	if p := previous.Application; p != nil && (a == nil || p.Name == a.Object.Namespace+"/"+a.Object.Name) {
		earlier = p.FeedTokens
	}
	if a == nil || a.Feed == nil {
		return earlier
	}
	return c.rotate(a.Feed, FeedOverlap(a.Object), earlier)
}

// rotate gives the current token and those before it that have not ended yet.
func (c *compilation) rotate(current *credentials.Facts, overlap time.Duration, previous []config.Token) []config.Token {
	out := []config.Token{{ID: current.TokenID, SHA256: current.Hash}}
	end := current.IssuedAt.Add(overlap)
	for _, p := range previous {
		if p.SHA256 == current.Hash || p.ID == current.TokenID || len(out) == config.MaxTokens {
			continue
		}
		if p.NotAfter == nil || p.NotAfter.After(end) {
			p.NotAfter = &end
		}
		if p.NotAfter.After(c.in.Now) {
			out = append(out, p)
			c.wakeAt(*p.NotAfter)
		}
	}
	return out
}

func (c *compilation) wakeAt(t time.Time) {
	if c.next.IsZero() || t.Before(c.next) {
		c.next = t
	}
}

// purges are those that are not done yet, and those of tenants that are being deleted with their data. A purge stays until
// its tenant is gone, because the tenant goes when it sees the purge.
func (c *compilation) purges() []config.Purge {
	var out []config.Purge
	for _, t := range c.in.Tenants {
		if c.purgeable(t.Tenant) {
			out = append(out, config.Purge{Tenant: Key(t.Tenant), UID: string(t.Tenant.UID)})
		}
		if left, ok := c.left(t.Tenant); ok {
			out = append(out, left)
		}
	}
	if c.in.Previous == nil {
		return out
	}
	for _, p := range c.in.Previous.Purges {
		if !slices.Contains(c.in.Purged, p.UID) && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b config.Purge) int { return strings.Compare(a.Tenant+" "+a.UID, b.Tenant+" "+b.UID) })
	return out
}

// left is the purge of what a move has left behind, by the id of the move.
func (c *compilation) left(t *v1alpha1.SCIMTenant) (config.Purge, bool) {
	f, ok := ForwardOf(t)
	server := c.in.Server.Namespace + "/" + c.in.Server.Name
	return config.Purge{Tenant: Key(t), UID: "move-" + f.ID}, ok && f.From == server && t.Spec.DeletionPolicy == v1alpha1.DeletionPolicyDelete &&
		t.Annotations[v1alpha1.AnnotationBoundServer] != server
}

// purgeable tells whether the tenant's data are to go. A server of its own goes as a whole, with its volume.
func (c *compilation) purgeable(t *v1alpha1.SCIMTenant) bool {
	return !t.DeletionTimestamp.IsZero() && !t.OwnServer() && t.Spec.DeletionPolicy == v1alpha1.DeletionPolicyDelete &&
		t.Annotations[v1alpha1.AnnotationBoundServer] == c.in.Server.Namespace+"/"+c.in.Server.Name
}

// Overlap is how long an earlier token of the tenant is still accepted.
func Overlap(t *v1alpha1.SCIMTenant) time.Duration {
	if r := rotation(t); r != nil {
		return r.Overlap.Duration
	}
	return 0
}

// Every is the life of a token of the tenant, 0: unlimited.
func Every(t *v1alpha1.SCIMTenant) time.Duration {
	if r := rotation(t); r != nil {
		return r.Every.Duration
	}
	return 0
}

// FeedOverlap is Overlap of the token of an application's feed.
func FeedOverlap(a *v1alpha1.SCIMApplication) time.Duration {
	if a.Spec.Feed == nil || a.Spec.Feed.Rotation == nil {
		return 0
	}
	return a.Spec.Feed.Rotation.Overlap.Duration
}

// FeedEvery is Every of the token of an application's feed.
func FeedEvery(a *v1alpha1.SCIMApplication) time.Duration {
	if a.Spec.Feed == nil || a.Spec.Feed.Rotation == nil {
		return 0
	}
	return a.Spec.Feed.Rotation.Every.Duration
}

func rotation(t *v1alpha1.SCIMTenant) *v1alpha1.TokenRotation {
	if t.Spec.Auth == nil || t.Spec.Auth.Bearer == nil {
		return nil
	}
	return t.Spec.Auth.Bearer.Rotation
}
