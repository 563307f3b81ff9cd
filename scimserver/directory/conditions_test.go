package directory

import (
	"errors"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/scim/scimerr"
)

func TestConditions(t *testing.T) {
	t.Parallel()
	const version = 3
	for name, tc := range map[string]struct {
		match, noneMatch []string
		change           bool // a change is allowed
		unchanged        bool // a reader has it already
	}{
		"none":                  {change: true},
		"this version":          {match: []string{`W/"3"`}, change: true},
		"another version":       {match: []string{`W/"2"`}},
		"one of several":        {match: []string{`W/"1", W/"3"`}, change: true},
		"in two headers":        {match: []string{`W/"1"`, `W/"3"`}, change: true},
		"strong":                {match: []string{`"3"`}, change: true},
		"without quotes":        {match: []string{`3`}, change: true},
		"any":                   {match: []string{`*`}, change: true},
		"never issued":          {match: []string{`"abc"`}},
		"zero":                  {match: []string{`W/"0"`}},
		"negative":              {match: []string{`W/"-3"`}},
		"beyond int64":          {match: []string{`W/"99999999999999999999"`}},
		"empty":                 {match: []string{""}, change: true},
		"not this version":      {noneMatch: []string{`W/"3"`}, unchanged: true},
		"not another version":   {noneMatch: []string{`W/"2"`}, change: true},
		"not any":               {noneMatch: []string{"*"}, unchanged: true},
		"both, contradicting":   {match: []string{`W/"3"`}, noneMatch: []string{`W/"3"`}, unchanged: true},
		"this one, not another": {match: []string{`W/"3"`}, noneMatch: []string{`W/"2"`}, change: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := Conditions{Match: ParseTags(tc.match), NoneMatch: ParseTags(tc.noneMatch)}
			err := c.allowChange(version)
			var e *scimerr.Error
			if tc.change != (err == nil) || err != nil && (!errors.As(err, &e) || e.Status != 412) {
				t.Errorf("change: got %v, want allowed %t", err, tc.change)
			}
			if got := c.unchanged(version); got != tc.unchanged {
				t.Errorf("unchanged: got %t, want %t", got, tc.unchanged)
			}
		})
	}
}
