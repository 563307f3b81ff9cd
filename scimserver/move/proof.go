package move

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/scim-operator/scim-operator/scimserver/config"
)

// Path is where servers talk to each other.
const Path = "/-/move/"

const (
	pathHello  = Path + "hello"
	headerMove = "Scim-Move"     // id of the move
	headerKey  = "Scim-Move-Key" // the key itself: after hello only, or where there is no TLS
	label      = "EXPORTER-scim-operator-move"
	dialTime   = 10 * time.Second
)

// proof shows who has the key that the peer of this very TLS connection has it, too: a certificate for another name, or of an
// unknown authority, does no harm then.
func proof(key string, state *tls.ConnectionState) (string, error) {
	binding, err := state.ExportKeyingMaterial(label, nil, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("bind the connection: %w", err)
	}
	return hex.EncodeToString(mac(key, binding)), nil
}

func mac(key string, text []byte) []byte {
	h := hmac.New(sha256.New, []byte(key))
	_, _ = h.Write(text)
	return h.Sum(nil)
}

// Client returns a client for the other server of a move. Over TLS it sends nothing before that one has proved to have the key.
func Client(m *config.Move) *http.Client {
	t := &http.Transport{
		DialContext:           (&net.Dialer{Timeout: dialTime}).DialContext,
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       30 * time.Second,
		ResponseHeaderTimeout: 5 * time.Minute, // of checksums of a large tenant, and of synchronous requests that are passed on
		DisableCompression:    true,
	}
	t.DialTLSContext = func(ctx context.Context, network, addr string) (net.Conn, error) { return dial(ctx, network, addr, m) }
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

var errNoProof = errors.New("the other server does not know the move, or is not the one it should be")

// dial accepts any certificate, and asks for the proof.
func dial(ctx context.Context, network, addr string, m *config.Move) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	d := tls.Dialer{Config: &tls.Config{
		MinVersion:         tls.VersionTLS13,
		InsecureSkipVerify: true, //nolint:gosec // the proof is stronger: it is bound to this connection
		NextProtos:         []string{"http/1.1"},
	}}
	c, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	if err := askProof(ctx, c.(*tls.Conn), m); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

func askProof(ctx context.Context, c *tls.Conn, m *config.Move) error {
	state := c.ConnectionState()
	want, err := proof(m.Key, &state)
	if err != nil {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = c.SetDeadline(deadline)
		defer func() { _ = c.SetDeadline(time.Time{}) }()
	}
	peer, err := url.Parse(m.Peer)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, peer.Scheme+"://"+peer.Host+pathHello, nil)
	if err != nil {
		return err
	}
	r.Header.Set(headerMove, m.ID)
	if err := r.Write(c); err != nil {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), r)
	if err != nil {
		return err
	}
	_ = answer.Body.Close()
	if !hmac.Equal([]byte(answer.Header.Get(headerKey)), []byte(want)) {
		return errNoProof
	}
	return nil
}

// hello answers with the proof.
func hello(w http.ResponseWriter, r *http.Request, key string) {
	if r.TLS == nil {
		http.Error(w, "this is for TLS", http.StatusBadRequest)
		return
	}
	text, err := proof(key, r.TLS)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set(headerKey, text)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
}
