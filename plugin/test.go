package plugin

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/plugin/probe"
)

// ErrTestFailed tells that a connection test found something; what, was printed.
var ErrTestFailed = errors.New("the connection test failed")

// test makes the identity provider's own connection test.
func (s *session) test() error {
	secret, err := s.credentials()
	if err != nil {
		return err
	}
	t := probe.Target{
		IdentityProvider: string(s.tenant.Spec.IdentityProvider), URL: string(secret.Data[v1alpha1.SecretKeyBaseURL]), Token: string(secret.Data[v1alpha1.SecretKeyToken]),
		UniqueIdentifier: string(s.tenant.Spec.UniqueIdentifier), Groups: s.tenant.Spec.Resources.Groups != v1alpha1.Disabled, TestEmail: s.flags.testEmail,
	}
	if s.flags.url != "" {
		t.URL = strings.TrimRight(s.flags.url, "/")
	}
	switch {
	case t.Token == "":
		return fmt.Errorf("SCIMTenant %s has no token to test with: its identity provider brings signed ones", s.key())
	case t.IdentityProvider == string(v1alpha1.IdentityProviderJumpCloud) && t.TestEmail == "":
		return UsageError("JumpCloud's test creates a user and deletes it; give --test-email an address that nobody has")
	}
	id, err := uuid.NewRandomFromReader(rand.Reader)
	if err != nil {
		return err
	}
	t.Random = id.String()
	transport, err := s.Transport(s.flags.caFile)
	if err != nil {
		return err
	}
	// An identity provider does not follow redirects with a token.
	client := &http.Client{Transport: transport, Timeout: s.flags.timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	fmt.Fprintf(s.Out, "Testing %s as %s does\n", t.URL, t.IdentityProvider)
	if !probe.Run(s.ctx, client, t, s.printResult) {
		return ErrTestFailed
	}
	fmt.Fprintln(s.Out, "All is well.")
	return nil
}

func (s *session) printResult(r probe.Result) {
	status := "---"
	if r.Status != 0 {
		status = fmt.Sprint(r.Status)
	}
	verdict := "ok"
	if r.Problem != "" {
		verdict = "FAILED: " + r.Problem
	}
	fmt.Fprintf(s.Out, "  %-6s %s\n         %s %s\n", r.Method, r.Path, status, verdict)
}
