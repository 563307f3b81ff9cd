package tenant

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// offboardingLimit is how long the application may take to acknowledge that somebody has left.
const offboardingLimit = 5 * time.Minute

// delivering tells whether changes reach the application. Without one there is nothing to tell.
func (p *pass) delivering() (compile.Condition, bool) {
	c := compile.Condition{Type: v1alpha1.ConditionDelivering, Status: metav1.ConditionFalse}
	if p.entry == nil || p.entry.Application == nil {
		return c, false
	}
	report, ok := p.rollout.Tenant(p.entry.Key)
	if !ok || report.Delivery == nil {
		c.Status, c.Reason, c.Message = metav1.ConditionUnknown, v1alpha1.ReasonPending, "Waiting for the server to report"
		return c, true
	}
	d := report.Delivery
	late, isLate := p.lateOffboarding(d)
	switch {
	case d.BrakeEngaged:
		c.Reason, c.Message = v1alpha1.ReasonBrakeEngaged, p.braked()
	case isLate:
		c.Reason, c.Message = v1alpha1.ReasonOffboardingsDelayed, fmt.Sprintf(
			"The application has not acknowledged a deactivation or removal since %s: somebody who left may still have access there%s", rfc3339(late), because(d.Error))
	case d.Parked > 0:
		c.Reason, c.Message = v1alpha1.ReasonEventsParked, fmt.Sprintf("%d events failed for a day and wait; mend the application, then kubectl scim replay %s -n %s%s",
			d.Parked, p.tenant.Name, p.tenant.Namespace, because(d.Error))
	case d.Error != "" && d.Pending > 0:
		c.Reason, c.Message = v1alpha1.ReasonRetrying, fmt.Sprintf("%d events are to be delivered, and are tried again%s", d.Pending, because(d.Error))
	default:
		c.Status, c.Reason, c.Message = metav1.ConditionTrue, v1alpha1.ReasonDelivering, p.way()
	}
	return c, true
}

// lateOffboarding is when the oldest off-boarding was written, if the application takes too long over it. Otherwise the pass
// comes back when it will.
func (p *pass) lateOffboarding(d *config.DeliveryReport) (time.Time, bool) {
	if d.OldestOffboarding == nil || p.entry.Application.Webhook == nil {
		return time.Time{}, false
	}
	limit := d.OldestOffboarding.Add(offboardingLimit)
	if p.now.Before(limit) {
		p.wakeAt(limit)
		return time.Time{}, false
	}
	return *d.OldestOffboarding, true
}

func (p *pass) braked() string {
	text := "Off-boardings are stopped"
	if b := p.entry.Lifecycle.Brake; b != nil {
		text = fmt.Sprintf("There were more than %d off-boardings within %s; further ones are answered with 503", b.Max, b.Per)
	}
	return fmt.Sprintf("%s. If they are meant: kubectl annotate scimtenant %s -n %s --overwrite %s=$(date +%%s)",
		text, p.tenant.Name, p.tenant.Namespace, v1alpha1.AnnotationReleaseBrake)
}

func (p *pass) way() string {
	w := p.entry.Application.Webhook
	switch {
	case w == nil:
		return "The application reads the member feed"
	case w.Mode == config.Synchronous:
		return "The application answers, and is asked before the identity provider is answered"
	}
	return "Changes reach the application"
}

func because(problem string) string {
	if problem == "" {
		return ""
	}
	return ": " + problem
}

// foldMembers takes over what a server reports of members.
func foldMembers(status *v1alpha1.SCIMTenantStatus, entry *config.Tenant, report config.TenantReport) {
	status.Remapping = nil
	if entry.Application == nil {
		status.Members, status.Delivery = nil, nil
		return
	}
	status.Members = &report.Members
	if d := report.Delivery; d != nil {
		status.Delivery = &v1alpha1.DeliveryStatus{
			Pending: d.Pending, Parked: d.Parked, OldestPendingTime: timeOf(d.OldestPending), OldestOffboardingTime: timeOf(d.OldestOffboarding),
		}
	}
	if m := report.Remap; m != nil {
		status.Remapping = &v1alpha1.RemappingStatus{Done: m.Done, Total: m.Total, StartTime: timeOf(&m.StartedAt)}
	}
}

// timeOf is a time as the API has it: to the second, so that nothing differs that is the same there.
func timeOf(t *time.Time) *metav1.Time {
	if t == nil || t.IsZero() {
		return nil
	}
	at := metav1.NewTime(t.Truncate(time.Second))
	return &at
}
