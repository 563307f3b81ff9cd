package envtest_test

import (
	"context"
	"encoding/json"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

const (
	firstKey  = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
	secondKey = "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4"
)

func newApplication(namespace string, change ...func(*v1alpha1.SCIMApplication)) *v1alpha1.SCIMApplication {
	a := &v1alpha1.SCIMApplication{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "app"}}
	a.Spec.MemberFields = []v1alpha1.MemberField{{Name: "email", Required: true}}
	a.Spec.Roles = []v1alpha1.Role{{Name: "Viewer"}}
	a.Spec.Actions = []v1alpha1.Action{{Name: "Archive", Parameters: []v1alpha1.ActionParameter{{Name: "shelf", Required: true}}}}
	for _, c := range change {
		c(a)
	}
	return a
}

func hooked(a *v1alpha1.SCIMApplication) {
	a.Spec.Delivery = &v1alpha1.Delivery{Webhook: &v1alpha1.Webhook{URL: "https://app.example.com/scim", SecretRef: v1alpha1.LocalReference{Name: "hook"}}}
}

func newMapping(namespace string) *v1alpha1.SCIMMapping {
	return &v1alpha1.SCIMMapping{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "base"}, Spec: v1alpha1.SCIMMappingSpec{
		Attributes: []v1alpha1.AttributeRule{{Field: "email", From: `emails[type eq "work"].value`}}, Role: &v1alpha1.RoleRule{Default: "Viewer"},
	}}
}

func hookSecret(namespace, key string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "hook"}, Data: map[string][]byte{"signingKey": []byte(key)}}
}

// provisions lets a tenant provision the application of a namespace.
func provisions(namespace string) func(*v1alpha1.SCIMTenant) {
	return func(t *v1alpha1.SCIMTenant) {
		t.Spec.ApplicationRef = &v1alpha1.ObjectReference{Name: "app", Namespace: namespace}
		t.Spec.MappingRefs = []v1alpha1.LocalReference{{Name: "base"}}
	}
}

// provisioning makes an application, a mapping and a tenant that is ready.
func provisioning(ctx context.Context, change ...func(*v1alpha1.SCIMApplication)) (*v1alpha1.SCIMApplication, *v1alpha1.SCIMMapping, *v1alpha1.SCIMTenant) {
	GinkgoHelper()
	ns := newNamespace(ctx, nil)
	create(ctx, hookSecret(ns, firstKey))
	a, m := create(ctx, newApplication(ns, change...)), create(ctx, newMapping(ns))
	return a, m, readyTenant(ctx, newTenant(ns, "acme", provisions("")))
}

// eventuallyServes waits for an entry.
func eventuallyServes(ctx context.Context, t *v1alpha1.SCIMTenant, check func(Gomega, *config.Tenant)) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		entry := entryOf(ctx, g, t)
		g.Expect(entry).NotTo(BeNil())
		check(g, entry)
	}).WithContext(ctx).Should(Succeed())
}

var _ = Describe("A tenant with an application", func() {
	It("is served with what it refers to, and follows changes of that", func(ctx context.Context) {
		app, mapping, tenant := provisioning(ctx, hooked)
		entry := entryOf(ctx, Default, tenant)
		Expect(entry.Application.Name).To(Equal(key(app)))
		Expect(entry.Application.Webhook.SigningKeys).To(Equal([]string{firstKey}))
		Expect(entry.Mapping.Role.Default).To(Equal("Viewer"))
		Expect(entry.Lifecycle).To(Equal(config.DefaultLifecycle()))

		By("changing the mapping")
		began := time.Now()
		change(ctx, mapping, func(m *v1alpha1.SCIMMapping) { m.Spec.Attributes[0].From = "userName" })
		eventuallyServes(ctx, tenant, func(g Gomega, e *config.Tenant) { g.Expect(e.Mapping.Attributes[0].From).To(Equal("userName")) })
		Expect(time.Since(began)).To(BeNumerically("<", 2*time.Second))
		eventuallyReady(ctx, tenant)

		By("changing the application")
		change(ctx, app, func(a *v1alpha1.SCIMApplication) { a.Spec.Roles = append(a.Spec.Roles, v1alpha1.Role{Name: "Admin"}) })
		eventuallyServes(ctx, tenant, func(g Gomega, e *config.Tenant) { g.Expect(e.Application.Roles).To(Equal([]string{"Viewer", "Admin"})) })

		By("rotating the keys of the webhook")
		secret := hookSecret(tenant.Namespace, "")
		change(ctx, secret, func(s *corev1.Secret) { s.Data["signingKeyNext"] = []byte(secondKey) })
		eventuallyServes(ctx, tenant, func(g Gomega, e *config.Tenant) {
			g.Expect(e.Application.Webhook.SigningKeys).To(Equal([]string{firstKey, secondKey}))
		})

		By("releasing the brake, nothing else changes")
		change(ctx, tenant, func(t *v1alpha1.SCIMTenant) {
			metav1.SetMetaDataAnnotation(&t.ObjectMeta, v1alpha1.AnnotationReleaseBrake, "1")
		})
		eventuallyServes(ctx, tenant, func(g Gomega, e *config.Tenant) { g.Expect(e.Lifecycle.BrakeRelease).To(Equal("=1")) })
		eventuallyReady(ctx, tenant)
	})

	It("keeps its last good entry while what it refers to is wrong", func(ctx context.Context) {
		app, mapping, tenant := provisioning(ctx, hooked)
		good := entryOf(ctx, Default, tenant)
		same := func() {
			GinkgoHelper()
			Consistently(func(g Gomega) { g.Expect(entryOf(ctx, g, tenant)).To(Equal(good)) }).WithTimeout(300 * time.Millisecond).WithContext(ctx).Should(Succeed())
		}
		change(ctx, mapping, func(m *v1alpha1.SCIMMapping) {
			m.Spec.Attributes[0] = v1alpha1.AttributeRule{Field: "email", Expression: "user. +"}
		})
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonInvalid, "SCIMMapping base: spec.attributes[0].expression, column ")
		eventuallyRefused(ctx, mapping, v1alpha1.ReasonInvalid, "spec.attributes[0].expression, column ")
		same()
		change(ctx, mapping, func(m *v1alpha1.SCIMMapping) { m.Spec = newMapping("").Spec })
		eventuallyReady(ctx, tenant)

		change(ctx, app, func(a *v1alpha1.SCIMApplication) { a.Spec.MemberFields[0].Name = "mail" })
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonInvalid, `has no field "email"`)
		same()
		change(ctx, app, func(a *v1alpha1.SCIMApplication) { a.Spec.MemberFields[0].Name = "email" })
		eventuallyReady(ctx, tenant)

		secret := hookSecret(tenant.Namespace, "")
		change(ctx, secret, func(s *corev1.Secret) { s.Data["signingKey"] = []byte("guess me") })
		eventuallyRefused(ctx, app, v1alpha1.ReasonInvalidSecret, "its key signingKey does not begin with whsec_")
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonInvalidSecret, "SCIMApplication "+key(app)+" is not accepted")
		same()
		remove(ctx, secret)
		eventuallyRefused(ctx, app, v1alpha1.ReasonSecretNotFound, "there is no Secret hook")
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonSecretNotFound, "there is no Secret hook")
		same()
		create(ctx, hookSecret(tenant.Namespace, firstKey))
		eventually(ctx, app, v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted, "")
		eventuallyReady(ctx, tenant)

		remove(ctx, mapping)
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonMappingNotFound, "there is no SCIMMapping base")
		remove(ctx, app)
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonApplicationNotFound, "there is no SCIMApplication "+key(app))
		same()
	})

	It("is refused what the application does not have", func(ctx context.Context) {
		_, _, tenant := provisioning(ctx)
		offboard := func(action string, parameters map[string]v1alpha1.ParameterValue) {
			change(ctx, tenant, func(t *v1alpha1.SCIMTenant) {
				t.Spec.Lifecycle = &v1alpha1.Lifecycle{OnDelete: &v1alpha1.OffboardingPolicy{Action: action, Parameters: parameters}}
			})
		}
		offboard("Shred", nil)
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonInvalid, "has no action Shred; its actions are Deactivate, Remove, None, Archive")
		offboard("Archive", nil)
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonInvalid, "action Archive needs the parameter shelf")
		offboard("Archive", map[string]v1alpha1.ParameterValue{"shelf": "7"})
		eventuallyReady(ctx, tenant)
		eventuallyServes(ctx, tenant, func(g Gomega, e *config.Tenant) {
			g.Expect(e.Lifecycle.OnDelete.Parameters).To(Equal(map[string]string{"shelf": "7"}))
		})
	})

	It("needs the permission of an application in another namespace", func(ctx context.Context) {
		home, other := newNamespace(ctx, nil), newNamespace(ctx, map[string]string{"scim": "yes"})
		app := create(ctx, newApplication(home))
		create(ctx, newMapping(other))
		tenant := create(ctx, newTenant(other, "acme", provisions(home)))
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonNotAllowedByApplication, "does not allow tenants of namespace "+other)
		change(ctx, app, func(a *v1alpha1.SCIMApplication) {
			a.Spec.AllowedTenants.Namespaces = v1alpha1.TenantNamespaces{From: v1alpha1.NamespacesFromSelector,
				Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"scim": "yes"}}}
		})
		eventuallyReady(ctx, tenant)
		By("withdrawing it, the tenant is no longer served")
		change(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: other}}, func(ns *corev1.Namespace) { ns.Labels["scim"] = "no" })
		eventuallyRefused(ctx, tenant, v1alpha1.ReasonNotAllowedByApplication, "")
		Eventually(func(g Gomega) { g.Expect(entryOf(ctx, g, tenant)).To(BeNil()) }).WithContext(ctx).Should(Succeed())
		change(ctx, app, func(a *v1alpha1.SCIMApplication) {
			a.Spec.AllowedTenants.Namespaces = v1alpha1.TenantNamespaces{From: v1alpha1.NamespacesFromAll}
		})
		eventuallyReady(ctx, tenant)
	})
})

var _ = Describe("The feed of an application", func() {
	secretOf := func(ctx context.Context, app *v1alpha1.SCIMApplication) *corev1.Secret {
		GinkgoHelper()
		secret := &corev1.Secret{}
		Eventually(func() error {
			return k8s.Get(ctx, client.ObjectKey{Namespace: app.Namespace, Name: "app-feed-credentials"}, secret)
		}).WithContext(ctx).Should(Succeed())
		return secret
	}
	// accepted waits until the tenant's feed accepts just these tokens.
	accepted := func(ctx context.Context, t *v1alpha1.SCIMTenant, tokens ...string) {
		GinkgoHelper()
		var want []string
		for _, token := range tokens {
			want = append(want, config.HashToken(token))
		}
		eventuallyServes(ctx, t, func(g Gomega, e *config.Tenant) {
			var got []string
			for _, token := range e.Application.FeedTokens {
				got = append(got, token.SHA256)
			}
			g.Expect(got).To(Equal(want))
		})
	}

	It("has credentials beside the application, which every tenant's server accepts", func(ctx context.Context) {
		app, _, tenant := provisioning(ctx)
		secret := secretOf(ctx, app)
		Expect(metav1.IsControlledBy(secret, app)).To(BeTrue())
		Expect(config.CheckToken(token(secret))).To(BeTrue())
		Expect(secret.Data).NotTo(HaveKey("baseURL"))
		Expect(token(secret)).NotTo(Equal(token(credentialsOf(ctx, tenant))))
		accepted(ctx, tenant, token(secret))
		Eventually(func(g Gomega) {
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(app), app)).To(Succeed())
			g.Expect(app.Status.FeedCredentialsSecret).To(Equal("app-feed-credentials"))
			var feeds map[string]string
			g.Expect(json.Unmarshal(secretOf(ctx, app).Data["feeds"], &feeds)).To(Succeed())
			g.Expect(feeds).To(Equal(map[string]string{key(tenant): baseURL + "/" + key(tenant) + "/members/v1"}))
		}).WithContext(ctx).Should(Succeed())
		remove(ctx, tenant)
		Eventually(func(g Gomega) { g.Expect(string(secretOf(ctx, app).Data["feeds"])).To(Equal("{}")) }).WithContext(ctx).Should(Succeed())
	})

	It("gets a new token when somebody asks for it", func(ctx context.Context) {
		app, _, tenant := provisioning(ctx, func(a *v1alpha1.SCIMApplication) {
			a.Spec.Feed = &v1alpha1.Feed{Rotation: &v1alpha1.TokenRotation{Every: metav1.Duration{Duration: 10 * time.Hour}, Overlap: metav1.Duration{Duration: time.Hour}}}
		})
		first := token(secretOf(ctx, app))
		remove(ctx, secretOf(ctx, app))
		Eventually(func(g Gomega) { g.Expect(token(secretOf(ctx, app))).NotTo(Equal(first)) }).WithContext(ctx).Should(Succeed())
		second := token(secretOf(ctx, app))
		accepted(ctx, tenant, second, first)
		change(ctx, app, func(a *v1alpha1.SCIMApplication) {
			a.Spec.Feed = nil
			metav1.SetMetaDataAnnotation(&a.ObjectMeta, v1alpha1.AnnotationRotate, "")
		})
		Eventually(func(g Gomega) {
			g.Expect(token(secretOf(ctx, app))).NotTo(Equal(second))
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(app), app)).To(Succeed())
			g.Expect(app.Annotations).NotTo(HaveKey(v1alpha1.AnnotationRotate))
		}).WithContext(ctx).Should(Succeed())
		third := token(secretOf(ctx, app))
		accepted(ctx, tenant, third)
		Consistently(func() string { return token(secretOf(ctx, app)) }).WithContext(ctx).Should(Equal(third))
	})

	It("waits for an object of somebody else with the name of its Secret", func(ctx context.Context) {
		ns := newNamespace(ctx, nil)
		theirs := create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "app-feed-credentials"}})
		app := create(ctx, newApplication(ns))
		eventuallyRefused(ctx, app, v1alpha1.ReasonConflict, "Secret "+ns+"/app-feed-credentials exists already")
		remove(ctx, theirs)
		eventually(ctx, app, v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted, "")
		Expect(token(secretOf(ctx, app))).NotTo(BeEmpty())
	})
})

var _ = Describe("What a server reports of members", func() {
	It("shows in status and in Delivering", func(ctx context.Context) {
		_, _, tenant := provisioning(ctx, hooked)
		eventually(ctx, tenant, v1alpha1.ConditionDelivering, metav1.ConditionUnknown, v1alpha1.ReasonPending, "Waiting")
		report := func(members int64, d config.DeliveryReport, remap *config.RemapReport) {
			GinkgoHelper()
			Expect(pods.Report(ctx, client.ObjectKeyFromObject(tenant), key(tenant), config.TenantReport{Members: members, Delivery: &d, Remap: remap})).To(Succeed())
		}
		delivering := func(status metav1.ConditionStatus, reason v1alpha1.ConditionReason, message string) {
			GinkgoHelper()
			eventually(ctx, tenant, v1alpha1.ConditionDelivering, status, reason, message)
		}
		report(3, config.DeliveryReport{}, &config.RemapReport{Done: 1, Total: 3, StartedAt: time.Now()})
		delivering(metav1.ConditionTrue, v1alpha1.ReasonDelivering, "Changes reach the application")
		Eventually(func(g Gomega) {
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(tenant), tenant)).To(Succeed())
			g.Expect(tenant.Status.Members).To(HaveValue(BeEquivalentTo(3)))
			g.Expect(tenant.Status.Remapping).NotTo(BeNil())
			g.Expect(tenant.Status.Remapping.Total).To(BeEquivalentTo(3))
		}).WithContext(ctx).Should(Succeed())

		recent, old := time.Now().Add(-time.Minute), time.Now().Add(-6*time.Minute)
		report(3, config.DeliveryReport{Pending: 2, OldestPending: &old, OldestOffboarding: &recent, Error: "connection refused"}, nil)
		delivering(metav1.ConditionFalse, v1alpha1.ReasonRetrying, "2 events are to be delivered, and are tried again: connection refused")
		Expect(tenant.Status.Remapping).To(BeNil())
		Expect(tenant.Status.Delivery.Pending).To(BeEquivalentTo(2))
		report(3, config.DeliveryReport{Pending: 2, Parked: 7, OldestPending: &recent}, nil)
		delivering(metav1.ConditionFalse, v1alpha1.ReasonEventsParked, "7 events failed for a day")
		report(3, config.DeliveryReport{Pending: 2, Parked: 7, OldestPending: &old, OldestOffboarding: &old}, nil)
		delivering(metav1.ConditionFalse, v1alpha1.ReasonOffboardingsDelayed, "somebody who left may still have access")
		report(3, config.DeliveryReport{BrakeEngaged: true, OldestOffboarding: &old}, nil)
		delivering(metav1.ConditionFalse, v1alpha1.ReasonBrakeEngaged, v1alpha1.AnnotationReleaseBrake)
		eventuallyReady(ctx, tenant)

		By("time alone, an off-boarding is late")
		DeferCleanup(func() { skew.Store(0) })
		report(3, config.DeliveryReport{Pending: 1, OldestPending: &recent, OldestOffboarding: &recent}, nil)
		delivering(metav1.ConditionTrue, v1alpha1.ReasonDelivering, "")
		skew.Store(int64(5 * time.Minute))
		change(ctx, tenant, func(t *v1alpha1.SCIMTenant) { metav1.SetMetaDataAnnotation(&t.ObjectMeta, "example.com/touch", "x") })
		delivering(metav1.ConditionFalse, v1alpha1.ReasonOffboardingsDelayed, "")

		By("taking the application away")
		change(ctx, tenant, func(t *v1alpha1.SCIMTenant) { t.Spec.ApplicationRef, t.Spec.MappingRefs = nil, nil })
		Eventually(func(g Gomega) {
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(tenant), tenant)).To(Succeed())
			g.Expect(tenant.Status.Members).To(BeNil())
			g.Expect(tenant.Status.Delivery).To(BeNil())
			for _, c := range tenant.Status.Conditions {
				g.Expect(c.Type).NotTo(Equal(string(v1alpha1.ConditionDelivering)))
			}
		}).WithContext(ctx).Should(Succeed())
	})

	It("becomes one Event for each kind of rejection", func(ctx context.Context) {
		_, _, tenant := provisioning(ctx)
		report := func(list ...config.Rejection) {
			GinkgoHelper()
			Expect(pods.Report(ctx, client.ObjectKeyFromObject(tenant), key(tenant), config.TenantReport{Rejections: list})).To(Succeed())
		}
		events := func() (out []string) {
			var list eventsv1.EventList
			Expect(k8s.List(ctx, &list, client.InNamespace(tenant.Namespace))).To(Succeed())
			for _, e := range list.Items {
				if e.Action == "RefuseRequest" {
					out = append(out, e.Reason+": "+e.Note)
				}
			}
			return out
		}
		unknown := config.Rejection{Time: time.Now().Add(time.Second), Reason: "UnknownRole", Detail: "a role is none of the application", Count: 1}
		report(unknown)
		Eventually(events).WithContext(ctx).Should(ConsistOf(ContainSubstring("UnknownRole: a role is none of the application (1 times")))
		unknown.Count, unknown.Time = 9, time.Now().Add(2*time.Second)
		report(unknown, config.Rejection{Time: time.Now().Add(time.Second), Reason: "uniqueness", Count: 2}, config.Rejection{Time: time.Now().Add(-time.Hour * 9), Reason: "old", Count: 2})
		Eventually(events).WithContext(ctx).Should(HaveLen(2))
		Consistently(events).WithContext(ctx).Should(ConsistOf(HavePrefix("UnknownRole"), HavePrefix("Uniqueness: A request")))
		report() // an operator that starts within the same minute would tell of them, too
	})
})
