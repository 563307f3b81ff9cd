package e2e

import (
	"context"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/test/exampleapp"
)

var _ = Describe("A sample", Ordered, func() {
	samples := map[string]*sample{}

	BeforeAll(func(ctx context.Context) {
		app := deployInventory(ctx)
		folders, err := filepath.Glob(filepath.Join("..", "..", "config", "samples", "*", "README.md"))
		Expect(err).NotTo(HaveOccurred())
		folders = slices.DeleteFunc(folders, func(readme string) bool { return filepath.Base(filepath.Dir(readme)) == "shared-postgres" }) // it has a spec of its own
		Expect(folders).To(HaveLen(9))
		namespaces := manyNamespaces(ctx, len(folders))
		for i, readme := range folders {
			folder := filepath.Base(filepath.Dir(readme))
			samples[folder] = applySample(ctx, folder, namespaces[i], app)
		}
	})

	It("ezofficeinventory-okta works", func(ctx context.Context) {
		s := samples["ezofficeinventory-okta"].ready(ctx)
		By("testing the connection, with and without Bearer")
		Expect(s.total(ctx, "/Users?startIndex=1&count=2")).To(BeZero())
		bare := s.connection
		bare.scheme = "none"
		Expect(bare.status(ctx, "/Users?startIndex=1&count=2")).To(Equal(http.StatusOK))
		By("creating a user")
		Expect(s.total(ctx, "/Users?filter=email%20eq%20%22ann%40example.com%22&startIndex=1&count=100")).To(BeZero())
		id := s.post(ctx, "/Users", oktaUser("ann", `,"title":"Engineer"`))
		first := s.member(ctx, "ann@example.com", withRole("Staff User"))
		Expect(first.Fields).To(HaveKeyWithValue("jobTitle", "Engineer"))
		Expect(first.Fields).To(HaveKeyWithValue("department", "Unassigned"))
		Expect(s.do(ctx, http.MethodPost, "/Users", oktaUser("ann", "")).status).To(Equal(http.StatusConflict))
		Expect(s.total(ctx, "/Users?filter=email%20eq%20%22ANN%40example.com%22")).To(Equal(1))
		By("updating, deactivating and reactivating it")
		Expect(s.do(ctx, http.MethodPut, "/Users/"+id, oktaUser("ann", `,"title":"Director"`)).status).To(Equal(http.StatusOK))
		s.member(ctx, "ann@example.com", withField("jobTitle", "Director"))
		s.patched(ctx, "/Users/"+id, oktaDeactivate)
		s.member(ctx, "ann@example.com", inactive)
		s.patched(ctx, "/Users/"+id, oktaReactivate)
		Expect(s.member(ctx, "ann@example.com", active).ID).To(Equal(first.ID))
		By("importing")
		Expect(s.total(ctx, "/Users?startIndex=1&count=100")).To(Equal(1))
	})

	It("ezofficeinventory-entra works", func(ctx context.Context) {
		s := samples["ezofficeinventory-entra"].ready(ctx)
		By("testing the connection")
		Expect(s.total(ctx, "/Users?filter=userName+eq+%227d420df3-9995-4831-a406-ecf8166f5f6a%22")).To(BeZero())
		s.noGroups(ctx, "?excludedAttributes=members&filter=displayName+eq+%22Sales%22")
		By("giving roles by department, and a field from a custom extension")
		badge := `,"urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User":{"badge":"701984"}`
		id := s.post(ctx, "/Users", entraUser("ann", badge+entraDepartment("IT")))
		ann := s.member(ctx, "ann@example.com", withRole("Administrator"))
		Expect(ann.Fields).To(HaveKeyWithValue("badge", "701984"))
		s.post(ctx, "/Users", entraUser("bob", entraDepartment("")))
		Expect(s.member(ctx, "bob@example.com", withRole("Staff User")).Fields).To(HaveKeyWithValue("badge", "none"))
		s.post(ctx, "/Users", entraUser("cy", entraDepartment("Astronomy")))
		s.member(ctx, "cy@example.com", withRole("Staff User"))
		By("refusing to let go of a member with an asset")
		s.app.call(ctx, http.MethodPut, "/api/assets/laptop-7", exampleapp.Asset{Tenant: s.key(), Member: ann.ID}, nil)
		refused := s.patch(ctx, "/Users/"+id, entraDisable)
		Expect(refused.status).To(And(BeNumerically(">=", 400), BeNumerically("<", 500)))
		Expect(refused.string("detail")).To(ContainSubstring("laptop-7"))
		Expect(s.do(ctx, http.MethodGet, "/Users/"+id, "").body).To(HaveKeyWithValue("active", true))
		s.member(ctx, "ann@example.com", active)
		s.app.call(ctx, http.MethodDelete, "/api/assets/laptop-7", nil, nil)
		s.patched(ctx, "/Users/"+id, entraDisable)
		s.member(ctx, "ann@example.com", inactive)
		s.patched(ctx, "/Users/"+id, entraEnable)
		s.member(ctx, "ann@example.com", active)
		By("removing a member in the application")
		Expect(s.feed(ctx).Remove(ctx, ann.ID)).To(Succeed())
		s.gone(ctx, "ann@example.com")
		Expect(s.total(ctx, "/Users?filter=userName+eq+%22ann%40example.com%22")).To(BeZero())
		s.post(ctx, "/Users", entraUser("ann", badge+entraDepartment("IT")))
		s.member(ctx, "ann@example.com", withRole("Administrator"))
		By("not provisioning unknown roles")
		s.change(ctx, func(spec *v1alpha1.SCIMTenantSpec) {
			spec.MappingRefs = append(spec.MappingRefs, v1alpha1.LocalReference{Name: "inventory-known-roles-only"})
		})
		refused = s.do(ctx, http.MethodPost, "/Users", entraUser("dan", entraDepartment("Astronomy")))
		Expect(refused.status).To(Equal(http.StatusBadRequest))
		Expect(refused.string("detail")).To(ContainSubstring("Astronomy"))
		Expect(s.total(ctx, "/Users?filter=userName+eq+%22dan%40example.com%22")).To(BeZero())
		s.gone(ctx, "dan@example.com")
	})

	It("ezofficeinventory-jumpcloud works", func(ctx context.Context) {
		s := samples["ezofficeinventory-jumpcloud"].ready(ctx)
		user := func(name, mail string) string {
			return `{"active":true,"displayName":"displayname","emails":[{"primary":true,"type":"work","value":"` + mail + `"}],"externalId":"66e2d689590450d073d2df3b-` + name + `",` +
				`"locale":"en-US","name":{"familyName":"lastname","givenName":"firstname"},"phoneNumbers":[{"primary":true,"type":"work","value":"tel:+1-555-555-5555"}],` +
				`"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"userName":"` + name + `@example.io"}`
		}
		By("activating: a test user and a test group")
		for range 2 { // the test user can be made again
			id := s.post(ctx, "/Users", user("testuser", "testuser@example.io"))
			s.member(ctx, "testuser@example.io", withField("phone", "+1-555-555-5555"))
			Expect(s.do(ctx, http.MethodPost, "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"test group"}`).status).To(Equal(http.StatusNotFound))
			minimal := `{"active":true,"emails":null,"id":"` + id + `","name":{"familyName":"lastname","givenName":"firstname"},"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"testuser@example.io"}`
			a := s.do(ctx, http.MethodPut, "/Users/"+id, minimal)
			Expect(a.status).To(BeElementOf(http.StatusOK, http.StatusBadRequest), "%v", a.body)
			Expect(s.do(ctx, http.MethodDelete, "/Users/"+id, "").status).To(Equal(http.StatusNoContent))
			s.gone(ctx, "testuser@example.io")
		}
		By("refusing an e-mail address that a member has")
		s.post(ctx, "/Users", user("ann", "ann@example.io"))
		taken := s.do(ctx, http.MethodPost, "/Users", user("other", "Ann@example.io"))
		Expect(taken.status).To(Equal(http.StatusConflict))
		Expect(taken.string("scimType")).To(Equal("uniqueness"))
		Expect(taken.string("detail")).To(ContainSubstring("email"))
	})

	It("applivery-dashboard-okta works", func(ctx context.Context) {
		s := samples["applivery-dashboard-okta"].ready(ctx)
		id := s.post(ctx, "/Users", oktaUser("ann", ""))
		first := s.member(ctx, "ann@example.com", withRole("Viewer"))
		By("pushing groups")
		group := func(name string) string {
			return s.post(ctx, "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"`+name+`","members":[]}`)
		}
		editors, admins := group("Dashboard Editors"), group("Dashboard Admins")
		add := `{"op":"add","path":"members","value":[{"value":"` + id + `","display":"ann@example.com"}]}`
		s.patched(ctx, "/Groups/"+editors, add)
		s.member(ctx, "ann@example.com", withRole("Editor"))
		s.patched(ctx, "/Groups/"+admins, add)
		s.member(ctx, "ann@example.com", withRole("Admin"))
		s.patched(ctx, "/Groups/"+admins, `{"op":"replace","value":{"id":"`+admins+`","displayName":"Somebody else"}}`)
		s.member(ctx, "ann@example.com", withRole("Editor"))
		s.patched(ctx, "/Groups/"+editors, `{"op":"remove","path":"members[value eq \"`+id+`\"]"}`)
		Expect(s.member(ctx, "ann@example.com", withRole("Viewer")).ID).To(Equal(first.ID))
		By("unassigning and assigning again")
		s.patched(ctx, "/Users/"+id, oktaDeactivate)
		s.gone(ctx, "ann@example.com")
		s.patched(ctx, "/Users/"+id, oktaReactivate)
		s.member(ctx, "ann@example.com", withRole("Viewer"))
		By("creating with a role, and not at all")
		s.change(ctx, func(spec *v1alpha1.SCIMTenantSpec) { spec.Lifecycle.OnCreate.Role = "Admin" })
		s.post(ctx, "/Users", oktaUser("bob", ""))
		s.member(ctx, "bob@example.com", withRole("Admin"))
		s.change(ctx, func(spec *v1alpha1.SCIMTenantSpec) {
			spec.Lifecycle.OnCreate = &v1alpha1.CreatePolicy{Action: v1alpha1.CreateActionNone}
			spec.Lifecycle.OnDeactivate = &v1alpha1.OffboardingPolicy{Action: v1alpha1.OffboardingNone}
		})
		s.post(ctx, "/Users", oktaUser("cy", ""))
		s.patched(ctx, "/Users/"+id, oktaDeactivate)
		Consistently(func() int { return len(s.members(ctx)) }).WithContext(ctx).WithTimeout(time.Second).Should(Equal(2))
	})

	It("applivery-store-okta works", func(ctx context.Context) {
		s := samples["applivery-store-okta"].ready(ctx).reader(ctx)
		id := s.post(ctx, "/Users", oktaUser("ann", ""))
		s.member(ctx, "ann@example.com", withRole("Employee"))
		s.patched(ctx, "/Users/"+id, oktaDeactivate)
		s.gone(ctx, "ann@example.com")
		s.patched(ctx, "/Users/"+id, oktaReactivate)
		s.member(ctx, "ann@example.com", withRole("Employee"))
		s.change(ctx, func(spec *v1alpha1.SCIMTenantSpec) { spec.Lifecycle.OnDeactivate.Action = v1alpha1.OffboardingNone })
		s.patched(ctx, "/Users/"+id, oktaDeactivate)
		Consistently(func() int { return len(s.members(ctx)) }).WithContext(ctx).WithTimeout(time.Second).Should(Equal(1))
	})

	It("applivery-mdm-okta works", func(ctx context.Context) {
		s := samples["applivery-mdm-okta"].ready(ctx)
		group := s.post(ctx, "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Device Owners","members":[]}`)
		for _, policy := range []v1alpha1.OffboardingPolicy{
			{Action: exampleapp.ChangePolicy, Parameters: map[string]v1alpha1.ParameterValue{"policy": "quarantine"}},
			{Action: exampleapp.UnassignDevices}, {Action: v1alpha1.OffboardingRemove}, {Action: exampleapp.RemoveUserAndDevices}, {Action: v1alpha1.OffboardingNone},
		} {
			By("off-boarding by " + policy.Action)
			s.change(ctx, func(spec *v1alpha1.SCIMTenantSpec) { spec.Lifecycle.OnDeactivate = &policy })
			name := "user" + policy.Action
			id := s.post(ctx, "/Users", oktaUser(name, ""))
			userName := name + "@example.com"
			s.member(ctx, userName, withRole("Standard"))
			s.patched(ctx, "/Groups/"+group, `{"op":"add","path":"members","value":[{"value":"`+id+`"}]}`)
			m := s.member(ctx, userName, withRole("Owner"))
			s.app.call(ctx, http.MethodPut, "/api/devices/"+name, exampleapp.Device{Tenant: s.key(), Member: m.ID, Policy: "standard"}, nil)
			s.patched(ctx, "/Users/"+id, oktaDeactivate)
			device, there := s.app.device(ctx, name)
			switch policy.Action {
			case exampleapp.ChangePolicy:
				Expect(device.Policy).To(Equal("quarantine"))
				s.member(ctx, userName, inactive)
			case exampleapp.UnassignDevices:
				Expect(device.Member).To(BeEmpty())
				s.member(ctx, userName, inactive)
			case v1alpha1.OffboardingRemove:
				Expect(there).To(BeTrue())
				s.gone(ctx, userName)
			case exampleapp.RemoveUserAndDevices:
				Expect(there).To(BeFalse())
				s.gone(ctx, userName)
			case v1alpha1.OffboardingNone:
				Expect(device.Member).To(Equal(m.ID))
				s.member(ctx, userName, active)
			}
		}
	})

	It("itmanagement-entra works", func(ctx context.Context) {
		s := samples["itmanagement-entra"].ready(ctx).reader(ctx)
		s.noGroups(ctx, "?excludedAttributes=members&filter=displayName+eq+%22Sales%22")
		id := s.post(ctx, "/Users", entraUser("ann", ""))
		m := s.member(ctx, "ann@example.com", withRole("Requester"))
		Expect(m.Fields).To(HaveKeyWithValue("login", "ann@example.com"))
		s.patched(ctx, "/Users/"+id, entraDisable)
		s.member(ctx, "ann@example.com", inactive)
		By("generating a new token")
		earlier := s.connection
		update(ctx, s.tenant, func() {
			s.tenant.Annotations = map[string]string{v1alpha1.AnnotationRotate: time.Now().Format(time.RFC3339)}
		})
		earlier.eventuallyStatus(ctx, "/Users", http.StatusUnauthorized, 10*time.Second)
		s.ready(ctx)
		Expect(s.status(ctx, "/Users/"+id)).To(Equal(http.StatusOK))
		By("deleting for good")
		Expect(s.do(ctx, http.MethodDelete, "/Users/"+id, "").status).To(Equal(http.StatusNoContent))
		s.gone(ctx, "ann@example.com")
	})

	It("itmanagement-okta works", func(ctx context.Context) {
		s := samples["itmanagement-okta"].ready(ctx).reader(ctx)
		Expect(s.total(ctx, "/Users?startIndex=1&count=2")).To(BeZero())
		s.noGroups(ctx, "?startIndex=1&count=100")
		id := s.post(ctx, "/Users", oktaUser("ann", ""))
		first := s.member(ctx, "ann@example.com", withField("fullName", "Ann User"))
		Expect(s.do(ctx, http.MethodPut, "/Users/"+id, oktaUser("ann", `,"title":"Director"`)).status).To(Equal(http.StatusOK))
		s.member(ctx, "ann@example.com", withField("jobTitle", "Director"))
		s.patched(ctx, "/Users/"+id, oktaDeactivate)
		s.member(ctx, "ann@example.com", inactive)
		s.patched(ctx, "/Users/"+id, oktaReactivate)
		Expect(s.member(ctx, "ann@example.com", active).ID).To(Equal(first.ID))
		Expect(s.do(ctx, http.MethodDelete, "/Users/"+id, "").status).To(Equal(http.StatusNoContent))
		Expect(s.status(ctx, "/Users/"+id)).To(Equal(http.StatusNotFound))
		s.gone(ctx, "ann@example.com")
	})

	It("itmanagement-onelogin works", func(ctx context.Context) {
		s := samples["itmanagement-onelogin"]
		By("waiting for SAML")
		eventuallyCondition(ctx, s.tenant, v1alpha1.ConditionReady, "False", v1alpha1.ReasonReadinessGatesPending)
		s.connection = connect(ctx, s.tenant)
		s.eventuallyStatus(ctx, "/Users", http.StatusServiceUnavailable, 30*time.Second)
		patch := `[{"op":"add","path":"/status/conditions/-","value":{"type":"example.com/SAMLEnabled","status":"True","reason":"Configured","message":"SAML is set up","lastTransitionTime":"2026-01-01T00:00:00Z"}}]`
		Expect(k8s.Status().Patch(ctx, s.tenant, client.RawPatch(types.JSONPatchType, []byte(patch)))).To(Succeed())
		s.ready(ctx).reader(ctx)
		By("provisioning with OneLogin's template")
		Expect(s.total(ctx, "/Users?filter=userName+eq+%22jane%22&")).To(BeZero())
		template := func(name, more string) string {
			return `{"schemas":["urn:scim:schemas:core:1.0","urn:scim:schemas:extension:enterprise:1.0"],"userName":"` + name + `","name":{"familyName":"Doe","givenName":"Jane","formatted":"Jane Doe"},` +
				`"emails":{"value":"` + name + `@x.com","type":"work","primary":true},"title":"","urn:scim:schemas:extension:enterprise:1.0":{"department":"","manager":{"managerId":"","displayName":" "}}` + more + `}`
		}
		id := s.post(ctx, "/Users", template("jane", ""))
		Expect(s.member(ctx, "jane", withRole("Requester")).Fields).To(HaveKeyWithValue("email", "jane@x.com"))
		By("suspending, and deleting")
		Expect(s.do(ctx, http.MethodPut, "/Users/"+id+"?", template("jane", `,"active":"false"`)).status).To(Equal(http.StatusOK))
		s.member(ctx, "jane", inactive)
		Expect(s.do(ctx, http.MethodDelete, "/Users/"+id, "").status).To(Equal(http.StatusNoContent))
		s.gone(ctx, "jane")
	})
})

// manyNamespaces are made and deleted together, which takes no longer than one.
func manyNamespaces(ctx context.Context, n int) (names []string) {
	GinkgoHelper()
	var all []*corev1.Namespace
	for range n {
		ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "e2e-", Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}}}
		Expect(k8s.Create(ctx, ns)).To(Succeed())
		all, names = append(all, ns), append(names, ns.Name)
	}
	DeferCleanup(func(ctx context.Context) { cleanUp(ctx, all...) })
	return names
}
