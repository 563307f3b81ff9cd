package webhook

import (
	"fmt"
	"net/netip"
	"syscall"
)

// refused are networks that no application is in, beside those that netip knows by themselves. Private networks are
// allowed: applications in the cluster are there.
var refused = map[string][]netip.Prefix{
	"a metadata service": prefixes("100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32", "fd00:ec2::/32", "fd20:ce::254/128"),
	"this host":          prefixes("0.0.0.0/8"),
	"reserved":           prefixes("240.0.0.0/4"),
}

// embedding are the IPv6 networks whose addresses hold an IPv4 address that a gateway delivers to, and where it begins.
var embedding = map[netip.Prefix]int{
	netip.MustParsePrefix("64:ff9b::/96"): 12, // RFC 6052
	netip.MustParsePrefix("::/96"):        12, // RFC 4291 §2.5.5.1
	netip.MustParsePrefix("2002::/16"):    2,  // RFC 3056
}

func prefixes(texts ...string) (list []netip.Prefix) {
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// Guard decides which addresses a webhook may reach. The zero Guard has no exceptions.
type Guard struct {
	// Allowed are networks that may be reached although they are refused by default.
	Allowed []netip.Prefix
}

// AddressError means that a webhook's host has an address that must not be reached.
type AddressError struct {
	Addr netip.Addr
	Kind string
}

func (e *AddressError) Error() string {
	return fmt.Sprintf("address %s is refused (%s): webhooks do not reach it unless the server's allowedNetworks hold it", e.Addr, e.Kind)
}

// Check returns an *AddressError for an address that is refused.
func (g Guard) Check(addr netip.Addr) error {
	addr = addr.Unmap().WithZone("")
	for _, p := range g.Allowed {
		if p.Contains(addr) {
			return nil
		}
	}
	if kind := kindOf(addr); kind != "" {
		return &AddressError{Addr: addr, Kind: kind}
	}
	for p, at := range embedding {
		if p.Contains(addr) {
			b := addr.As16()
			return g.Check(netip.AddrFrom4([4]byte(b[at : at+4])))
		}
	}
	return nil
}

// kindOf names why an address is refused; "" when it is not.
func kindOf(addr netip.Addr) string {
	switch {
	case !addr.IsValid():
		return "invalid"
	case addr.IsUnspecified():
		return "unspecified"
	case addr.IsLoopback():
		return "loopback"
	case addr.IsLinkLocalUnicast():
		return "link-local"
	case addr.IsMulticast():
		return "multicast"
	}
	for kind, list := range refused {
		for _, p := range list {
			if p.Contains(addr) {
				return kind
			}
		}
	}
	return ""
}

// control is called after the name was resolved, with the very address that is connected to: an answer of the DNS that
// changes between a check and the connection has no chance.
func (g Guard) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	return g.Check(at.Addr())
}
