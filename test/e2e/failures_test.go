package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// outage is how long what fails is away.
const outage = time.Minute

// place is a server, and a tenant on it.
type place struct {
	name   string // of figures
	server client.ObjectKey
	tenant *v1alpha1.SCIMTenant
	scim   connection
}

// onSQLite is a tenant with a server of its own.
func onSQLite(ctx context.Context) place {
	GinkgoHelper()
	t := readyTenant(ctx, newTenant(newNamespace(ctx, nil), "acme"))
	return place{name: "SQLite", server: client.ObjectKeyFromObject(t), tenant: t, scim: connect(ctx, t)}
}

// onPostgres is a tenant on a server of some replicas.
func onPostgres(ctx context.Context, d *database, replicas int32) place {
	GinkgoHelper()
	namespace := newNamespace(ctx, nil)
	Expect(k8s.Create(ctx, databaseSecret(namespace, "pg-app", d.create(ctx)))).To(Succeed())
	s := newPostgresServer(namespace, "shared", "pg-app")
	s.Spec.Replicas = &replicas
	Expect(k8s.Create(ctx, s)).To(Succeed())
	t := newTenant(namespace, "acme")
	t.Spec.ServerRef = &v1alpha1.ObjectReference{Name: "shared"}
	readyTenant(ctx, t)
	p := place{name: "PostgreSQL", server: client.ObjectKeyFromObject(s), tenant: t, scim: connect(ctx, t)}
	p.eventuallyReady(ctx, replicas)
	return p
}

func newPostgresServer(namespace, name, secret string) *v1alpha1.SCIMServer {
	s := &v1alpha1.SCIMServer{}
	s.Namespace, s.Name = namespace, name
	s.Spec.Storage.Postgres = &v1alpha1.PostgresStorage{SecretRef: v1alpha1.SecretKeyReference{Name: secret}}
	return s
}

// pods of the server that are not on their way out.
func (p place) pods(ctx context.Context) (pods []corev1.Pod) {
	GinkgoHelper()
	var list corev1.PodList
	Expect(k8s.List(ctx, &list, client.InNamespace(p.server.Namespace), client.MatchingLabels{v1alpha1.LabelServer: p.server.Name})).To(Succeed())
	for _, pod := range list.Items {
		if pod.DeletionTimestamp.IsZero() {
			pods = append(pods, pod)
		}
	}
	return pods
}

// eventuallyReady waits until that many pods of the newest template are ready, and no others are left.
func (p place) eventuallyReady(ctx context.Context, replicas int32) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		var d appsv1.Deployment
		g.Expect(k8s.Get(ctx, p.server, &d)).To(Succeed())
		g.Expect(d.Status.ObservedGeneration).To(Equal(d.Generation))
		g.Expect([]int32{d.Status.Replicas, d.Status.UpdatedReplicas, d.Status.AvailableReplicas}).To(HaveEach(replicas))
	}).WithContext(ctx).WithTimeout(3 * time.Minute).Should(Succeed())
}

// unrestarted expects that no container has ended by itself.
func (p place) unrestarted(ctx context.Context) {
	GinkgoHelper()
	for _, pod := range p.pods(ctx) {
		for _, s := range pod.Status.ContainerStatuses {
			Expect(s.RestartCount).To(BeZero(), "pod %s", pod.Name)
		}
	}
}

var _ = Describe("Nothing that was acknowledged is lost", Serial, func() {
	It("when pods are killed under load", func(ctx context.Context) {
		for _, p := range []place{onSQLite(ctx), onPostgres(ctx, postgres(ctx), 2)} {
			l := startLoad(ctx, p.scim)
			l.acknowledged(ctx, 50, time.Minute)
			victim := p.pods(ctx)[0]
			if killProcesses(victim) {
				l.acknowledged(ctx, 50, time.Minute)
			}
			Expect(k8s.Delete(ctx, &victim, client.GracePeriodSeconds(0))).To(Succeed())
			l.acknowledged(ctx, 50, 2*time.Minute)
			l.verify(ctx, "pods killed, "+p.name)
		}
	})

	It("while PostgreSQL is restarted, and does not answer for a minute", func(ctx context.Context) {
		d := postgres(ctx)
		p := onPostgres(ctx, d, 2)
		l := startLoad(ctx, p.scim)
		l.acknowledged(ctx, 50, time.Minute)
		By("restarting it, in order and by a kill")
		for _, end := range []func() error{d.server.Shutdown, d.server.Kill} {
			Expect(end()).To(Succeed())
			Expect(d.server.Launch(ctx)).To(Succeed())
			l.acknowledged(ctx, 20, time.Minute)
		}
		By("taking the network away")
		d.freeze()
		began := time.Now()
		server := &v1alpha1.SCIMServer{}
		server.Namespace, server.Name = p.server.Namespace, p.server.Name
		eventuallyCondition(ctx, server, v1alpha1.ConditionReady, "False", v1alpha1.ReasonDatabaseUnreachable)
		eventuallyCondition(ctx, p.tenant, v1alpha1.ConditionReady, "False", v1alpha1.ReasonServerNotReady)
		waitUntil(ctx, began.Add(outage))
		d.thaw()
		thawed := time.Now()
		l.acknowledged(ctx, 50, time.Minute)
		figure("PostgreSQL answers again: time to the first 50 writes", time.Since(thawed).Round(time.Millisecond))
		eventuallyCondition(ctx, p.tenant, v1alpha1.ConditionReady, "True", v1alpha1.ReasonReady)
		p.unrestarted(ctx)
		l.verify(ctx, "PostgreSQL restarted and unreachable")
	})

	It("while the API server is away for a minute, and pods start without it", func(ctx context.Context) {
		stop, start := os.Getenv("E2E_APISERVER_STOP"), os.Getenv("E2E_APISERVER_START")
		if stop == "" || start == "" {
			Skip("E2E_APISERVER_STOP and E2E_APISERVER_START say how to restart the API server; they are not set")
		}
		places := []place{onSQLite(ctx), onPostgres(ctx, postgres(ctx), 2)}
		var loads []*load
		var victims []corev1.Pod
		for _, p := range places {
			loads, victims = append(loads, startLoad(ctx, p.scim)), append(victims, p.pods(ctx)[0])
			loads[len(loads)-1].acknowledged(ctx, 20, time.Minute)
		}
		command(ctx, stop)
		back := sync.OnceFunc(func() { command(context.WithoutCancel(ctx), start) })
		DeferCleanup(back)
		began := time.Now()
		for _, l := range loads {
			l.acknowledged(ctx, 50, 30*time.Second)
			Expect(l.failed(began)).To(BeEmpty(), "the servers go on with what they have")
		}
		By("killing a process of each")
		for i, victim := range victims {
			if killProcesses(victim) {
				loads[i].acknowledged(ctx, 50, 45*time.Second)
			}
		}
		waitUntil(ctx, began.Add(outage))
		back()
		eventuallyNodesBack(ctx, time.Now())
		for i, p := range places {
			Eventually(func() error { return k8s.Get(ctx, client.ObjectKeyFromObject(p.tenant), p.tenant) }).WithContext(ctx).Should(Succeed())
			eventuallyCondition(ctx, p.tenant, v1alpha1.ConditionReady, "True", v1alpha1.ReasonReady)
			loads[i].verify(ctx, "API server away, "+p.name)
			update(ctx, p.tenant, func() { p.tenant.Spec.Resources.Groups = v1alpha1.Disabled })
		}
		By("taking changes again, as soon as the operator is back")
		for _, p := range places {
			p.scim.eventuallyStatus(ctx, "/Groups", http.StatusNotFound, 2*time.Minute)
		}
	})

	It("when the power of a node fails", func(ctx context.Context) {
		if os.Getenv("E2E_NODE_STOP") == "" || os.Getenv("E2E_NODE_START") == "" {
			Skip("E2E_NODE_STOP and E2E_NODE_START say how to restart a node; they are not set")
		}
		var nodes corev1.NodeList
		Expect(k8s.List(ctx, &nodes)).To(Succeed())
		if len(nodes.Items) < 2 {
			Skip("the cluster has one node")
		}
		p := onPostgres(ctx, postgres(ctx), 2)
		node := nodeWithoutOperator(ctx, p)
		l := startLoad(ctx, p.scim)
		l.acknowledged(ctx, 50, time.Minute)
		command(ctx, os.Getenv("E2E_NODE_STOP"), node)
		back := sync.OnceFunc(func() { command(context.WithoutCancel(ctx), os.Getenv("E2E_NODE_START"), node) })
		DeferCleanup(back)
		began := time.Now()
		By("waiting for the pod that takes its place")
		Eventually(func(g Gomega) {
			ready := 0
			for _, pod := range p.pods(ctx) {
				if pod.Spec.NodeName != node && podReady(&pod) {
					ready++
				}
			}
			g.Expect(ready).To(Equal(2))
		}).WithContext(ctx).WithTimeout(2 * time.Minute).Should(Succeed())
		figure("node off: time until all replicas are ready elsewhere", time.Since(began).Round(time.Second))
		clear := time.Now()
		l.acknowledged(ctx, 100, time.Minute)
		Expect(l.failed(clear.Add(10*time.Second))).To(BeEmpty(), "nothing is sent to the lost node any more")
		back()
		l.verify(ctx, "node off")
	})

	It("nor refused during a rolling update of three replicas", func(ctx context.Context) {
		p := onPostgres(ctx, postgres(ctx), 3)
		l := startLoad(ctx, p.scim)
		l.acknowledged(ctx, 200, time.Minute)
		steady := l.latency()
		before := p.pods(ctx)
		server := &v1alpha1.SCIMServer{}
		Expect(k8s.Get(ctx, p.server, server)).To(Succeed())
		update(ctx, server, func() {
			server.Spec.PodTemplate = &runtime.RawExtension{Raw: []byte(`{"metadata":{"annotations":{"example.com/restarted":"now"}}}`)}
		})
		Eventually(func(g Gomega) {
			var d appsv1.Deployment
			g.Expect(k8s.Get(ctx, p.server, &d)).To(Succeed())
			g.Expect(d.Spec.Template.Annotations).To(HaveKey("example.com/restarted"))
		}).WithContext(ctx).Should(Succeed())
		p.eventuallyReady(ctx, 3)
		for _, pod := range before {
			eventuallyGone(ctx, &pod)
		}
		rolling := l.latency()
		figure("rolling update: p99 of a request before", steady.Round(time.Millisecond))
		figure("rolling update: p99 of a request during it", rolling.Round(time.Millisecond))
		Expect(l.failed(time.Time{})).To(BeEmpty())
		Expect(rolling).To(BeNumerically("<=", max(5*steady, time.Second)), "a second is what pods that start cost a machine that has all nodes")
		l.verify(ctx, "rolling update")
	})
})

// nodeWithoutOperator is a node with a pod of the server and without the operator, which the spec needs.
func nodeWithoutOperator(ctx context.Context, p place) string {
	GinkgoHelper()
	var operators corev1.PodList
	Expect(k8s.List(ctx, &operators, client.InNamespace(operatorNamespace))).To(Succeed())
	Expect(operators.Items).NotTo(BeEmpty())
	pods := p.pods(ctx)
	Expect(pods).To(HaveLen(2))
	Expect(pods[0].Spec.NodeName).NotTo(Equal(pods[1].Spec.NodeName), "the replicas are spread over the nodes")
	for _, pod := range pods {
		if pod.Spec.NodeName != operators.Items[0].Spec.NodeName {
			return pod.Spec.NodeName
		}
	}
	Fail("every node has the operator")
	return ""
}

// eventuallyNodesBack waits for kubelets that were cut off: until they say again that they are there, their pods get no requests.
func eventuallyNodesBack(ctx context.Context, since time.Time) {
	GinkgoHelper()
	ready := And(HaveField("Type", corev1.NodeReady), HaveField("Status", corev1.ConditionTrue))
	Eventually(func(g Gomega) {
		var nodes corev1.NodeList
		g.Expect(k8s.List(ctx, &nodes)).To(Succeed())
		for _, node := range nodes.Items {
			var lease coordinationv1.Lease
			g.Expect(k8s.Get(ctx, client.ObjectKey{Namespace: corev1.NamespaceNodeLease, Name: node.Name}, &lease)).To(Succeed())
			g.Expect(lease.Spec.RenewTime.Time).To(BeTemporally(">", since), "node %s", node.Name)
			g.Expect(node.Status.Conditions).To(ContainElement(ready), "node %s", node.Name)
		}
	}).WithContext(ctx).WithTimeout(5 * time.Minute).Should(Succeed())
}

func podReady(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// waitUntil lets time pass that belongs to what is tested.
func waitUntil(ctx context.Context, t time.Time) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Until(t)):
	}
}

// killProcesses kills the server's process in a pod with SIGKILL. It finds none where the nodes are other machines.
func killProcesses(pod corev1.Pod) bool {
	GinkgoHelper()
	found := false
	processes, err := filepath.Glob("/proc/[0-9]*")
	Expect(err).NotTo(HaveOccurred())
	for _, dir := range processes {
		groups, _ := os.ReadFile(filepath.Join(dir, "cgroup")) // it may have ended
		args, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		if !strings.Contains(string(groups), "pod"+string(pod.UID)) || !bytes.HasPrefix(args, []byte("/scimserver\x00")) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(dir))
		Expect(err).NotTo(HaveOccurred())
		Expect(syscall.Kill(pid, syscall.SIGKILL)).To(Succeed(), fmt.Sprintf("process %d of pod %s", pid, pod.Name))
		found = true
	}
	return found
}
