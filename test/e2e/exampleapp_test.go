package e2e

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/test/exampleapp"
)

// The example application runs where the samples' webhooks point to.
const (
	appName = "exampleapp" // also the namespace
	appPort = 8080
)

// inventory is the example application in the cluster.
type inventory struct {
	signingKey string
	client     *http.Client
}

// deployInventory runs the example application.
func deployInventory(ctx context.Context) *inventory {
	GinkgoHelper()
	key := make([]byte, 32)
	_, err := rand.Read(key)
	Expect(err).NotTo(HaveOccurred())
	i := &inventory{signingKey: "whsec_" + base64.StdEncoding.EncodeToString(key)}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: appName, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}}}
	Expect(k8s.Create(ctx, ns)).To(Succeed())
	DeferCleanup(func(ctx context.Context) { cleanUp(ctx, ns) })
	for _, o := range []client.Object{i.secret(appName, appName), inventoryDeployment(), inventoryService()} {
		Expect(k8s.Create(ctx, o)).To(Succeed())
	}
	Eventually(func(g Gomega) {
		var d appsv1.Deployment
		g.Expect(k8s.Get(ctx, client.ObjectKey{Namespace: appName, Name: appName}, &d)).To(Succeed())
		g.Expect(d.Status.ReadyReplicas).To(BeEquivalentTo(1))
	}).WithContext(ctx).Should(Succeed())
	i.client = clientOf(serviceAddress(ctx, appName, appName))
	return i
}

// secret is one with the application's signing key.
func (i *inventory) secret(namespace, name string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		StringData: map[string]string{"signingKey": i.signingKey},
	}
}

func inventoryDeployment() *appsv1.Deployment {
	labels := map[string]string{"app": appName}
	yes, no := true, false
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: appName, Name: appName},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					AutomountServiceAccountToken: &no,
					SecurityContext:              &corev1.PodSecurityContext{RunAsNonRoot: &yes, SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
					Containers: []corev1.Container{{
						Name: "inventory", Image: cmp.Or(os.Getenv("EXAMPLEAPP_IMG"), "scim-operator.io/exampleapp:e2e"),
						Command: []string{"/inventory", "--listen=:8080"},
						Env: []corev1.EnvVar{{Name: "SIGNING_KEY", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
							LocalObjectReference: corev1.LocalObjectReference{Name: appName}, Key: "signingKey",
						}}}},
						Ports:           []corev1.ContainerPort{{Name: "http", ContainerPort: appPort}},
						ReadinessProbe:  &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromString("http")}}, PeriodSeconds: 1},
						SecurityContext: &corev1.SecurityContext{AllowPrivilegeEscalation: &no, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}},
					}},
				},
			},
		},
	}
}

func inventoryService() *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: appName, Name: appName},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": appName},
			Ports:    []corev1.ServicePort{{Name: "http", Port: appPort, TargetPort: intstr.FromString("http")}},
		},
	}
}

// call asks the application's own API, as its people would.
func (i *inventory) call(ctx context.Context, method, path string, body, into any) {
	GinkgoHelper()
	text, err := json.Marshal(body)
	Expect(err).NotTo(HaveOccurred())
	req, err := http.NewRequestWithContext(ctx, method, "http://"+appName+path, bytes.NewReader(text))
	Expect(err).NotTo(HaveOccurred())
	res, err := i.client.Do(req)
	Expect(err).NotTo(HaveOccurred())
	defer res.Body.Close()
	Expect(res.StatusCode).To(BeNumerically("<", 300), "%s %s", method, path)
	if into != nil {
		Expect(json.NewDecoder(res.Body).Decode(into)).To(Succeed())
	}
}

// members are what the application has been told.
func (i *inventory) members(ctx context.Context, tenant string) (list []exampleapp.Member) {
	GinkgoHelper()
	i.call(ctx, http.MethodGet, "/api/members/"+tenant, nil, &list)
	return list
}

func (i *inventory) device(ctx context.Context, name string) (exampleapp.Device, bool) {
	GinkgoHelper()
	var all map[string]exampleapp.Device
	i.call(ctx, http.MethodGet, "/api/devices", nil, &all)
	d, ok := all[name]
	return d, ok
}
