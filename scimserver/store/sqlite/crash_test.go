package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/store"
)

// Environment of the crash test. The variable for rounds sets how often the process is killed.
const (
	crashPath   = "SCIM_CRASH_PATH"
	crashRound  = "SCIM_CRASH_ROUND"
	crashRounds = "SCIM_CRASH_ROUNDS"
)

const (
	crashTenant  = "crash/test"
	crashGroup   = "01900000-0000-7000-8000-ffffffffffff"
	crashWriters = 8
)

// children are what this program is when a test starts it as another process, by the environment
// variable that has the path of the database.
var children = map[string]func(path string) error{crashPath: writeUntilKilled}

func TestMain(m *testing.M) {
	for variable, child := range children {
		if path := os.Getenv(variable); path != "" {
			if err := child(path); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

// TestCrash kills a process that writes, again and again, and looks whether every change that was
// acknowledged is there, and none in part.
func TestCrash(t *testing.T) {
	t.Parallel()
	rounds := 20
	if n, err := strconv.Atoi(os.Getenv(crashRounds)); err == nil {
		rounds = n
	}
	path := filepath.Join(t.TempDir(), "scim.db")
	acknowledged := 0
	for round := range rounds {
		names := killWriter(t, path, round)
		acknowledged += len(names)
		checkCrashed(t, path, names)
	}
	t.Logf("%d rounds, %d changes acknowledged", rounds, acknowledged)
	if acknowledged < rounds {
		t.Errorf("only %d changes in %d rounds", acknowledged, rounds)
	}
}

// killWriter starts a process, kills it when it has acknowledged some changes, and returns them.
func killWriter(t *testing.T, path string, round int) (names []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashPath+"="+path, crashRound+"="+strconv.Itoa(round))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killAfter := 1 + round*37%300 // acknowledged changes
	r := bufio.NewReader(out)
	for {
		line, err := r.ReadString('\n')
		if err != nil { // what was printed before the end is read to its end
			break
		}
		names = append(names, strings.TrimSuffix(line, "\n"))
		if len(names) == killAfter {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || len(names) < killAfter {
		t.Fatalf("the writer ended by itself after %d changes: %v", len(names), err)
	}
	return names
}

// writeUntilKilled makes changes in parallel, and prints each that was acknowledged.
func writeUntilKilled(path string) error {
	s, err := Open(context.Background(), Options{Path: path})
	if err != nil {
		return err
	}
	if err := makeCrashGroup(s); err != nil {
		return err
	}
	errs := make(chan error)
	for w := range crashWriters {
		go func() { errs <- write(s, os.Stdout, fmt.Sprintf("%s-%d", os.Getenv(crashRound), w)) }()
	}
	return <-errs
}

func makeCrashGroup(s *Store) error {
	return s.Update(context.Background(), crashTenant, func(w store.Writer) error {
		_, err := w.Get(context.Background(), store.TypeGroup, crashGroup)
		if errors.Is(err, store.ErrNotFound) {
			_, err = w.Insert(context.Background(), crashRecord(store.TypeGroup, crashGroup, "group"))
		}
		return err
	})
}

func crashRecord(typ, id, name string) store.Record {
	return store.Record{
		Type: typ, ID: id, Created: time.Now(), Modified: time.Now(), Active: true,
		Doc: fmt.Appendf(nil, `{"name":%q,"fill":%q}`, name, strings.Repeat(name, 100)),
		Keys: store.Keys{
			Name: name, NameUnique: typ == store.TypeUser, Display: name,
			Values: []store.Key{{Path: "emails.value", Value: name + "@example.com", Unique: true}},
		},
	}
}

// write inserts users into the group; every third one is renamed, every fifth deleted again.
func write(s *Store, out io.Writer, prefix string) error {
	ctx := context.Background()
	for n := 0; ; n++ {
		id := fmt.Sprintf("%s-%d", prefix, n)
		err := s.Update(ctx, crashTenant, func(w store.Writer) error { return insertMember(ctx, w, id) })
		if err == nil && n%3 == 0 {
			err = s.Update(ctx, crashTenant, func(w store.Writer) error {
				_, err := w.Replace(ctx, crashRecord(store.TypeUser, id, "renamed "+id))
				return err
			})
		}
		if err == nil && n%5 == 0 {
			err = s.Update(ctx, crashTenant, func(w store.Writer) error { return w.Delete(ctx, store.TypeUser, id, time.Now()) })
		}
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, id); err != nil {
			return err
		}
	}
}

func insertMember(ctx context.Context, w store.Writer, id string) error {
	if _, err := w.Insert(ctx, crashRecord(store.TypeUser, id, id)); err != nil {
		return err
	}
	if _, _, err := w.AddMembers(ctx, crashGroup, []string{id}); err != nil {
		return err
	}
	return w.Touch(ctx, store.TypeGroup, crashGroup, time.Now())
}

// checkCrashed opens the database as the next process would.
func checkCrashed(t *testing.T, path string, names []string) {
	t.Helper()
	s, err := Open(context.Background(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer checkDatabase(t, path)
	defer s.Close()
	err = s.View(context.Background(), crashTenant, func(r store.Reader) error {
		for _, id := range names {
			checkAcknowledged(t, r, id)
		}
		return checkWhole(t, r)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// checkAcknowledged looks for the changes that make an id known.
func checkAcknowledged(t *testing.T, r store.Reader, id string) {
	t.Helper()
	n, err := strconv.Atoi(id[strings.LastIndexByte(id, '-')+1:])
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	rec, err := r.Get(ctx, store.TypeUser, id)
	switch {
	case n%5 == 0:
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("user %s is there after its deletion: %v", id, err)
		}
	case err != nil:
		t.Errorf("user %s: %v", id, err)
	case n%3 == 0 && (rec.Version != 2 || !strings.Contains(string(rec.Doc), "renamed")):
		t.Errorf("user %s was renamed but has version %d: %s", id, rec.Version, rec.Doc)
	}
}

// checkWhole looks for changes that happened in part: users and members are the same, and the group
// was touched for each.
func checkWhole(t *testing.T, r store.Reader) error {
	t.Helper()
	page, err := r.Find(context.Background(), store.Query{Type: store.TypeUser, Limit: 1 << 30})
	if err != nil {
		return err
	}
	users := map[string]bool{}
	for _, rec := range page.Records {
		users[rec.ID] = true
	}
	members := 0
	err = r.Members(context.Background(), crashGroup, func(m store.Member) error {
		members++
		if !users[m.ID] {
			t.Errorf("member %s is no user", m.ID)
		}
		return nil
	})
	if members != len(users) || page.Total != int64(members) {
		t.Errorf("%d users, %d counted, %d members", len(users), page.Total, members)
	}
	return err
}
