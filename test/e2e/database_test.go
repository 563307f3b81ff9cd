package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scim-operator/scim-operator/scimserver/store/postgres/pgtest"
)

// database is a PostgreSQL on this machine, and the network between it and the pods: everything goes through here.
type database struct {
	server   *pgtest.Server
	listener net.Listener
	host     string // of the listener, as pods see it

	frozen atomic.Pointer[chan struct{}] // closed when it is over; nil: bytes flow
	mu     sync.Mutex
	open   map[net.Conn]bool
}

// postgres starts a server for the spec, or skips it where pods do not reach this machine.
func postgres(ctx context.Context) *database {
	GinkgoHelper()
	host := os.Getenv("E2E_HOST")
	if host == "" {
		Skip("E2E_HOST says at which address pods reach this machine; it is not set")
	}
	server, err := pgtest.Start(ctx, pgtest.Options{Durable: true})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(server.Stop)
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	Expect(err).NotTo(HaveOccurred())
	d := &database{server: server, listener: listener, host: host, open: map[net.Conn]bool{}}
	DeferCleanup(d.close)
	go d.accept()
	return d
}

// create makes a user and a database of that user's, and gives the URI that pods use. Further statements are run in it.
func (d *database) create(ctx context.Context, more ...string) string {
	GinkgoHelper()
	name, password := "db"+strings.ToLower(rand.Text()), rand.Text()
	Expect(pgtest.Execute(ctx, d.server.URI("postgres"),
		fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", name, password), fmt.Sprintf("CREATE DATABASE %s OWNER %s", name, name))).To(Succeed())
	for _, sql := range more {
		Expect(pgtest.Execute(ctx, d.server.URI(name), strings.ReplaceAll(sql, "$USER", name))).To(Succeed())
	}
	return d.uri(url.UserPassword(name, password), name)
}

func (d *database) uri(user *url.Userinfo, name string) string {
	u := url.URL{Scheme: "postgresql", User: user, Host: d.listener.Addr().String(), Path: "/" + name, RawQuery: "sslmode=disable"}
	return u.String()
}

// databaseSecret is one as CloudNativePG makes it.
func databaseSecret(namespace, name, uri string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, StringData: map[string]string{"uri": uri}}
}

func (d *database) accept() {
	for {
		conn, err := d.listener.Accept()
		if err != nil {
			return
		}
		go d.forward(conn)
	}
}

func (d *database) forward(from net.Conn) {
	d.wait()
	u, err := url.Parse(d.server.URI("postgres"))
	if err != nil {
		_ = from.Close()
		return
	}
	to, err := net.Dial("tcp", u.Host)
	if err != nil {
		_ = from.Close()
		return
	}
	d.track(from, to)
	var both sync.WaitGroup
	both.Go(func() { d.copy(to, from) })
	both.Go(func() { d.copy(from, to) })
	both.Wait()
}

// copy moves bytes one way until either side ends; then both do.
func (d *database) copy(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		d.wait()
		if n > 0 {
			if _, werr := to.Write(buffer[:n]); werr != nil {
				err = werr
			}
		}
		if err != nil {
			_ = to.Close()
			_ = from.Close()
			return
		}
	}
}

func (d *database) track(conns ...net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range conns {
		d.open[c] = true
	}
}

// wait holds while nothing gets through.
func (d *database) wait() {
	if over := d.frozen.Load(); over != nil {
		<-*over
	}
}

// freeze swallows all bytes in both directions, as a network does that is gone: connections stay open, nothing answers.
func (d *database) freeze() {
	over := make(chan struct{})
	d.frozen.Store(&over)
}

// thaw lets bytes flow again.
func (d *database) thaw() {
	if over := d.frozen.Swap(nil); over != nil {
		close(*over)
	}
}

func (d *database) close() {
	d.thaw()
	_ = d.listener.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.open {
		_ = c.Close()
	}
}
