package workload

import (
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const defaultPostgresPort = 5432

// Database is where the connection URI of a PostgreSQL database leads to.
type Database struct {
	Hosts []DatabaseHost
}

// DatabaseHost is one address of a database, of which there may be several.
type DatabaseHost struct {
	Name string // DNS name, or an IP address without brackets
	Port int
}

// Address is the host's IP address, if it is named by one.
func (h DatabaseHost) Address() (netip.Addr, bool) {
	addr, err := netip.ParseAddr(h.Name)
	return addr.WithZone(""), err == nil
}

var errNoURI = errors.New("it is no connection URI of PostgreSQL, such as postgresql://USER:PASSWORD@HOST:5432/DATABASE")

// ParseDatabase reads a connection URI as libpq does: several hosts with commas between them, and the parameters host and
// port. What else is in it the server judges. No error repeats anything of the URI, which has a password in it.
func ParseDatabase(uri string) (Database, error) {
	rest, ok := cutScheme(strings.TrimSpace(uri))
	if !ok {
		return Database{}, errNoURI
	}
	rest, query, _ := strings.Cut(rest, "?")
	authority, _, _ := strings.Cut(rest, "/")
	params, err := url.ParseQuery(query)
	if err != nil {
		return Database{}, errors.New("its parameters, the part after ?, cannot be read")
	}
	hosts := strings.Split(authority[strings.LastIndexByte(authority, '@')+1:], ",")
	if host := params.Get("host"); host != "" {
		hosts = bracketed(strings.Split(host, ","))
	}
	return database(hosts, strings.Split(params.Get("port"), ","))
}

func cutScheme(uri string) (string, bool) {
	scheme, rest, found := strings.Cut(uri, "://")
	return rest, found && slices.Contains([]string{"postgres", "postgresql"}, strings.ToLower(scheme))
}

// bracketed brings bare IPv6 addresses, as a parameter has them, into the form of an authority.
func bracketed(hosts []string) []string {
	for i, h := range hosts {
		if addr, err := netip.ParseAddr(h); err == nil && addr.Is6() {
			hosts[i] = "[" + h + "]"
		}
	}
	return hosts
}

// database joins hosts, which may have ports, and ports: one for each host, or one for all.
func database(hosts, ports []string) (db Database, err error) {
	for i, text := range hosts {
		port := ports[0]
		if i < len(ports) {
			port = ports[i]
		}
		host, err := databaseHost(text, port)
		if err != nil {
			return Database{}, err
		}
		db.Hosts = append(db.Hosts, host)
	}
	return db, nil
}

func databaseHost(text, port string) (DatabaseHost, error) {
	name := text
	if colon := strings.LastIndexByte(text, ':'); colon > strings.LastIndexByte(text, ']') {
		name = text[:colon]
		if text[colon+1:] != "" {
			port = text[colon+1:]
		}
	}
	name = strings.Trim(name, "[]")
	if unescaped, err := url.PathUnescape(name); err == nil {
		name = unescaped
	}
	switch n, err := strconv.ParseUint(port, 10, 16); {
	case name == "" || strings.HasPrefix(name, "/") || strings.HasPrefix(name, "@"):
		return DatabaseHost{}, errors.New("it names no host; a pod reaches the database by its network alone")
	case port == "":
		return DatabaseHost{Name: name, Port: defaultPostgresPort}, nil
	case err != nil || n == 0:
		return DatabaseHost{}, errors.New("a port in it is no number from 1 to 65535")
	default:
		return DatabaseHost{Name: name, Port: int(n)}, nil
	}
}
