package people

import (
	"encoding/json"
	"testing"
)

func TestUsersDiffer(t *testing.T) {
	t.Parallel()
	names, ids := map[string]bool{}, map[string]bool{}
	for _, i := range []int{0, 1, 9, 10, 16, 99, 100, 12345, 999999, 1000000, 1000016, 9999999} {
		var user struct {
			UserName, ExternalID, DisplayName, Title string
			Emails                                   []struct{ Value string }
			Active                                   bool
		}
		body := AppendUser(nil, i, 0)
		if err := json.Unmarshal(body, &user); err != nil {
			t.Fatalf("user %d: %v: %s", i, err, body)
		}
		if user.UserName != string(AppendUserName(nil, i)) || user.ExternalID != string(AppendExternalID(nil, i)) ||
			len(user.Emails) != 1 || user.Emails[0].Value != user.UserName || !user.Active {
			t.Errorf("user %d: %+v", i, user)
		}
		names[user.UserName], ids[user.ExternalID] = true, true
		if len(body) < 800 || len(body) > 1000 {
			t.Errorf("user %d has %d bytes", i, len(body))
		}
		if string(AppendUser(nil, i, 1)) == string(body) {
			t.Errorf("user %d: the next revision is the same", i)
		}
	}
	if len(names) != 12 || len(ids) != 12 {
		t.Errorf("%d names and %d ids of 12 users", len(names), len(ids))
	}
}
