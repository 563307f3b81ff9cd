package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writePair writes a new certificate for the name and its key into the files.
func writePair(t *testing.T, name, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, certFile, "CERTIFICATE", cert)
	writePEM(t, keyFile, "PRIVATE KEY", der)
}

func writePEM(t *testing.T, file, typ string, der []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	writePair(t, "first", certFile, keyFile)
	now := start
	l, err := listen("127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }), testLog(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := l.useTLS(certFile, keyFile, func() time.Time { return now }, testLog(t)); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- l.serve() }()
	name := func(version uint16) (string, error) {
		c, err := tls.Dial("tcp", l.addr(), &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: version})
		if err != nil {
			return "", err
		}
		defer func() { _ = c.Close() }()
		return c.ConnectionState().PeerCertificates[0].Subject.CommonName, nil
	}
	expect := func(want string) {
		t.Helper()
		if got, err := name(tls.VersionTLS13); err != nil || got != want {
			t.Errorf("certificate of %s, %v; want %s", got, err, want)
		}
	}
	expect("first")
	if _, err := name(tls.VersionTLS11); err == nil || !strings.Contains(err.Error(), "protocol version") {
		t.Errorf("TLS 1.1: %v", err)
	}
	writePair(t, "second", certFile, keyFile)
	setTime(t, certFile, start.Add(time.Hour))
	expect("first") // not looked at yet
	now = now.Add(certificateCheck)
	expect("second")
	writePair(t, "third", certFile, filepath.Join(dir, "other.key")) // the pair does not match
	setTime(t, certFile, start.Add(2*time.Hour))
	now = now.Add(certificateCheck)
	expect("second")
	if err := os.Rename(filepath.Join(dir, "other.key"), keyFile); err != nil {
		t.Fatal(err)
	}
	now = now.Add(certificateCheck)
	expect("third")

	if err := l.server.Close(); err != nil {
		t.Fatal(err)
	}
	if err := receive(t, ended); err != nil {
		t.Error(err)
	}
}

// setTime makes a change of a file visible whatever the resolution of its times is.
func setTime(t *testing.T, file string, at time.Time) {
	t.Helper()
	if err := os.Chtimes(file, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestTLSNeedsFiles(t *testing.T) {
	t.Parallel()
	_, err := New(Options{Store: &storeStub{}, Listen: "127.0.0.1:0", OpsListen: "127.0.0.1:0", CertFile: "none.crt", KeyFile: "none.key", Log: testLog(t), Metrics: newLive(t, "").metrics})
	if err == nil || !strings.Contains(err.Error(), "none.crt") {
		t.Errorf("error %v", err)
	}
	_, err = New(Options{Store: &storeStub{}, Listen: "127.0.0.1:0", OpsListen: "nowhere", Log: testLog(t), Metrics: newLive(t, "").metrics})
	if err == nil || !strings.Contains(err.Error(), `listen on "nowhere"`) {
		t.Errorf("error %v", err)
	}
}
