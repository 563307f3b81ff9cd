package sqlite

import (
	"context"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/store"
	"github.com/scim-operator/scim-operator/scimserver/store/filtersql"
)

// TestMemberPlans holds that whatever a change of a user or a delivery needs is found by an index that leaves few rows.
func TestMemberPlans(t *testing.T) {
	t.Parallel()
	s := openTemp(t)
	tests := map[string]struct{ sql, want string }{
		"member":            {memberSQL, "SEARCH member USING PRIMARY KEY (tenant=? AND id=?)"},
		"member of user":    {memberOwnSQL, "SEARCH member USING PRIMARY KEY (tenant=? AND id=?)"},
		"member of another": {memberUserSQL, "SEARCH member USING INDEX member_user (tenant=? AND user=?)"},
		"linked":            {linkedOtherSQL, "SEARCH member USING COVERING INDEX member_user (tenant=? AND user=?)"},
		"lost by externalId": {lostExternalSQL,
			"SEARCH member USING INDEX member_lost_external (tenant=? AND external=?)"},
		"lost by name": {lostNameSQL,
			"SEARCH member USING INDEX member_lost_name (tenant=? AND lost_name=?)"},
		"without user":         {anyUnlinkedSQL, "SEARCH member USING INDEX member_lost_external (tenant=?)"},
		"holders":              {holdersSQL, "SEARCH lookup USING PRIMARY KEY (tenant=? AND value=? AND attr=?)"},
		"page":                 {pageSQL, "SEARCH member USING PRIMARY KEY (tenant=? AND id>?)"},
		"due":                  {dueSQL, "SEARCH event USING INDEX event_due (tenant=? AND due>? AND due<?)"},
		"next due":             {nextDueSQL, "SEARCH event USING COVERING INDEX event_due (tenant=? AND due>?)"},
		"events":               {eventsSQL, "SEARCH event USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"},
		"oldest pending":       {firstPendingSQL, "SEARCH event USING COVERING INDEX event_due (tenant=? AND due>?)"},
		"oldest parked":        {firstParkedSQL, "SEARCH event USING COVERING INDEX event_parked (tenant=?)"},
		"oldest off-boarding":  {firstOffSQL, "SEARCH event USING INDEX event_offboarding (tenant=?)"},
		"log":                  {oldestLogSQL, "SEARCH log USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"},
		"users by position":    {usersAfterSQL, "SEARCH r USING INDEX resource_order (tenant=? AND type=? AND rowid>?)"},
		"work":                 {workSQL, "SEARCH work USING PRIMARY KEY (tenant=?)"},
		"off-boardings":        {offboardingsSQL, "SEARCH offboarding USING PRIMARY KEY (tenant=? AND at>?)"},
		"state":                {stateSQL, "SEARCH state USING PRIMARY KEY (tenant=? AND name=?)"},
		"what a replay passes": {replaySQL, "SEARCH event USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"},
	}
	for name, tc := range tests {
		err := s.View(context.Background(), "a/b", func(r store.Reader) error {
			got, err := r.(*snapshot).plan(filtersql.Fragment{SQL: tc.sql})
			if got != tc.want {
				t.Errorf("%s: got plan\n%s\nwant\n%s", name, got, tc.want)
			}
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDueTenantsPlan: the tenants that have due events are found in an index, and not by looking at the events.
func TestDueTenantsPlan(t *testing.T) {
	t.Parallel()
	err := openTemp(t).View(context.Background(), "a/b", func(r store.Reader) error {
		got, err := r.(*snapshot).plan(filtersql.Fragment{SQL: dueTenantsSQL})
		for line := range strings.Lines(got) {
			if strings.HasPrefix(line, "SCAN") && line != "SCAN w\n" {
				t.Errorf("the plan has %q:\n%s", line, got)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
