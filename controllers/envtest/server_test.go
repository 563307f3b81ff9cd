package envtest_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

var _ = Describe("A server", func() {
	It("waits for the Secret of its certificate", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		server := create(ctx, newServer(ns, "shared", func(s *v1alpha1.SCIMServer) {
			s.Spec.Endpoint.TLS = &v1alpha1.ServerTLS{SecretName: "cert"}
			s.Spec.Endpoint.BaseURL = "https://own.example.com"
		}))
		eventuallyRefused(ctx, server, v1alpha1.ReasonSecretNotFound, "no Secret cert in namespace "+ns)
		create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "cert"}, Type: corev1.SecretTypeTLS,
			Data: map[string][]byte{"tls.crt": []byte("c"), "tls.key": []byte("k")}})
		eventuallyReady(ctx, server)
		Expect(server.Status.BaseURL).To(Equal("https://own.example.com"))
	})

	It("has the host of its Ingress for itself", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		host := func(s *v1alpha1.SCIMServer) {
			s.Spec.Endpoint.Ingress = &v1alpha1.ServerIngress{Host: ns + ".example.com"}
		}
		first := readyServer(ctx, newServer(ns, "a-first", host))
		Expect(first.Status.BaseURL).To(Equal("https://" + ns + ".example.com"))
		second := create(ctx, newServer(ns, "second", host))
		eventuallyRefused(ctx, second, v1alpha1.ReasonConflict, "is the host of SCIMServer "+ns+"/a-first")
		By("and a change of the first one gives it free")
		change(ctx, first, func(s *v1alpha1.SCIMServer) { s.Spec.Endpoint.Ingress = nil })
		change(ctx, second, func(s *v1alpha1.SCIMServer) { s.Spec.Endpoint.Ingress.ClassName = "nginx" })
		eventuallyReady(ctx, second)
		eventuallyGone(ctx, &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "a-first"}})
	})

	It("whose host becomes free gets it at once", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		host := func(s *v1alpha1.SCIMServer) {
			s.Spec.Endpoint.Ingress = &v1alpha1.ServerIngress{Host: ns + ".example.com"}
		}
		first := readyServer(ctx, newServer(ns, "a-first", host))
		second := create(ctx, newServer(ns, "second", host))
		eventuallyRefused(ctx, second, v1alpha1.ReasonConflict, "")
		remove(ctx, first)
		eventuallyReady(ctx, second)
	})

	It("with a gateway needs Gateway API, and with a ServiceMonitor nothing", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		server := create(ctx, newServer(ns, "shared", func(s *v1alpha1.SCIMServer) {
			s.Spec.Monitoring.ServiceMonitor = v1alpha1.Enabled
			s.Spec.Endpoint.Gateway = &v1alpha1.ServerGateway{
				ParentRefs: []v1alpha1.GatewayParentReference{{Name: "web"}}, Hostnames: []v1alpha1.Hostname{"scim.example.com"}}
		}))
		eventuallyRefused(ctx, server, v1alpha1.ReasonInvalid, "install Gateway API")
		change(ctx, server, func(s *v1alpha1.SCIMServer) { s.Spec.Endpoint.Gateway = nil })
		eventuallyReady(ctx, server)
	})

	It("keeps running when its spec becomes invalid, and its tenants go on", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		server := readyServer(ctx, newServer(ns, "shared"))
		set := &appsv1.StatefulSet{}
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(server), set)).To(Succeed())
		for problem, spoil := range map[string]func(*v1alpha1.SCIMServer){
			`unknown field "spec.nodeSelektor"`: func(s *v1alpha1.SCIMServer) { s.Spec.PodTemplate = raw(`{"spec": {"nodeSelektor": {"a": "b"}}}`) },
			"the API server refuses StatefulSet shared": func(s *v1alpha1.SCIMServer) {
				s.Spec.PodTemplate = raw(`{"spec": {"restartPolicy": "Never"}}`)
			},
			"container scim-server is the server": func(s *v1alpha1.SCIMServer) {
				s.Spec.PodTemplate = raw(`{"spec": {"containers": [{"name": "scim-server", "$patch": "delete"}]}}`)
			},
		} {
			By(problem)
			change(ctx, server, spoil)
			eventuallyRefused(ctx, server, v1alpha1.ReasonInvalid, problem)
			now := &appsv1.StatefulSet{}
			Expect(k8s.Get(ctx, client.ObjectKeyFromObject(server), now)).To(Succeed())
			Expect(now.Generation).To(Equal(set.Generation))
		}
		tenant := readyTenant(ctx, newTenant(ns, "acme", on("", "shared")))
		Expect(entryOf(ctx, Default, tenant)).NotTo(BeNil())
		change(ctx, server, func(s *v1alpha1.SCIMServer) { s.Spec.PodTemplate = nil }) // also as every operator tries what was refused
		eventuallyReady(ctx, server)
	})

	It("cannot grow its volume", func(ctx context.Context) {
		server := readyServer(ctx, newServer(newNamespace(ctx, nil), "shared"))
		change(ctx, server, func(s *v1alpha1.SCIMServer) { s.Spec.Storage.SQLite.Size = resource.MustParse("2Gi") })
		eventuallyRefused(ctx, server, v1alpha1.ReasonNotImplemented, "spec.storage.sqlite.size: the volume was made with 1Gi")
		change(ctx, server, func(s *v1alpha1.SCIMServer) {
			s.Spec.PodTemplate = raw(`{"metadata": {"annotations": {"a": "b"}}}`)
		})
		eventuallyRefused(ctx, server, v1alpha1.ReasonNotImplemented, "")
	})

	It("does not take an object of somebody else", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		theirs := create(ctx, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "shared"},
			Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}})
		server := create(ctx, newServer(ns, "shared"))
		eventuallyRefused(ctx, server, v1alpha1.ReasonConflict, "Service "+ns+"/shared exists already and was not made by the operator")
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(server), &appsv1.StatefulSet{})).NotTo(Succeed())
		remove(ctx, theirs)
		change(ctx, server, func(s *v1alpha1.SCIMServer) { metav1.SetMetaDataAnnotation(&s.ObjectMeta, "example.com/try", "again") })
		eventuallyReady(ctx, server)
	})

	It("puts right what somebody changes, and takes away what is no longer wanted", func(ctx context.Context) {
		server := readyServer(ctx, newServer(newNamespace(ctx, nil), "shared", func(s *v1alpha1.SCIMServer) {
			s.Spec.PodTemplate = raw(`{"spec": {"nodeSelector": {"disk": "ssd"}}}`)
		}))
		service := &corev1.Service{ObjectMeta: server.ObjectMeta}
		change(ctx, service, func(s *corev1.Service) { s.Spec.Ports[0].Port = 1234 })
		Eventually(func(g Gomega) {
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(service), service)).To(Succeed())
			g.Expect(service.Spec.Ports[0].Port).To(BeEquivalentTo(8080))
		}).WithContext(ctx).Should(Succeed())
		remove(ctx, service)
		Eventually(func() error { return k8s.Get(ctx, client.ObjectKeyFromObject(service), service) }).WithContext(ctx).Should(Succeed())

		change(ctx, server, func(s *v1alpha1.SCIMServer) { s.Spec.NetworkPolicy, s.Spec.PodTemplate = v1alpha1.Disabled, nil })
		eventuallyGone(ctx, &networkingv1.NetworkPolicy{ObjectMeta: server.ObjectMeta})
		Eventually(func(g Gomega) {
			set := &appsv1.StatefulSet{}
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(server), set)).To(Succeed())
			g.Expect(set.Spec.Template.Spec.NodeSelector).To(BeEmpty())
		}).WithContext(ctx).Should(Succeed())
	})

	It("makes a damaged configuration anew", func(ctx context.Context) {
		tenant := readyTenant(ctx, newTenant(newNamespace(ctx, nil), "acme"))
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: tenant.Namespace, Name: "acme-config"}}
		change(ctx, secret, func(s *corev1.Secret) { s.Data[config.SecretKey] = []byte("damaged") })
		Eventually(func(g Gomega) { g.Expect(entryOf(ctx, g, tenant)).NotTo(BeNil()) }).WithContext(ctx).Should(Succeed())
		remove(ctx, secret)
		Eventually(func(g Gomega) { g.Expect(entryOf(ctx, g, tenant)).NotTo(BeNil()) }).WithContext(ctx).Should(Succeed())
		eventuallyReady(ctx, tenant)
	})

	It("spreads its tenants over several Secrets, and gathers them again", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		server := readyServer(ctx, newServer(ns, "shared"))
		first := readyTenant(ctx, newTenant(ns, "t-0", on("", "shared"), large))
		last := first
		for i := range 10 {
			last = create(ctx, newTenant(ns, fmt.Sprintf("t-%d", i+1), on("", "shared"), large))
		}
		eventuallyReady(ctx, last)
		eventuallyReady(ctx, server)
		Eventually(func(g Gomega) {
			numbers := indexOf(ctx, g, ns, "shared").Layout.Numbers()
			g.Expect(len(numbers)).To(BeNumerically(">", 3))
			g.Expect(allowedTo(ctx, g, ns, "shared")).To(Equal(namesOf("shared", numbers)))
			g.Expect(configOf(ctx, g, ns, "shared").Tenants).To(HaveLen(11))
		}).WithContext(ctx).Should(Succeed())

		By("losing one shard and having another one damaged")
		remove(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: v1alpha1.ConfigSecretName("shared", 2)}})
		change(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: v1alpha1.ConfigSecretName("shared", 1)}},
			func(s *corev1.Secret) { s.Data[config.SecretKey] = []byte("damaged") })
		Eventually(func(g Gomega) { g.Expect(configOf(ctx, g, ns, "shared").Tenants).To(HaveLen(11)) }).WithContext(ctx).Should(Succeed())
		eventuallyReady(ctx, last)

		By("losing most of its tenants")
		change(ctx, first, deleteData)
		remove(ctx, first)
		eventuallyGone(ctx, first)
		for i := range 9 {
			remove(ctx, newTenant(ns, fmt.Sprintf("t-%d", i+1)))
		}
		Eventually(func(g Gomega) {
			g.Expect(indexOf(ctx, g, ns, "shared").Layout.Numbers()).To(Equal([]int{0}))
			g.Expect(allowedTo(ctx, g, ns, "shared")).To(Equal(namesOf("shared", []int{0})))
			left := shardOf(ctx, g, ns, "shared", 1)
			g.Expect(left.Tenants).To(BeEmpty())
		}).WithContext(ctx).Should(Succeed())
		eventuallyReady(ctx, last)
		eventuallyReady(ctx, server)
	})
})

func shardOf(ctx context.Context, g Gomega, namespace, server string, n int) *config.Shard {
	secret := &corev1.Secret{}
	g.Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: v1alpha1.ConfigSecretName(server, n)}, secret)).To(Succeed())
	shard, err := config.DecodeShard(secret.Data[config.SecretKey])
	g.Expect(err).NotTo(HaveOccurred())
	return shard
}

func indexOf(ctx context.Context, g Gomega, namespace, server string) *config.Shard {
	return shardOf(ctx, g, namespace, server, 0)
}

// allowedTo are the Secrets and ConfigMaps that the server's pods may use.
func allowedTo(ctx context.Context, g Gomega, namespace, server string) (names []string) {
	role := &rbacv1.Role{}
	g.Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: server}, role)).To(Succeed())
	for _, rule := range role.Rules {
		names = append(names, rule.ResourceNames...)
	}
	return names
}

func namesOf(server string, shards []int) (names []string) {
	for _, n := range shards {
		names = append(names, v1alpha1.ConfigSecretName(server, n))
	}
	for _, n := range shards {
		names = append(names, v1alpha1.StatusConfigMapName(server, n))
	}
	return names
}

// large gives a tenant schemas of random text, which no compression makes small.
func large(t *v1alpha1.SCIMTenant) {
	for i := range 8 {
		e := v1alpha1.SchemaExtension{ID: fmt.Sprintf("urn:ietf:params:scim:schemas:extension:large%d:2.0:User", i)}
		for j := range 64 {
			var b [240]byte
			_, _ = rand.Read(b[:])
			e.Attributes = append(e.Attributes, v1alpha1.SchemaAttribute{SimpleAttribute: v1alpha1.SimpleAttribute{
				Name: fmt.Sprintf("a%d", j), Description: hex.EncodeToString(b[:])}})
		}
		t.Spec.SchemaExtensions = append(t.Spec.SchemaExtensions, e)
	}
}

func raw(text string) *runtime.RawExtension { return &runtime.RawExtension{Raw: []byte(text)} }

var _ = Describe("Mappings and applications", func() {
	It("are checked, and count their tenants", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		app := create(ctx, &v1alpha1.SCIMApplication{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "app"},
			Spec: v1alpha1.SCIMApplicationSpec{Roles: []v1alpha1.Role{{Name: "Admin"}}}})
		sound := create(ctx, &v1alpha1.SCIMMapping{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "base"},
			Spec: v1alpha1.SCIMMappingSpec{Attributes: []v1alpha1.AttributeRule{{Field: "email", From: `emails[type eq "work"].value`}}}})
		wrong := create(ctx, &v1alpha1.SCIMMapping{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "wrong"},
			Spec: v1alpha1.SCIMMappingSpec{Attributes: []v1alpha1.AttributeRule{{Field: "email", From: "mail"}}}})
		eventually(ctx, app, v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted, "")
		eventually(ctx, sound, v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted, "")
		eventuallyRefused(ctx, wrong, v1alpha1.ReasonInvalid, `spec.attributes[0].from, column 1`)

		tenant := create(ctx, newTenant(ns, "acme", func(t *v1alpha1.SCIMTenant) {
			t.Spec.ApplicationRef = &v1alpha1.ObjectReference{Name: "app"}
			t.Spec.MappingRefs = []v1alpha1.LocalReference{{Name: "base"}}
		}))
		count := func(want int) {
			GinkgoHelper()
			Eventually(func(g Gomega) {
				g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(app), app)).To(Succeed())
				g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(sound), sound)).To(Succeed())
				g.Expect([]int32{app.Status.Tenants, sound.Status.Tenants}).To(HaveEach(BeEquivalentTo(want)))
			}).WithContext(ctx).Should(Succeed())
		}
		count(1)
		remove(ctx, tenant)
		count(0)
		change(ctx, app, func(a *v1alpha1.SCIMApplication) {
			a.Spec.Delivery = &v1alpha1.Delivery{Webhook: &v1alpha1.Webhook{URL: "https://app.example.com/scim", SecretRef: v1alpha1.LocalReference{Name: "s"}}}
		})
		eventuallyRefused(ctx, app, v1alpha1.ReasonSecretNotFound, "spec.delivery.webhook.secretRef: there is no Secret s")
	})
})

var _ = Describe("A steady cluster", func() {
	It("causes no writes, however often it is looked at", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		shared := readyServer(ctx, newServer(ns, "shared", func(s *v1alpha1.SCIMServer) {
			s.Spec.Endpoint.Ingress = &v1alpha1.ServerIngress{Host: ns + ".example.com", ClassName: "nginx"}
			s.Spec.Monitoring.ServiceMonitor = v1alpha1.Enabled
			s.Spec.PodTemplate = raw(`{"spec": {"containers": [{"name": "scim-server", "resources": {"limits": {"memory": "1024Mi", "cpu": "1000m"}}}, {"name": "side", "image": "i"}]}}`)
		}))
		own := readyTenant(ctx, newTenant(ns, "own"))
		second := readyTenant(ctx, newTenant(ns, "second", on("", "shared"), func(t *v1alpha1.SCIMTenant) {
			t.Spec.Auth = &v1alpha1.TenantAuth{Bearer: &v1alpha1.BearerAuth{Rotation: &v1alpha1.TokenRotation{Every: metav1.Duration{Duration: time.Hour * 24}}}}
		}))
		refused := create(ctx, newTenant(ns, "refused", func(t *v1alpha1.SCIMTenant) { t.Spec.ApplicationRef = &v1alpha1.ObjectReference{Name: "app"} }))
		eventuallyRefused(ctx, refused, v1alpha1.ReasonApplicationNotFound, "")
		app, mapping, member := provisioning(ctx, hooked)
		ownServer := newServer(ns, "own")
		eventuallyReady(ctx, ownServer)
		eventuallyReady(ctx, shared)

		// A change of an annotation that means nothing wakes the reconciler.
		touchAll := func(value string) {
			for _, o := range []client.Object{shared, ownServer, own, second, refused, app, mapping, member} {
				change(ctx, o, func(o client.Object) {
					a := o.GetAnnotations()
					if a == nil {
						a = map[string]string{}
					}
					a["example.com/touch"] = value
					o.SetAnnotations(a)
				})
			}
		}
		quiet := func() {
			GinkgoHelper()
			operator.Requests.Reset()
			Consistently(func() []string { return operator.Requests.Writes() }).WithTimeout(time.Second).Should(BeEmpty())
		}
		By("waiting for what is still under way")
		Eventually(operator.Requests.Quiet).WithContext(ctx).Should(BeNumerically(">", 500*time.Millisecond))
		for _, value := range []string{"1", "2", "3"} {
			touchAll(value)
			quiet()
		}

		By("starting another operator, which looks at everything")
		other, err := cluster.StartOperator(operatorOptions())
		Expect(err).NotTo(HaveOccurred())
		Consistently(func() []string { return other.Requests.Writes() }).WithTimeout(2 * time.Second).Should(BeEmpty())
		Expect(other.Stop()).To(Succeed())
	})
})
