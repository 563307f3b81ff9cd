package webhook_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/scim-operator/scim-operator/scimserver/outbox/webhook"
)

func TestGuard(t *testing.T) {
	t.Parallel()
	for addr, kind := range map[string]string{
		"127.0.0.1":              "loopback",
		"127.255.0.1":            "loopback",
		"::1":                    "loopback",
		"::ffff:127.0.0.1":       "loopback",
		"::127.0.0.1":            "loopback",
		"64:ff9b::7f00:1":        "loopback",
		"2002:7f00:1::":          "loopback",
		"0.0.0.0":                "unspecified",
		"::":                     "unspecified",
		"0.1.2.3":                "this host",
		"169.254.169.254":        "link-local",
		"::ffff:169.254.169.254": "link-local",
		"64:ff9b::a9fe:a9fe":     "link-local",
		"fe80::1":                "link-local",
		"fe80::1%eth0":           "link-local",
		"224.0.0.1":              "multicast",
		"ff02::1":                "multicast",
		"255.255.255.255":        "reserved",
		"100.100.100.200":        "metadata",
		"168.63.129.16":          "metadata",
		"fd00:ec2::254":          "metadata",
		"10.0.0.7":               "",
		"172.16.1.1":             "",
		"192.168.1.1":            "",
		"100.64.0.1":             "",
		"93.184.216.34":          "",
		"fd12::1":                "",
		"2001:db8::1":            "",
		"64:ff9b::5db8:d822":     "",
	} {
		err := webhook.Guard{}.Check(netip.MustParseAddr(addr))
		refused := (*webhook.AddressError)(nil)
		if (kind != "") != errors.As(err, &refused) || kind != "" && !strings.Contains(refused.Kind, kind) {
			t.Errorf("%s: %v, want %q", addr, err, kind)
		}
	}
	if err := (webhook.Guard{}).Check(netip.Addr{}); err == nil {
		t.Error("the zero address is allowed")
	}
}

func TestGuardAllows(t *testing.T) {
	t.Parallel()
	g := webhook.Guard{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("fe80::/64")}}
	for addr, ok := range map[string]bool{
		"127.0.0.1": true, "::ffff:127.0.0.1": true, "64:ff9b::7f00:1": true, "fe80::7%eth0": true,
		"::1": false, "169.254.169.254": false, "fe80:0:0:1::1": false,
	} {
		if err := g.Check(netip.MustParseAddr(addr)); (err == nil) != ok {
			t.Errorf("%s: %v", addr, err)
		}
	}
}
