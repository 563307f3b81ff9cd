package crash

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/scim-operator/scim-operator/test/program"
)

// TestFullVolume fills the volume of a server with SQLite: writes are refused with a message, and nothing of them is there; reads go on;
// readiness goes away and says why. With room again everything goes on, in the same process, and whatever was acknowledged is there.
func TestFullVolume(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds and runs the server")
	}
	volume := program.NewVolume(t, 32<<20)
	s := newSite(t)
	s.options.Data = filepath.Join(string(volume), "data")
	server := s.start(t)
	c := newClient(server, s.tenant, 1)
	defer c.close()
	volume.Fill(t, 256<<10)
	names, refusal := createUntilRefused(t, c)
	if refusal.StatusCode != http.StatusServiceUnavailable || !strings.Contains(refusal.text, "nothing was changed") {
		t.Errorf("on a full volume: %d %s", refusal.StatusCode, refusal.text)
	}
	if after, err := strconv.Atoi(refusal.Header.Get("Retry-After")); err != nil || after <= 0 {
		t.Errorf("Retry-After: %q", refusal.Header.Get("Retry-After"))
	}
	t.Logf("%d users were created, then: %s", len(names), refusal.text)
	for _, name := range names {
		expectUser(t, c, name, 1)
	}
	expectUser(t, c, fmt.Sprint("full-", len(names)), 0)
	if text := untilReadiness(t, server, http.StatusServiceUnavailable); !strings.Contains(text, "full") {
		t.Errorf("/readyz says %s", text)
	}

	volume.Free(t)
	untilReadiness(t, server, http.StatusOK)
	after := post(t, c, "after")
	if after.StatusCode != http.StatusCreated {
		t.Errorf("with room again: %d %s", after.StatusCode, after.text)
	}
	for _, name := range append(names, "after") {
		expectUser(t, c, name, 1)
	}
	select {
	case <-server.Exited():
		t.Error("the server has ended by itself")
	default:
	}
}

// response is one that was read to its end.
type response struct {
	*http.Response
	text string
}

func do(t *testing.T, r *http.Request) response {
	t.Helper()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{res, string(text)}
}

// post creates a user who takes some room.
func post(t *testing.T, c *client, name string) response {
	t.Helper()
	body := fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%q,"title":%q}`, name, strings.Repeat(name, 1000))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.base+"/Users", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", c.auth)
	r.Header.Set("Content-Type", "application/scim+json")
	return do(t, r)
}

func createUntilRefused(t *testing.T, c *client) (names []string, refusal response) {
	t.Helper()
	for {
		name := fmt.Sprint("full-", len(names))
		if res := post(t, c, name); res.StatusCode != http.StatusCreated {
			return names, res
		}
		names = append(names, name)
	}
}

func expectUser(t *testing.T, c *client, name string, want int) {
	t.Helper()
	var list struct{ TotalResults int }
	if err := c.get(t.Context(), "/Users?filter=userName+eq+%22"+name+"%22", &list); err != nil || list.TotalResults != want {
		t.Errorf("user %s is there %d times, %v; want %d", name, list.TotalResults, err, want)
	}
}

// untilReadiness waits until /readyz answers with a code, and returns what it says.
func untilReadiness(t *testing.T, server *program.Server, code int) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+server.OpsAddress+"/readyz?verbose", nil)
		if err != nil {
			t.Fatal(err)
		}
		res := do(t, r)
		if res.StatusCode == code {
			return res.text
		}
		select {
		case <-ctx.Done():
			t.Fatalf("/readyz: %d %s, want %d\n%s", res.StatusCode, res.text, code, server.LogTail())
		case <-ticker.C:
		}
	}
}
