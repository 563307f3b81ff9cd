package e2e

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

var _ = Describe("A server on PostgreSQL", func() {
	It("is made by the sample, and keeps tenants apart", func(ctx context.Context) {
		d, namespace := postgres(ctx), newNamespace(ctx, nil)
		Expect(k8s.Create(ctx, databaseSecret(namespace, "pg-app", d.create(ctx)))).To(Succeed())
		for _, o := range readSample("shared-postgres") {
			o.SetNamespace(namespace)
			Expect(k8s.Create(ctx, o)).To(Succeed())
		}
		var connections []connection
		for _, name := range []string{"acme", "globex"} {
			tenant := newTenant(namespace, name)
			eventuallyCondition(ctx, tenant, v1alpha1.ConditionReady, "True", v1alpha1.ReasonReady)
			connections = append(connections, connect(ctx, tenant))
		}
		place{server: client.ObjectKey{Namespace: namespace, Name: "shared"}}.eventuallyReady(ctx, 3)
		id := connections[0].createUser(ctx, "ann@example.com")
		for range 10 { // whichever pod answers
			connections[0].client.CloseIdleConnections()
			Expect(connections[0].status(ctx, "/Users/"+id)).To(Equal(http.StatusOK))
			Expect(connections[1].status(ctx, "/Users/"+id)).To(Equal(http.StatusNotFound))
		}
	})

	It("says what is wrong with the database, and takes a corrected Secret without a restart", func(ctx context.Context) {
		d, namespace := postgres(ctx), newNamespace(ctx, nil)
		right := d.create(ctx)
		wrong := parse(right)
		wrong.User = url.UserPassword(wrong.User.Username(), "wrong")
		absent := parse(right)
		absent.Path = "/absent"
		nobody := parse(right)
		nobody.Host = nobody.Hostname() + ":1"
		uris := map[v1alpha1.ConditionReason]string{
			v1alpha1.ReasonDatabaseLoginRefused:    wrong.String(),
			v1alpha1.ReasonDatabaseNotFound:        absent.String(),
			v1alpha1.ReasonDatabaseUnreachable:     nobody.String(),
			v1alpha1.ReasonDatabaseRightsMissing:   d.create(ctx, "DROP SCHEMA public", "CREATE SCHEMA public AUTHORIZATION postgres"),
			v1alpha1.ReasonDatabaseReadOnly:        d.create(ctx, "ALTER ROLE $USER SET default_transaction_read_only = on"),
			v1alpha1.ReasonDatabaseConnectionLimit: d.create(ctx, "ALTER ROLE $USER CONNECTION LIMIT 0"),
		}
		servers := map[v1alpha1.ConditionReason]*v1alpha1.SCIMServer{}
		for reason, uri := range uris {
			name := lower(reason)
			Expect(k8s.Create(ctx, databaseSecret(namespace, name, uri))).To(Succeed())
			servers[reason] = newPostgresServer(namespace, name, name)
			Expect(k8s.Create(ctx, servers[reason])).To(Succeed())
		}
		for reason, server := range servers {
			eventuallyCondition(ctx, server, v1alpha1.ConditionReady, "False", reason)
		}
		By("correcting the password")
		server := servers[v1alpha1.ReasonDatabaseLoginRefused]
		secret := databaseSecret(namespace, server.Name, right)
		update(ctx, secret, func() { secret.StringData = map[string]string{"uri": right} })
		corrected := time.Now()
		Eventually(func(g Gomega) {
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(server), server)).To(Succeed())
			g.Expect(server.Status.ReadyReplicas).To(BeEquivalentTo(1))
		}).WithContext(ctx).WithTimeout(3 * time.Minute).Should(Succeed())
		figure("a corrected Secret is in effect", time.Since(corrected).Round(time.Second))
		eventuallyCondition(ctx, server, v1alpha1.ConditionReady, "True", v1alpha1.ReasonReady)
		for _, server := range servers {
			place{server: client.ObjectKeyFromObject(server)}.unrestarted(ctx)
		}
	})
})

func parse(uri string) *url.URL {
	GinkgoHelper()
	u, err := url.Parse(uri)
	Expect(err).NotTo(HaveOccurred())
	return u
}

// lower makes a reason the name of an object.
func lower(reason v1alpha1.ConditionReason) string { return strings.ToLower(string(reason)) }
