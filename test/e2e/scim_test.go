package e2e

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// connection is what an identity provider has: the base URL and the token of one tenant.
type connection struct {
	client  *http.Client // leads baseURL to the tenant's Service from where the tests run
	baseURL string
	token   string
	scheme  string // of Authorization: Bearer where it is empty, and nothing for "none"
}

func (c connection) authorization() string {
	switch c.scheme {
	case "none":
		return c.token
	case "":
		return "Bearer " + c.token
	}
	return c.scheme + " " + c.token
}

// connect reads the tenant's credentials Secret and finds a way from here to the Service behind its URL.
func connect(ctx context.Context, t *v1alpha1.SCIMTenant) connection {
	GinkgoHelper()
	var s corev1.Secret
	key := client.ObjectKey{Namespace: t.Namespace, Name: v1alpha1.CredentialsSecretName(t.Name)}
	Expect(k8s.Get(ctx, key, &s)).To(Succeed())
	Expect(string(s.Data[v1alpha1.SecretKeyBaseURL])).To(Equal(t.Status.URL))
	Expect(string(s.Data[v1alpha1.SecretKeyAuthorization])).To(Equal("Bearer " + string(s.Data[v1alpha1.SecretKeyToken])))
	namespace, name := t.ServerKey()
	return connection{
		client:  clientOf(serviceAddress(ctx, namespace, name)),
		baseURL: t.Status.URL,
		token:   string(s.Data[v1alpha1.SecretKeyToken]),
	}
}

// clientOf connects to one address, whatever the URL says.
func clientOf(address string) *http.Client {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, address)
		},
	}
	DeferCleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// direct tells that this machine has reached a cluster IP: it always will, also while no pod is ready behind one.
var direct atomic.Bool

// serviceAddress is the Service's cluster IP where this machine reaches it, else the end of a port-forward.
func serviceAddress(ctx context.Context, namespace, name string) string {
	GinkgoHelper()
	var s corev1.Service
	Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &s)).To(Succeed())
	addr := net.JoinHostPort(s.Spec.ClusterIP, fmt.Sprint(s.Spec.Ports[0].Port))
	if direct.Load() {
		return addr
	}
	conn, err := net.DialTimeout("tcp", addr, 2*time.Second)
	if err != nil {
		return portForward(ctx, namespace, name, s.Spec.Ports[0].Port)
	}
	_ = conn.Close()
	direct.Store(true)
	return addr
}

// portForward keeps `kubectl port-forward` running until the spec ends.
func portForward(ctx context.Context, namespace, name string, port int32) string {
	GinkgoHelper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	cmd := exec.CommandContext(ctx, cmp.Or(os.Getenv("KUBECTL"), "kubectl"), "-n", namespace, "port-forward", "service/"+name, fmt.Sprintf(":%d", port))
	out, err := cmd.StdoutPipe()
	Expect(err).NotTo(HaveOccurred())
	Expect(cmd.Start()).To(Succeed())
	DeferCleanup(func() {
		cancel()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	Expect(err).NotTo(HaveOccurred())
	_, rest, found := strings.Cut(line, "Forwarding from ")
	Expect(found).To(BeTrue(), line)
	addr, _, _ := strings.Cut(rest, " ")
	return addr
}

// answer is a SCIM response, decoded.
type answer struct {
	status int
	body   map[string]any
}

func (a answer) string(name string) string {
	s, _ := a.body[name].(string)
	return s
}

// try sends one request; an error means that no whole answer came.
func (c connection) try(ctx context.Context, method, path, body string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.baseURL+path, bytes.NewBufferString(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Authorization", c.authorization())
	if body != "" {
		req.Header.Set("Content-Type", "application/scim+json; charset=utf-8")
	}
	res, err := c.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: res.StatusCode}
	if len(raw) > 0 {
		err = json.Unmarshal(raw, &a.body)
	}
	return a, err
}

// do sends one request that must be answered.
func (c connection) do(ctx context.Context, method, path, body string) answer {
	GinkgoHelper()
	a, err := c.try(ctx, method, path, body)
	Expect(err).NotTo(HaveOccurred())
	return a
}

// status is the status of a request, 0 when there was no answer.
func (c connection) status(ctx context.Context, path string) int {
	a, err := c.try(ctx, http.MethodGet, path, "")
	if err != nil {
		return 0
	}
	return a.status
}

func (c connection) createUser(ctx context.Context, userName string) string {
	GinkgoHelper()
	a := c.do(ctx, http.MethodPost, "/Users", fmt.Sprintf(
		`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%q,"active":true}`, userName))
	Expect(a.status).To(Equal(http.StatusCreated), "%v", a.body)
	return a.string("id")
}

// eventuallyStatus polls quickly and tells how long it took.
func (c connection) eventuallyStatus(ctx context.Context, path string, want int, within time.Duration) time.Duration {
	GinkgoHelper()
	began := time.Now()
	Eventually(func() int { return c.status(ctx, path) }).
		WithContext(ctx).WithTimeout(within).WithPolling(20 * time.Millisecond).Should(Equal(want))
	return time.Since(began)
}
