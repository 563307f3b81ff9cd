package tenant

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/kubeutil"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// writeStatus derives the status from the pass and writes it once.
func (r *Reconciler) writeStatus(ctx context.Context, p *pass) error {
	t := p.tenant
	if p.serving() != nil {
		t.Status.URL = compile.TenantURL(compile.BaseURL(p.serving(), r.DefaultBaseURL), t)
	}
	t.Status.Move = p.trip
	t.Status.CredentialsSecret = ""
	if p.secret != nil {
		t.Status.CredentialsSecret = p.secret.Name
	}
	if report, ok := p.rollout.Tenant(compile.Key(t)); ok && p.entry != nil {
		fold(&t.Status, report)
		foldMembers(&t.Status, p.entry, report)
	}
	accepted := p.finding.Accepted("The tenant is valid, and its server allows it")
	programmed := p.programmed(accepted)
	for _, c := range []compile.Condition{accepted, programmed, p.ready(accepted, programmed)} {
		kubeutil.SetCondition(t, c)
	}
	setOrRemove(t, v1alpha1.ConditionTokenExpiring, p.expiring)
	setOrRemove(t, v1alpha1.ConditionDelivering, p.delivering)
	if err := kubeutil.PatchStatus(ctx, r.Client, p.before, t); err != nil {
		return err
	}
	kubeutil.RecordTransitions(r.Events, p.before, t, v1alpha1.ConditionAccepted, v1alpha1.ConditionReady, v1alpha1.ConditionDelivering)
	r.tell(p)
	return nil
}

// setOrRemove sets a condition that is not always there.
func setOrRemove(t *v1alpha1.SCIMTenant, kind v1alpha1.ConditionType, derive func() (compile.Condition, bool)) {
	if c, ok := derive(); ok {
		kubeutil.SetCondition(t, c)
	} else {
		kubeutil.RemoveCondition(t, kind)
	}
}

// fold takes over what a server reports. A server that has just started knows no times; those known before stay.
func fold(status *v1alpha1.SCIMTenantStatus, report config.TenantReport) {
	status.Users, status.ActiveUsers, status.Groups = &report.Users, &report.ActiveUsers, &report.Groups
	if report.LastRequest != nil {
		at := metav1.NewTime(*report.LastRequest)
		status.LastRequestTime = &at
	}
	if last := report.LastRejection; last != nil {
		at := metav1.NewTime(last.Time)
		status.LastRejection = &v1alpha1.RejectionStatus{Time: &at, Reason: cut(last.Reason, 256), Detail: cut(last.Detail, 1024)}
	}
}

// cut keeps to the limit of the schema, which counts characters.
func cut(s string, limit int) string {
	runes := []rune(s)
	return string(runes[:min(len(runes), limit)])
}
