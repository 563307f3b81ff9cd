package e2e

import (
	"context"
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/scimserver/servertest"
)

var _ = Describe("A tenant", func() {
	It("becomes a SCIM endpoint that Okta and Entra can use", func(ctx context.Context) {
		namespace := newNamespace(ctx, nil)
		recordings := sessions(namespace, "sessions", "okta", "entra")
		for _, r := range recordings {
			Expect(k8s.Create(ctx, r.tenant)).To(Succeed())
		}
		readyServer(ctx, namespace, "sessions")
		for _, r := range recordings {
			By("replaying " + r.tenant.Name)
			eventuallyCondition(ctx, r.tenant, v1alpha1.ConditionReady, "True", v1alpha1.ReasonReady)
			c := connect(ctx, r.tenant)
			Expect(servertest.Replay(ctx, c.client, c.baseURL, c.token, r.archive)).To(Succeed())
		}
	})

	It("cannot see another tenant of the same server", func(ctx context.Context) {
		home, other := newNamespace(ctx, nil), newNamespace(ctx, nil)
		readyServer(ctx, home, "shared")
		ref := &v1alpha1.ObjectReference{Namespace: home, Name: "shared"}
		var connections []connection
		for _, namespace := range []string{home, other} {
			tenant := newTenant(namespace, "acme")
			tenant.Spec.ServerRef = ref
			connections = append(connections, connect(ctx, readyTenant(ctx, tenant)))
		}
		a, b := connections[0], connections[1]
		id := a.createUser(ctx, "ann@example.com")
		Expect(b.status(ctx, "/Users/"+id)).To(Equal(http.StatusNotFound))
		Expect(b.do(ctx, http.MethodGet, "/Users", "").body["totalResults"]).To(BeEquivalentTo(0))
		Expect(b.createUser(ctx, "ann@example.com")).NotTo(Equal(id))

		stolen := connection{client: a.client, baseURL: a.baseURL, token: b.token}
		Expect(stolen.status(ctx, "/Users")).To(Equal(http.StatusUnauthorized))
	})

	It("needs the server's permission to come from another namespace", func(ctx context.Context) {
		home, other := newNamespace(ctx, nil), newNamespace(ctx, map[string]string{"scim": "yes"})
		server := readyServer(ctx, home, "shared")
		update(ctx, server, func() { server.Spec.AllowedTenants.Namespaces.From = v1alpha1.NamespacesFromSame })
		tenant := newTenant(other, "acme")
		tenant.Spec.ServerRef = &v1alpha1.ObjectReference{Namespace: home, Name: "shared"}
		Expect(k8s.Create(ctx, tenant)).To(Succeed())
		eventuallyCondition(ctx, tenant, v1alpha1.ConditionAccepted, "False", v1alpha1.ReasonNotAllowedByServer)

		update(ctx, server, func() { server.Spec.AllowedTenants.Namespaces.From = v1alpha1.NamespacesFromAll })
		eventuallyCondition(ctx, tenant, v1alpha1.ConditionReady, "True", v1alpha1.ReasonReady)
	})
})

var _ = Describe("A change", func() {
	It("that is not accepted leaves alone what runs", func(ctx context.Context) {
		tenant := readyTenant(ctx, newTenant(newNamespace(ctx, nil), "acme"))
		c := connect(ctx, tenant)
		id := c.createUser(ctx, "ann@example.com")
		update(ctx, tenant, func() {
			tenant.Spec.ApplicationRef = &v1alpha1.ObjectReference{Name: "absent"}
			tenant.Spec.Resources.Groups = v1alpha1.Disabled
		})
		eventuallyCondition(ctx, tenant, v1alpha1.ConditionAccepted, "False", v1alpha1.ReasonApplicationNotFound)
		Expect(c.status(ctx, "/Users/"+id)).To(Equal(http.StatusOK))
		Expect(c.status(ctx, "/Groups")).To(Equal(http.StatusOK), "groups are still on: the change is not in effect")

		update(ctx, tenant, func() { tenant.Spec.ApplicationRef = nil })
		eventuallyCondition(ctx, tenant, v1alpha1.ConditionReady, "True", v1alpha1.ReasonReady)
		Expect(c.status(ctx, "/Groups")).To(Equal(http.StatusNotFound), "the whole change is in effect now")
	})

	It("of the server that is not accepted leaves alone what runs", func(ctx context.Context) {
		namespace := newNamespace(ctx, nil)
		server := readyServer(ctx, namespace, "main")
		tenant := newTenant(namespace, "acme")
		tenant.Spec.ServerRef = &v1alpha1.ObjectReference{Name: "main"}
		c := connect(ctx, readyTenant(ctx, tenant))
		update(ctx, server, func() { server.Spec.Endpoint.TLS = &v1alpha1.ServerTLS{SecretName: "absent"} })
		eventuallyCondition(ctx, server, v1alpha1.ConditionAccepted, "False", v1alpha1.ReasonSecretNotFound)
		Expect(c.status(ctx, "/Users")).To(Equal(http.StatusOK))
	})
})
