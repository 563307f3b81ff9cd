package plugin

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/util/exec"
	"k8s.io/streaming/pkg/httpstream"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// Dial reaches the cluster that kubectl would.
func Dial(at Location) (*Cluster, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = at.Kubeconfig
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: at.Context})
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("find the cluster: %w", err)
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return nil, fmt.Errorf("find the namespace: %w", err)
	}
	return Connect(config, namespace)
}

// Connect makes a Cluster of a client's configuration.
func Connect(config *rest.Config, namespace string) (*Cluster, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	c, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("reach the cluster: %w", err)
	}
	return &Cluster{Client: c, Namespace: namespace, Executor: executor{config: config, scheme: scheme}}, nil
}

// executor runs programs by the API server's exec.
type executor struct {
	config *rest.Config
	scheme *runtime.Scheme
}

// Exec implements Executor: over WebSocket, and over SPDY where an API server or a proxy knows no other.
func (e executor) Exec(ctx context.Context, namespace, pod, container string, command []string, streams Streams) error {
	config := rest.CopyConfig(e.config)
	config.APIPath, config.GroupVersion = "/api", &corev1.SchemeGroupVersion
	config.NegotiatedSerializer = serializer.NewCodecFactory(e.scheme).WithoutConversion()
	rc, err := rest.RESTClientFor(config)
	if err != nil {
		return err
	}
	request := rc.Post().Namespace(namespace).Resource("pods").Name(pod).SubResource("exec")
	request = request.SpecificallyVersionedParams(&corev1.PodExecOptions{
		Container: container, Command: command, Stdin: streams.In != nil, Stdout: true, Stderr: true,
	}, runtime.NewParameterCodec(e.scheme), corev1.SchemeGroupVersion)
	ws, err := remotecommand.NewWebSocketExecutor(config, http.MethodGet, request.URL().String())
	if err != nil {
		return err
	}
	spdy, err := remotecommand.NewSPDYExecutor(config, http.MethodPost, request.URL())
	if err != nil {
		return err
	}
	both, err := remotecommand.NewFallbackExecutor(ws, spdy, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	})
	if err != nil {
		return err
	}
	err = both.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: streams.In, Stdout: streams.Out, Stderr: streams.Err})
	if code, ok := errors.AsType[exec.CodeExitError](err); ok {
		return ExitError(code.Code)
	}
	if err != nil {
		return fmt.Errorf("run %s in pod %s/%s: %w", command[2], namespace, pod, err)
	}
	return nil
}

// Transport sends requests as an identity provider does; caFile names further authorities to trust.
func Transport(caFile string) (http.RoundTripper, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	if caFile == "" {
		return t, nil
	}
	data, err := os.ReadFile(caFile)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s has no certificate in PEM", caFile)
	}
	t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return t, nil
}
