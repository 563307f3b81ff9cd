package e2e

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// overlay is config/default with the image under test.
const overlay = `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [%s]
images: [{name: scim-operator.io/scim-operator, newName: %q, newTag: %q}]
`

func install(ctx context.Context) {
	GinkgoHelper()
	kubectl(ctx, "apply", "--server-side", "-k", writeOverlay())
	Eventually(func(g Gomega) {
		var d appsv1.Deployment
		g.Expect(k8s.Get(ctx, client.ObjectKey{Namespace: operatorNamespace, Name: operatorName}, &d)).To(Succeed())
		g.Expect(d.Status.ObservedGeneration).To(Equal(d.Generation))
		g.Expect(d.Status.AvailableReplicas).To(BeNumerically(">=", 1))
	}).Should(Succeed(), "the operator should become available")
}

func uninstall(ctx context.Context) {
	GinkgoHelper()
	kubectl(ctx, "delete", "--ignore-not-found", "--wait", "--timeout=120s", "-k", writeOverlay())
}

func writeOverlay() string {
	GinkgoHelper()
	image := cmp.Or(os.Getenv("IMG"), "scim-operator.io/scim-operator:e2e")
	colon := strings.LastIndex(image, ":")
	Expect(colon).To(BeNumerically(">", strings.LastIndex(image, "/")), "IMG needs a tag: %s", image)

	folder := GinkgoT().TempDir()
	base, err := filepath.Abs("../../config/default")
	Expect(err).NotTo(HaveOccurred())
	base, err = filepath.Rel(folder, base)
	Expect(err).NotTo(HaveOccurred())
	text := fmt.Sprintf(overlay, base, image[:colon], image[colon+1:])
	Expect(os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte(text), 0o600)).To(Succeed())
	return folder
}

func kubectl(ctx context.Context, args ...string) string {
	GinkgoHelper()
	cmd := exec.CommandContext(ctx, cmp.Or(os.Getenv("KUBECTL"), "kubectl"), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	Expect(err).NotTo(HaveOccurred(), "kubectl %s: %s", strings.Join(args, " "), stderr.String())
	return string(out)
}
