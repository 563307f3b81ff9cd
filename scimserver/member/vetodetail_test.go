package member

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestVetoDetail: what an application says is passed on up to a bound, and stays text.
func TestVetoDetail(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ detail, want string }{
		"nothing":        {"", "the application has refused the change"},
		"short":          {"Ann has a laptop", "Ann has a laptop"},
		"at the bound":   {strings.Repeat("x", mostDetail), strings.Repeat("x", mostDetail)},
		"long":           {strings.Repeat("x", mostDetail+1), strings.Repeat("x", mostDetail)},
		"cut in a rune":  {"x" + strings.Repeat("ä", mostDetail), "x" + strings.Repeat("ä", (mostDetail-1)/2)},
		"cut at a rune":  {strings.Repeat("ä", mostDetail), strings.Repeat("ä", mostDetail/2)},
		"runes of three": {strings.Repeat("€", mostDetail), strings.Repeat("€", mostDetail/3)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := refuseVeto(Verdict{Detail: tc.detail}).scim.Detail
			if got != tc.want || !utf8.ValidString(got) {
				t.Errorf("%d bytes %.20q, want %d", len(got), got, len(tc.want))
			}
		})
	}
}
