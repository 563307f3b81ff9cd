package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/test/exampleapp"
)

// sample is a folder of config/samples that was applied to a namespace of its own.
type sample struct {
	connection
	namespace string
	app       *inventory // that gets its webhooks
	objects   []*unstructured.Unstructured
	tenant    *v1alpha1.SCIMTenant
	members   func(context.Context) []exampleapp.Member
}

// applySample does what the folder's README says.
func applySample(ctx context.Context, folder, namespace string, app *inventory) *sample {
	GinkgoHelper()
	s := &sample{namespace: namespace, app: app, objects: readSample(folder), tenant: &v1alpha1.SCIMTenant{}}
	for _, o := range s.objects {
		o.SetNamespace(namespace)
		if name, found, _ := unstructured.NestedString(o.Object, "spec", "delivery", "webhook", "secretRef", "name"); found {
			Expect(k8s.Create(ctx, app.secret(namespace, name))).To(Succeed())
		}
		Expect(k8s.Create(ctx, o)).To(Succeed(), folder)
		if o.GetKind() == "SCIMTenant" {
			s.tenant.Namespace, s.tenant.Name = namespace, o.GetName()
		}
	}
	Expect(s.tenant.Name).NotTo(BeEmpty(), folder)
	s.members = func(ctx context.Context) []exampleapp.Member { return app.members(ctx, s.key()) }
	return s
}

func readSample(folder string) (objects []*unstructured.Unstructured) {
	GinkgoHelper()
	files, err := filepath.Glob(filepath.Join("..", "..", "config", "samples", folder, "*.yaml"))
	Expect(err).NotTo(HaveOccurred())
	for _, file := range files {
		text, err := os.ReadFile(file)
		Expect(err).NotTo(HaveOccurred())
		decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
		for {
			o := &unstructured.Unstructured{}
			err := decoder.Decode(o)
			if errors.Is(err, io.EOF) {
				break
			}
			Expect(err).NotTo(HaveOccurred(), file)
			objects = append(objects, o)
		}
	}
	return objects
}

func (s *sample) key() string { return s.namespace + "/" + s.tenant.Name }

// ready waits until the tenant is, and connects to it.
func (s *sample) ready(ctx context.Context) *sample {
	GinkgoHelper()
	eventuallyCondition(ctx, s.tenant, v1alpha1.ConditionReady, "True", v1alpha1.ReasonReady)
	s.connection = connect(ctx, s.tenant)
	return s
}

// change edits the tenant and waits until the change is served.
func (s *sample) change(ctx context.Context, edit func(*v1alpha1.SCIMTenantSpec)) {
	GinkgoHelper()
	update(ctx, s.tenant, func() { edit(&s.tenant.Spec) })
	s.ready(ctx)
}

// feed is the tenant's member feed, with the application's credentials.
func (s *sample) feed(ctx context.Context) exampleapp.Feed {
	GinkgoHelper()
	var secret corev1.Secret
	key := client.ObjectKey{Namespace: s.namespace, Name: v1alpha1.FeedCredentialsSecretName(s.tenant.Spec.ApplicationRef.Name)}
	Expect(k8s.Get(ctx, key, &secret)).To(Succeed())
	namespace, name := s.tenant.ServerKey()
	return exampleapp.Feed{
		Tenant: s.key(), URL: "http://" + serviceAddress(ctx, namespace, name) + "/" + s.key() + "/members/v1",
		Token: string(secret.Data[v1alpha1.SecretKeyToken]),
	}
}

// reader has an application read the member feed until the spec ends.
func (s *sample) reader(ctx context.Context) *sample {
	GinkgoHelper()
	feed := s.feed(ctx)
	app, err := exampleapp.New(exampleapp.Options{Feeds: []exampleapp.Feed{feed}, Log: slog.New(slog.DiscardHandler)})
	Expect(err).NotTo(HaveOccurred())
	pulling, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- app.Pull(pulling, feed) }()
	DeferCleanup(func() {
		stop()
		Expect(<-done).To(MatchError(context.Canceled))
		Expect(app.Close()).To(Succeed())
	})
	s.members = func(context.Context) []exampleapp.Member { return app.Members(s.key()) }
	return s
}

// member is one that matches, as soon as the application knows of it.
func (s *sample) member(ctx context.Context, userName string, matches func(exampleapp.Member) bool) (found exampleapp.Member) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		list := s.members(ctx)
		for _, m := range list {
			if m.UserName == userName && matches(m) {
				found = m
				return
			}
		}
		g.Expect(list).To(BeNil(), "no member is %s as it should be", userName)
	}).WithContext(ctx).Should(Succeed())
	return found
}

// gone waits until the application has no member of the name.
func (s *sample) gone(ctx context.Context, userName string) {
	GinkgoHelper()
	Eventually(func() (names []string) {
		for _, m := range s.members(ctx) {
			names = append(names, m.UserName)
		}
		return names
	}).WithContext(ctx).ShouldNot(ContainElement(userName))
}

func active(m exampleapp.Member) bool   { return m.Active }
func inactive(m exampleapp.Member) bool { return !m.Active }

func withRole(role string) func(exampleapp.Member) bool {
	return func(m exampleapp.Member) bool { return m.Active && m.Role == role }
}

func withField(name string, value any) func(exampleapp.Member) bool {
	return func(m exampleapp.Member) bool { return m.Fields[name] == value }
}

// post creates a resource and returns its id.
func (s *sample) post(ctx context.Context, endpoint, body string) string {
	GinkgoHelper()
	a := s.do(ctx, http.MethodPost, endpoint, body)
	Expect(a.status).To(Equal(http.StatusCreated), "%v", a.body)
	return a.string("id")
}

// patch changes a resource by operations.
func (s *sample) patch(ctx context.Context, path, operations string) answer {
	GinkgoHelper()
	return s.do(ctx, http.MethodPatch, path, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`+operations+`]}`)
}

// patched is patch that must succeed.
func (s *sample) patched(ctx context.Context, path, operations string) {
	GinkgoHelper()
	a := s.patch(ctx, path, operations)
	Expect(a.status).To(BeElementOf(http.StatusOK, http.StatusNoContent), "%v", a.body)
}

// noGroups: the identity provider's look at groups fails cleanly.
func (s *sample) noGroups(ctx context.Context, query string) {
	GinkgoHelper()
	a := s.do(ctx, http.MethodGet, "/Groups"+query, "")
	Expect(a.status).To(Equal(http.StatusNotFound))
	Expect(a.string("status")).To(Equal("404"))
}

// total is how many resources a query finds.
func (s *sample) total(ctx context.Context, query string) int {
	GinkgoHelper()
	a := s.do(ctx, http.MethodGet, query, "")
	Expect(a.status).To(Equal(http.StatusOK), "%v", a.body)
	n, _ := a.body["totalResults"].(float64)
	return int(n)
}

// oktaUser is the body of Okta's POST.
func oktaUser(name, more string) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"%[1]s@example.com","name":{"givenName":%[2]q,"familyName":"User"},`+
		`"emails":[{"primary":true,"value":"%[1]s@example.com","type":"work"}],"displayName":"%[2]s User","locale":"en-US","externalId":"00u-%[1]s","groups":[],"password":"1mz050nq","active":true%[3]s}`,
		name, strings.ToUpper(name[:1])+name[1:], more)
}

const (
	oktaDeactivate = `{"op":"replace","value":{"active":false}}`
	oktaReactivate = `{"op":"replace","value":{"active":true}}`
)

// entraUser is the body of Entra ID's POST.
func entraUser(name, more string) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"externalId":"oid-%[1]s",`+
		`"userName":"%[1]s@example.com","active":true,"displayName":"%[1]s User","emails":[{"primary":true,"type":"work","value":"%[1]s@example.com"}],"meta":{"resourceType":"User"},`+
		`"name":{"formatted":"%[1]s User","familyName":"User","givenName":%[1]q},"title":"Engineer","roles":[]%[2]s}`, name, more)
}

func entraDepartment(department string) string {
	return fmt.Sprintf(`,"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":%q}`, department)
}

const (
	entraDisable = `{"op":"Replace","path":"active","value":"False"}`
	entraEnable  = `{"op":"Replace","path":"active","value":"True"}`
)
