package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
)

// printTable says what runs and how to reach it. The token is printed on purpose: it is this machine's own.
func (c *cluster) printTable(ctx context.Context, w io.Writer, data *dataDir) error {
	var tenants v1alpha1.SCIMTenantList
	if err := c.client.List(ctx, &tenants); err != nil {
		return err
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 4, 3, ' ', 0)
	fmt.Fprintln(t, "NAMESPACE\tTENANT\tREADY\tURL")
	for _, tenant := range tenants.Items {
		ready := meta.IsStatusConditionTrue(tenant.Status.Conditions, string(v1alpha1.ConditionReady))
		fmt.Fprintf(t, "%s\t%s\t%t\t%s\n", tenant.Namespace, tenant.Name, ready, tenant.Status.URL)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, tenant := range tenants.Items {
		if err := c.printAccess(ctx, w, tenant); err != nil {
			return err
		}
	}
	fmt.Fprintf(w, "\nKubernetes:  export KUBECONFIG=%s\nkubectl:     %s\nLogs:        %s\nCtrl-C ends everything; the data stay.\n",
		c.kubeconfig, c.kubectl, data.path("log"))
	return nil
}

func (c *cluster) printAccess(ctx context.Context, w io.Writer, tenant v1alpha1.SCIMTenant) error {
	var s corev1.Secret
	key := client.ObjectKey{Namespace: tenant.Namespace, Name: tenant.Status.CredentialsSecret}
	if err := c.client.Get(ctx, key, &s); err != nil {
		return fmt.Errorf("credentials of %s/%s: %w", tenant.Namespace, tenant.Name, err)
	}
	baseURL, token := s.Data[v1alpha1.SecretKeyBaseURL], s.Data[v1alpha1.SecretKeyToken]
	fmt.Fprintf(w, "\n%s/%s\n  Base URL:  %s\n  Token:     %s\n  Try it:    curl -H 'Authorization: Bearer %s' '%s/Users?startIndex=1&count=2'\n",
		tenant.Namespace, tenant.Name, baseURL, token, token, baseURL)
	return nil
}
