package envtest_test

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers"
	"github.com/scim-operator/scim-operator/controllers/envtest"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

func TestControllers(t *testing.T) {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		t.Skip("KUBEBUILDER_ASSETS is not set; make test sets it")
	}
	RegisterFailHandler(Fail)
	RunSpecs(t, "controllers")
}

const baseURL = "https://scim.example.com"

var (
	cluster  *envtest.Cluster
	operator *envtest.Operator
	pods     *envtest.Pods
	k8s      client.Client

	skew atomic.Int64 // by which the operator's clock is ahead
)

func operatorOptions() controllers.Options {
	return controllers.Options{
		Image: "scim-operator.io/scim-operator:test", DefaultBaseURL: baseURL,
		Now: func() time.Time { return time.Now().Add(time.Duration(skew.Load())) },
	}
}

var _ = BeforeSuite(func() {
	SetDefaultEventuallyTimeout(time.Minute) // of a machine that does many other things
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	SetDefaultConsistentlyDuration(500 * time.Millisecond)
	ctrl.SetLogger(logr.Discard())
	if os.Getenv("SHOW_LOG") != "" {
		ctrl.SetLogger(GinkgoLogr)
	}
	folder, err := os.MkdirTemp("", "audit-")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(os.RemoveAll, folder)
	cluster, err = envtest.Start(envtest.Audited(folder))
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Expect(cluster.Stop()).To(Succeed()) })
	k8s = cluster.Client
	pods, err = cluster.StartPods()
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Expect(pods.Stop()).To(Succeed()) })
	operator, err = cluster.StartOperator(operatorOptions())
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Expect(operator.Stop()).To(Succeed(), "the operator should stop cleanly") })
})

func newNamespace(ctx context.Context, labels map[string]string) string {
	GinkgoHelper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "t-", Labels: labels}}
	Expect(k8s.Create(ctx, ns)).To(Succeed())
	By("making namespace " + ns.Name) // other specs' namespaces remain, and an operator may write there
	return ns.Name
}

func newServer(namespace, name string, change ...func(*v1alpha1.SCIMServer)) *v1alpha1.SCIMServer {
	s := &v1alpha1.SCIMServer{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	for _, c := range change {
		c(s)
	}
	return s
}

func newTenant(namespace, name string, change ...func(*v1alpha1.SCIMTenant)) *v1alpha1.SCIMTenant {
	t := &v1alpha1.SCIMTenant{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	t.Spec.IdentityProvider = v1alpha1.IdentityProviderOkta
	for _, c := range change {
		c(t)
	}
	return t
}

// on lets a tenant run on a server.
func on(namespace, name string) func(*v1alpha1.SCIMTenant) {
	return func(t *v1alpha1.SCIMTenant) {
		t.Spec.ServerRef = &v1alpha1.ObjectReference{Namespace: namespace, Name: name}
	}
}

func deleteData(t *v1alpha1.SCIMTenant) { t.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete }

func create[T client.Object](ctx context.Context, o T) T {
	GinkgoHelper()
	Expect(k8s.Create(ctx, o)).To(Succeed())
	return o
}

// change writes an object as kubectl edit does.
func change[T client.Object](ctx context.Context, o T, do func(T)) {
	GinkgoHelper()
	Eventually(func() error {
		if err := k8s.Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
			return err
		}
		do(o)
		return k8s.Update(ctx, o)
	}).WithContext(ctx).Should(Succeed())
}

func remove(ctx context.Context, o client.Object) {
	GinkgoHelper()
	Expect(k8s.Delete(ctx, o)).To(Succeed())
}

func eventuallyGone(ctx context.Context, o client.Object) {
	GinkgoHelper()
	Eventually(func() bool {
		return apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKeyFromObject(o), o))
	}).WithContext(ctx).Should(BeTrue(), "%T %s should be gone", o, o.GetName())
}

// eventually waits for a condition of the current generation: its reason, and a part of its message.
func eventually(ctx context.Context, o kubeutil.Conditioned, kind v1alpha1.ConditionType, status metav1.ConditionStatus, reason v1alpha1.ConditionReason, message string) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(o), o)).To(Succeed())
		c := kubeutil.FindCondition(o, kind)
		g.Expect(c).NotTo(BeNil(), "condition %s", kind)
		g.Expect(string(c.Status)+" "+c.Reason).To(Equal(string(status)+" "+string(reason)), c.Message)
		g.Expect(c.Message).To(ContainSubstring(message))
		g.Expect(c.ObservedGeneration).To(Equal(o.GetGeneration()))
	}).WithContext(ctx).Should(Succeed())
}

func eventuallyReady(ctx context.Context, o kubeutil.Conditioned) {
	GinkgoHelper()
	eventually(ctx, o, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady, "")
}

func eventuallyRefused(ctx context.Context, o kubeutil.Conditioned, reason v1alpha1.ConditionReason, message string) {
	GinkgoHelper()
	eventually(ctx, o, v1alpha1.ConditionAccepted, metav1.ConditionFalse, reason, message)
}

func readyTenant(ctx context.Context, t *v1alpha1.SCIMTenant) *v1alpha1.SCIMTenant {
	GinkgoHelper()
	create(ctx, t)
	eventuallyReady(ctx, t)
	return t
}

func readyServer(ctx context.Context, s *v1alpha1.SCIMServer) *v1alpha1.SCIMServer {
	GinkgoHelper()
	create(ctx, s)
	eventuallyReady(ctx, s)
	return s
}

// configOf decodes the configuration of a server, as its pods do.
func configOf(ctx context.Context, g Gomega, namespace, name string) *config.Server {
	c := &config.Collector{}
	for range 2 { // the index, and what it names
		for _, n := range c.Wanted() {
			secret := &corev1.Secret{}
			g.Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: v1alpha1.ConfigSecretName(name, n)}, secret)).To(Succeed())
			c.Put(n, secret.Data[config.SecretKey])
		}
	}
	data, err := c.Bundle()
	g.Expect(err).NotTo(HaveOccurred())
	s, err := config.Decode(data)
	g.Expect(err).NotTo(HaveOccurred())
	return s
}

// entryOf is the tenant's entry in the configuration of its server, nil if there is none.
func entryOf(ctx context.Context, g Gomega, t *v1alpha1.SCIMTenant) *config.Tenant {
	namespace, name := t.ServerKey()
	s := configOf(ctx, g, namespace, name)
	for i := range s.Tenants {
		if s.Tenants[i].Key == t.Namespace+"/"+t.Name {
			return &s.Tenants[i]
		}
	}
	return nil
}

func credentialsOf(ctx context.Context, t *v1alpha1.SCIMTenant) *corev1.Secret {
	GinkgoHelper()
	secret := &corev1.Secret{}
	Eventually(func() error {
		return k8s.Get(ctx, client.ObjectKey{Namespace: t.Namespace, Name: v1alpha1.CredentialsSecretName(t.Name)}, secret)
	}).WithContext(ctx).Should(Succeed())
	return secret
}

func token(s *corev1.Secret) string { return string(s.Data[v1alpha1.SecretKeyToken]) }

// eventuallyAccepts waits until the server accepts just these tokens of the tenant.
func eventuallyAccepts(ctx context.Context, t *v1alpha1.SCIMTenant, tokens ...string) {
	GinkgoHelper()
	var want []string
	for _, token := range tokens {
		want = append(want, config.HashToken(token))
	}
	Eventually(func(g Gomega) {
		entry := entryOf(ctx, g, t)
		g.Expect(entry).NotTo(BeNil())
		var got []string
		for _, token := range entry.Tokens {
			got = append(got, token.SHA256)
		}
		g.Expect(got).To(Equal(want))
	}).WithContext(ctx).Should(Succeed())
}

func key(o client.Object) string { return fmt.Sprintf("%s/%s", o.GetNamespace(), o.GetName()) }

// collectGarbage deletes what a gone owner controlled, as the garbage collector of a cluster does.
func collectGarbage(ctx context.Context, owner client.Object) {
	GinkgoHelper()
	for _, list := range []client.ObjectList{
		&appsv1.StatefulSetList{}, &corev1.ServiceList{}, &corev1.ServiceAccountList{}, &corev1.SecretList{}, &corev1.ConfigMapList{},
		&rbacv1.RoleList{}, &rbacv1.RoleBindingList{}, &networkingv1.NetworkPolicyList{},
	} {
		Expect(k8s.List(ctx, list, client.InNamespace(owner.GetNamespace()))).To(Succeed())
		Expect(meta.EachListItem(list, func(o runtime.Object) error {
			if metav1.IsControlledBy(o.(client.Object), owner) {
				return client.IgnoreNotFound(k8s.Delete(ctx, o.(client.Object)))
			}
			return nil
		})).To(Succeed())
	}
}
