package config_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

func TestNewToken(t *testing.T) {
	t.Parallel()
	pattern := regexp.MustCompile(config.TokenPattern)
	tokens, ids := map[string]bool{}, map[string]bool{}
	for range 200 {
		token, id, err := config.NewToken(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if !config.CheckToken(token) || config.AcceptToken(token) != nil {
			t.Errorf("%s is refused", token)
		}
		if got := pattern.FindString(`{"token": "` + token + `"}`); got != token {
			t.Errorf("a scanner finds %q in place of %s", got, token)
		}
		tokens[token], ids[id] = true, true
	}
	if len(tokens) != 200 || len(ids) != 200 {
		t.Errorf("%d tokens and %d ids of 200 differ", len(tokens), len(ids))
	}
}

// TestTokenForm pins the form: tokens that were handed out must stay recognisable.
func TestTokenForm(t *testing.T) {
	t.Parallel()
	for seed, want := range map[byte]string{
		0x00: "scim_000000000000000000000000000000000000000000030Xdgi",
		0xff: "scim_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp10Htzbw",
	} {
		token, id, err := config.NewToken(bytes.NewReader(bytes.Repeat([]byte{seed}, 38)))
		if err != nil {
			t.Fatal(err)
		}
		if token != want {
			t.Errorf("token %s, want %s", token, want)
		}
		if len(token) != 54 || len(id) != 12 {
			t.Errorf("lengths %d and %d, want 54 and 12", len(token), len(id))
		}
	}
}

func TestNewTokenWithoutRandomness(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	if _, _, err := config.NewToken(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
	if _, _, err := config.NewToken(strings.NewReader("too short")); err == nil {
		t.Error("a token out of nine bytes")
	}
}

// TestCheckToken: every change of one character is found.
func TestCheckToken(t *testing.T) {
	t.Parallel()
	token, _, err := config.NewToken(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for i := range token {
		changed := []byte(token)
		if changed[i]++; config.CheckToken(string(changed)) {
			t.Errorf("%s accepted for %s", changed, token)
		}
	}
	for _, wrong := range []string{"", "scim_", token[1:], token + "0", "scim_" + strings.Repeat("é", 24) + "0"} {
		if config.CheckToken(wrong) {
			t.Errorf("%q accepted", wrong)
		}
	}
}

func TestAcceptToken(t *testing.T) {
	t.Parallel()
	token, _, err := config.NewToken(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		token:                      "",
		"0123456789abcdef":         "",
		"aGVsbG8gd29ybGQ+Lw-._~==": "",
		"0123456789abcde":          "at least 16",
		strings.Repeat("a", 1025):  "at most 1024",
		"0123456789 abcdef":        "only letters",
		"0123456789abcdef\n":       "only letters",
		"0123456789=abcdef":        "only letters",
		"Pässe-und-Wörter":         "only letters",
		token[:53]:                 "checksum is wrong",
	} {
		err := config.AcceptToken(text)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

func TestHashToken(t *testing.T) {
	t.Parallel()
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-2, appendix B.1
	if got := config.HashToken("abc"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
