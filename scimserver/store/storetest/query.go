package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/scim-operator/scim-operator/scimserver/scim/filter"
	"github.com/scim-operator/scim-operator/scimserver/scim/resource"
	"github.com/scim-operator/scim-operator/scimserver/scim/schema"
	"github.com/scim-operator/scim-operator/scimserver/scim/tolerance"
	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/memory"
)

// RunQuery compares the answers to queries with those of package memory, which evaluates filters by
// filter.Match: cases that clients send, cases that once went wrong, and cases drawn at random.
func RunQuery(t *testing.T, open Open) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("data ", seed), func(t *testing.T) {
			t.Parallel()
			p := newPair(t, open(t), seed)
			t.Run("cases", p.testCases)
			t.Run("changes", p.testChanges)
			for _, typ := range []string{store.TypeUser, store.TypeGroup} {
				t.Run("random "+typ, func(t *testing.T) { p.testRandom(t, typ) })
			}
		})
	}
}

// pair is the store under test and the model, with the same data.
type pair struct {
	tested, model *bench
	registry      *schema.Registry
	ids           []string
	seed          uint64
}

func newPair(t *testing.T, s store.Store, seed uint64) *pair {
	p := &pair{tested: newBench(t, s), model: newBench(t, memory.New()), registry: newRegistry(t, false), seed: seed}
	for _, b := range []*bench{p.tested, p.model} {
		p.ids = fillForQueries(t, b, p.registry, seed)
		fillForQueries(t, b.at(globex), p.registry, seed+100)
	}
	return p
}

// changedSchema is the seed of the data in which some documents were written under another schema.
const changedSchema = 0

// fillForQueries makes users, groups in groups, and memberships, the same for the same seed.
func fillForQueries(t *testing.T, b *bench, registry *schema.Registry, seed uint64) (ids []string) {
	src := newSource(seed)
	before := newRegistry(t, true)
	var records []store.Record
	for n := range 120 {
		typ, reg := store.TypeUser, registry
		if n%4 == 3 {
			typ = store.TypeGroup
		}
		if seed == changedSchema && n%5 == 4 {
			reg = before
		}
		rt, _ := reg.ResourceType(typ)
		records = append(records, src.record(t, rt, n))
	}
	b.insert(records...)
	for _, r := range records {
		ids = append(ids, r.ID)
	}
	b.update(func(ctx context.Context, w store.Writer) error { return src.relate(ctx, w, records, ids) })
	return ids
}

// relate adds members, and touches and deletes some resources.
func (s source) relate(ctx context.Context, w store.Writer, records []store.Record, ids []string) error {
	for i, r := range records {
		if r.Type != store.TypeGroup || s.chance(20) {
			continue
		}
		var chosen []string
		for range s.IntN(6) {
			chosen = append(chosen, pick(s, ids))
		}
		if _, _, err := w.AddMembers(ctx, r.ID, chosen); err != nil {
			return err
		}
		if err := w.Touch(ctx, r.Type, r.ID, s.time()); err != nil {
			return err
		}
		if i%3 == 0 {
			if err := w.Delete(ctx, records[i-1].Type, records[i-1].ID, s.time()); err != nil {
				return err
			}
		}
	}
	return nil
}

// search is a query as a client writes it.
type search struct {
	typ, filter, sort string
	descending        bool
	offset            int64
	limit             int
}

// query binds the search to the schema; ok is false for what the parser refuses.
func (p *pair) query(s search) (q store.Query, ok bool, err error) {
	rt, _ := p.registry.ResourceType(s.typ)
	q = store.Query{Type: s.typ, Offset: s.offset, Limit: s.limit, BaseURL: baseURL}
	if s.filter != "" {
		if q.Filter, err = filter.Parse(s.filter, rt, tolerance.Compatible(), filter.Limits{}); err != nil {
			return q, false, err
		}
	}
	if s.sort != "" {
		path, err := filter.ParseAttribute(s.sort, rt, tolerance.Compatible())
		if err != nil {
			return q, false, err
		}
		q.Sort = &store.Sort{Path: path, Descending: s.descending}
	}
	return q, true, nil
}

type fataler interface{ Fatalf(string, ...any) }

// same compares the answers of both stores. It returns how many resources the search selects.
func (p *pair) same(t fataler, s search) int64 {
	q, ok, err := p.query(s)
	if !ok {
		t.Fatalf("%+v: %v", s, err)
	}
	want, err := findPage(p.model, q)
	if err != nil {
		t.Fatalf("%+v: model: %v", s, err)
	}
	got, err := findPage(p.tested, q)
	if err != nil {
		t.Fatalf("%+v: %v", s, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%+v (-filter.Match +got):\n%s", s, diff)
	}
	return got.Total
}

// answer is what matters of a page.
type answer struct {
	Total int64
	IDs   []string
}

func findPage(b *bench, q store.Query) (a answer, err error) {
	err = b.View(context.Background(), b.tenant, func(r store.Reader) error {
		page, err := r.Find(context.Background(), q)
		a.Total = page.Total
		for _, rec := range page.Records {
			a.IDs = append(a.IDs, rec.ID)
		}
		return err
	})
	return a, err
}

// testRandom draws searches. Enough of them must select some, and not all.
func (p *pair) testRandom(t *testing.T, typ string) {
	rt, _ := p.registry.ResourceType(typ)
	g := newGenerator(rt, p.ids)
	all := p.same(t, search{typ: typ, limit: 1})
	drawn, selective := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		s := search{
			typ: typ, filter: g.filter(t), sort: g.sortable(t), descending: rapid.Bool().Draw(t, "descending"),
			offset: int64(rapid.SampledFrom([]int{0, 0, 0, 1, 7, 200}).Draw(t, "offset")),
			limit:  rapid.SampledFrom([]int{1000, 1000, 1000, 5, 1, 0}).Draw(t, "limit"),
		}
		if p.seed == changedSchema {
			s.sort = "" // stores may order values of a wrong type as they like
		}
		if _, ok, err := p.query(s); !ok {
			t.Skipf("%v", err)
		}
		total := p.same(t, s)
		p.walkSame(t, s, rapid.SampledFrom([]int{3, 20, 40, 1000}).Draw(t, "page"))
		drawn++
		if total > 0 && total < all {
			selective++
		}
	})
	if selective*4 < drawn {
		t.Errorf("only %d of %d searches select some resources and not others", selective, drawn)
	}
}

// testChanges replaces one attribute of many users, and asks for what was and what is.
func (p *pair) testChanges(t *testing.T) {
	src := newSource(p.seed + 1)
	rt, _ := p.registry.ResourceType(store.TypeUser)
	values := map[string]resource.Value{
		"displayName": resource.String("changed"), "externalId": resource.String("Changed"), "userName": resource.String("Changed"),
		"active": resource.Bool(false), "title": resource.String("changed"),
		"emails": resource.Array(resource.Obj(objectOf("value", "Changed@Example.com"))),
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		v := values[name]
		for n := range 3 {
			if name == "userName" {
				v = resource.String(fmt.Sprint("Changed", n))
			}
			p.replace(t, rt, pick(src, p.ids), func(doc *resource.Object) {
				a, _ := rt.Lookup("", name, "")
				resource.SetAttribute(rt, doc, a.Attr, v)
			})
		}
	}
	for _, text := range []string{
		`displayName eq "changed"`, `externalId eq "Changed"`, `userName sw "changed"`, `title eq "changed"`,
		`active eq false`, `emails.value eq "changed@example.com"`, `emails.value eq "ann"`, `meta.version eq "W/\"2\""`,
	} {
		p.same(t, search{typ: store.TypeUser, filter: text, limit: 1000})
	}
	for _, sub := range []string{"display", "value"} {
		p.same(t, search{typ: store.TypeGroup, filter: "members." + sub + ` co "changed"`, limit: 1000})
	}
	for _, b := range []*bench{p.tested, p.model} {
		b.equal("Counts", b.counts(), p.model.counts())
	}
}

func objectOf(name, value string) *resource.Object {
	o := resource.NewObject(1)
	o.Set(name, resource.String(value))
	return o
}

// replace changes a document in both stores, if it is a user's.
func (p *pair) replace(t *testing.T, rt *schema.ResourceType, id string, change func(*resource.Object)) {
	t.Helper()
	for _, b := range []*bench{p.model, p.tested} {
		b.update(func(ctx context.Context, w store.Writer) error {
			old, err := w.Get(ctx, store.TypeUser, id)
			if errors.Is(err, store.ErrNotFound) {
				return nil
			}
			doc, err := resource.Parse(old.Doc)
			if err != nil {
				return err
			}
			change(doc)
			_, err = w.Replace(ctx, newRecord(rt, doc, id, old.Created, day(9)))
			return err
		})
	}
}

func (p *pair) testCases(t *testing.T) {
	for _, c := range strings.Split(strings.TrimSpace(queryCases), "\n") {
		typ, text, _ := strings.Cut(c, ": ")
		for _, s := range []search{
			{typ: typ, filter: text, limit: 1000},
			{typ: typ, filter: "not (" + text + ")", limit: 1000},
			{typ: typ, filter: text, limit: 2, offset: 1, sort: "meta.created", descending: true},
		} {
			p.same(t, s)
			p.walkSame(t, s, 40)
		}
	}
	p.testLong(t)
}

// testLong sends filters as long as the parser allows.
func (p *pair) testLong(t *testing.T) {
	for _, op := range []string{" and ", " or "} {
		for _, term := range []string{`title ne "x"`, `emails.value ne "x"`, `emails[type eq "x"]`, `id ne "x"`, `groups.value eq "x"`} {
			n := min(512, 16_000/(len(term)+len(op)))
			if strings.Contains(term, "[") {
				n /= 2
			}
			p.same(t, search{typ: store.TypeUser, filter: strings.Repeat(term+op, n-1) + term, limit: 1000})
		}
	}
	deep := strings.Repeat("not (", 30) + `title eq "ann" or emails[not (type eq "work")]` + strings.Repeat(")", 30)
	p.same(t, search{typ: store.TypeUser, filter: deep, limit: 1000})
}
